// SPDX-License-Identifier: Apache-2.0

/** Bytes of an ordinary chunk. A record that does not fit gets a chunk of its own. */
export const CHUNK_BYTES = 131_072;

/** Chunks kept for reuse per pool. */
const MAX_POOLED_CHUNKS = 64;

/**
 * A piece of memory that holds payloads until they are acknowledged and, when they were framed into it, is handed to
 * the socket as it is. `writtenBytes` and everything in front of it never change again.
 */
export class Chunk {
  readonly bytes: Buffer;
  usedBytes = 0;
  /** How much was handed to the socket. */
  writtenBytes = 0;
  /** Offset behind the last entry framed into this chunk. */
  endOffset = 0;
  /** Unacknowledged entries whose payload lies here. */
  liveEntries = 0;
  /** Writes the socket has not confirmed. */
  pendingWrites = 0;
  /** Still being filled. */
  open = true;
  /** A write of it failed: the socket may hold on to the memory, so it must not be used again. */
  tainted = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get freeBytes(): number {
    return this.bytes.length - this.usedBytes;
  }
}

/** Reuses the memory of chunks that nobody needs any more. */
export class ChunkPool {
  readonly #free: Chunk[] = [];

  take(minBytes: number): Chunk {
    if (minBytes > CHUNK_BYTES) return new Chunk(Buffer.allocUnsafeSlow(minBytes));
    return this.#free.pop() ?? new Chunk(Buffer.allocUnsafeSlow(CHUNK_BYTES));
  }

  /** Takes a chunk back when neither entries nor the socket nor a writer need it. */
  reclaim(chunk: Chunk): void {
    const needed = chunk.open || chunk.liveEntries > 0 || chunk.pendingWrites > 0;
    if (needed || chunk.tainted || chunk.bytes.length !== CHUNK_BYTES) return;
    if (chunk.usedBytes === 0 || this.#free.length >= MAX_POOLED_CHUNKS) return;
    chunk.usedBytes = 0;
    chunk.writtenBytes = 0;
    chunk.endOffset = 0;
    chunk.open = true;
    this.#free.push(chunk);
  }
}
