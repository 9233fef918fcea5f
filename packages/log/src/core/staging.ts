// SPDX-License-Identifier: Apache-2.0
import {
  alignUp,
  ENTRY_PREFIX_BYTES,
  FRAME_HEADER_BYTES,
  frameBytesOf,
  SEGMENT_HEADER_AREA_BYTES,
} from "./layout.ts";

/**
 * Bytes of a staging chunk. A multiple of the alignment, so that only the last chunk of a group
 * needs padding.
 */
export const CHUNK_BYTES: number = 1024 * 1024;

const BYTE_LOOP_BELOW_BYTES = 48;

/** Entries that become durable together: the frame they will be and where it goes. */
export interface Group {
  readonly segmentIndex: number;
  readonly frameOffset: number;
  readonly previousEnd: number;
  readonly startPosition: number;
  readonly payloadBytes: number;
  readonly entryCount: number;
}

interface MutableGroup {
  segmentIndex: number;
  frameOffset: number;
  previousEnd: number;
  startPosition: number;
  payloadBytes: number;
  entryCount: number;
  /** Filled in order, each whole but the last. */
  chunks: Uint8Array[];
  /** Bytes used of the last chunk. */
  lastChunkBytes: number;
}

/**
 * Copies entries into chunks, groups them, and decides which segment each goes to.
 *
 * Invariants: groups leave in the order of their positions; the payloads of groups are contiguous
 * in position except for the first of a start; all groups of a segment fit into it; no group
 * changes once it was taken or the next segment was begun.
 */
export class Staging {
  readonly #segmentBytes: number;
  readonly #maxPooledChunkCount: number;
  readonly #pool: Uint8Array[] = [];
  readonly #sealed: MutableGroup[] = [];
  #filling: MutableGroup | undefined;
  #segmentIndex: number;
  #frameOffset = SEGMENT_HEADER_AREA_BYTES;
  #previousEnd: number;
  #nextPosition: number;
  #stagedBytes = 0;

  constructor(start: {
    readonly segmentBytes: number;
    readonly segmentIndex: number;
    /** Position at which the last frame of the log ends. */
    readonly previousEnd: number;
    /** Position at which the first group starts. */
    readonly nextPosition: number;
    /** Memory kept for reuse when nothing is staged. */
    readonly maxPooledBytes: number;
  }) {
    this.#segmentBytes = start.segmentBytes;
    this.#segmentIndex = start.segmentIndex;
    this.#previousEnd = start.previousEnd;
    this.#nextPosition = start.nextPosition;
    this.#maxPooledChunkCount = Math.ceil(start.maxPooledBytes / CHUNK_BYTES) + 1;
  }

  get nextPosition(): number {
    return this.#nextPosition;
  }

  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  get segmentIndex(): number {
    return this.#segmentIndex;
  }

  get isEmpty(): boolean {
    return this.#filling === undefined && this.#sealed.length === 0;
  }

  /**
   * Begins the next segment unless the current one has room for `payloadBytes` more, prefixes
   * included. The caller has checked that an empty segment has.
   */
  makeRoom(payloadBytes: number): void {
    const filledBytes = this.#filling === undefined ? 0 : this.#filling.payloadBytes;
    const end = this.#frameOffset + frameBytesOf(filledBytes + payloadBytes);
    if (end <= this.#segmentBytes) return;
    this.#seal();
    this.#segmentIndex += 1;
    this.#frameOffset = SEGMENT_HEADER_AREA_BYTES;
  }

  /** Starts an entry of `entryBytes` bytes; {@link write} must follow for exactly as many. */
  beginEntry(entryBytes: number): void {
    this.makeRoom(ENTRY_PREFIX_BYTES + entryBytes);
    const group = this.#filling ?? this.#startGroup();
    group.entryCount += 1;
    group.payloadBytes += ENTRY_PREFIX_BYTES + entryBytes;
    this.#nextPosition += ENTRY_PREFIX_BYTES + entryBytes;
    this.#stagedBytes += ENTRY_PREFIX_BYTES + entryBytes;
    let chunk = this.#lastChunk(group);
    for (let shift = 0; shift < 32; shift += 8) {
      if (group.lastChunkBytes === CHUNK_BYTES) chunk = this.#addChunk(group);
      chunk[group.lastChunkBytes] = (entryBytes >>> shift) & 0xff;
      group.lastChunkBytes += 1;
    }
  }

  /** Copies bytes of the entry that was begun. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const group = this.#filling;
    if (group === undefined) throw new RangeError("no entry was begun");
    let from = start;
    while (from < end) {
      const chunk =
        group.lastChunkBytes === CHUNK_BYTES ? this.#addChunk(group) : this.#lastChunk(group);
      const to = Math.min(end, from + CHUNK_BYTES - group.lastChunkBytes);
      copyBytes(bytes, from, to, chunk, group.lastChunkBytes);
      group.lastChunkBytes += to - from;
      from = to;
    }
  }

  /** Takes the oldest group; it can no longer change. Undefined when nothing waits. */
  take(): Group | undefined {
    if (this.#sealed.length === 0) this.#seal();
    return this.#sealed.shift();
  }

  /** The frame of a taken group: whole aligned parts, the header's bytes not yet written. */
  partsOf(group: Group): Uint8Array[] {
    const { chunks, lastChunkBytes } = group as MutableGroup;
    const last = chunks.at(-1);
    if (last === undefined) throw new RangeError("a group has at least one chunk");
    const paddedBytes = alignUp(lastChunkBytes);
    // A pooled chunk holds the bytes of an earlier group.
    last.fill(0, lastChunkBytes, paddedBytes);
    return [...chunks.slice(0, -1), last.subarray(0, paddedBytes)];
  }

  /** Gives back the memory of a taken group, which is durable now. */
  release(group: Group): void {
    this.#stagedBytes -= group.payloadBytes;
    for (const chunk of (group as MutableGroup).chunks) {
      if (this.#pool.length >= this.#maxPooledChunkCount) break;
      this.#pool.push(chunk);
    }
  }

  /** Forgets everything that waits, when it can never become durable. */
  discard(): void {
    this.#filling = undefined;
    this.#sealed.length = 0;
    this.#pool.length = 0;
  }

  #seal(): void {
    const group = this.#filling;
    if (group === undefined) return;
    this.#filling = undefined;
    this.#sealed.push(group);
    this.#frameOffset += frameBytesOf(group.payloadBytes);
    this.#previousEnd = group.startPosition + group.payloadBytes;
  }

  #startGroup(): MutableGroup {
    const group: MutableGroup = {
      segmentIndex: this.#segmentIndex,
      frameOffset: this.#frameOffset,
      previousEnd: this.#previousEnd,
      startPosition: this.#nextPosition,
      payloadBytes: 0,
      entryCount: 0,
      chunks: [this.#obtainChunk()],
      lastChunkBytes: FRAME_HEADER_BYTES,
    };
    this.#filling = group;
    return group;
  }

  #lastChunk(group: MutableGroup): Uint8Array {
    return group.chunks[group.chunks.length - 1] ?? this.#addChunk(group);
  }

  #addChunk(group: MutableGroup): Uint8Array {
    const chunk = this.#obtainChunk();
    group.chunks.push(chunk);
    group.lastChunkBytes = 0;
    return chunk;
  }

  #obtainChunk(): Uint8Array {
    return this.#pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }
}

function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
): void {
  if (end - start >= BYTE_LOOP_BELOW_BYTES) {
    target.set(source.subarray(start, end), targetStart);
    return;
  }
  const shift = targetStart - start;
  for (let index = start; index < end; index += 1) target[index + shift] = source[index] as number;
}
