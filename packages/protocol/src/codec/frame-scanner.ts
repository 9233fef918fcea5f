// SPDX-License-Identifier: Apache-2.0

/**
 * The gRPC message framing:
 *
 *     frame := compressed:u8 length:u32be message:byte{length}
 */
export const FRAME_HEADER_BYTES = 5;

/**
 * What {@link FrameScanner.next} found. `needMore`: the chunk is used up. `tooLarge`, `compressed` and `badFlag` are
 * final: the stream cannot be read on.
 */
export type FrameEvent = "message" | "needMore" | "tooLarge" | "compressed" | "badFlag";

const EMPTY = new Uint8Array(0);

/** Bytes that a buffer for a message that spans chunks has from the start, if the message is as long. */
const FIRST_CARRY_BYTES = 128 * 1024;
/** A buffer that one large message needed must not be kept for good. */
const MAX_SPARE_BYTES = 1024 * 1024;
const MAX_SPARE_FACTOR = 4;

/** A buffer that some scanner has done with, for the next that needs one: one for the process, not one for each stream. */
let spare: Uint8Array = EMPTY;

/**
 * Splits the chunks of a stream into gRPC messages in place. Only a message that spans chunks is copied, into a buffer
 * that beyond its first 128 KiB grows with what has arrived, not with what the header announces.
 *
 *     scanner.push(chunk);
 *     while (scanner.next() === "message") use(scanner.buffer, scanner.start, scanner.end);
 */
export class FrameScanner {
  /** Where the current message lies: the chunk itself, or a buffer made for a message that spanned chunks. */
  buffer: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** Message length in the last frame header, for error messages. */
  announcedBytes = 0;

  readonly #maxMessageBytes: number;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  #carry: Uint8Array = EMPTY;
  #carryBytes = 0;
  /** The buffer of the last message that spanned chunks. */
  #finished: Uint8Array = EMPTY;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes of a message that has begun and not ended; not 0 at the end of a stream means it was cut off. */
  get pendingBytes(): number {
    return this.#carryBytes;
  }

  /** The chunk pushed last. */
  get chunk(): Uint8Array {
    return this.#chunk;
  }

  /** Where in the chunk the next message begins, or -1 while the rest of one that began before the chunk is missing. */
  get position(): number {
    return this.#carryBytes > 0 ? -1 : this.#position;
  }

  /** Goes on at `position` of the chunk: for a caller that has read the messages before it by itself. */
  skipTo(position: number): void {
    this.#position = position;
  }

  /**
   * Allows the buffer of messages that spanned chunks to be used again. To be called when nothing refers to any message
   * found so far; without it every such message keeps a buffer of its own.
   */
  release(): void {
    const buffer = this.#finished;
    this.#finished = EMPTY;
    if (buffer.length <= spare.length || buffer.length > MAX_SPARE_BYTES) return;
    spare = buffer;
    if (this.buffer === buffer) this.buffer = EMPTY;
  }

  /** Takes the next chunk. The one before must have been read until `needMore`. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#position = 0;
  }

  /** Finds the next message. */
  next(): FrameEvent {
    if (this.#carryBytes > 0) return this.#nextFromCarry();
    const chunk = this.#chunk;
    const position = this.#position;
    const available = chunk.length - position;
    if (available < FRAME_HEADER_BYTES) return this.#stash(available);
    const fault = this.#readHeader(chunk, position);
    if (fault !== undefined) return fault;
    const length = this.announcedBytes;
    if (available - FRAME_HEADER_BYTES < length) return this.#stash(available);
    this.buffer = chunk;
    this.start = position + FRAME_HEADER_BYTES;
    this.end = this.start + length;
    this.#position = this.end;
    return "message";
  }

  #nextFromCarry(): FrameEvent {
    if (this.#carryBytes < FRAME_HEADER_BYTES) {
      if (!this.#fillCarry(FRAME_HEADER_BYTES)) return "needMore";
    }
    const fault = this.#readHeader(this.#carry, 0);
    if (fault !== undefined) return fault;
    const frameBytes = FRAME_HEADER_BYTES + this.announcedBytes;
    if (!this.#fillCarry(frameBytes)) return "needMore";
    this.buffer = this.#carry;
    this.start = FRAME_HEADER_BYTES;
    this.end = frameBytes;
    this.#finished = this.#carry;
    this.#carry = EMPTY;
    this.#carryBytes = 0;
    return "message";
  }

  #readHeader(source: Uint8Array, at: number): FrameEvent | undefined {
    const flag = source[at] as number;
    const length =
      (source[at + 1] as number) * 16_777_216 +
      (((source[at + 2] as number) << 16) |
        ((source[at + 3] as number) << 8) |
        (source[at + 4] as number));
    this.announcedBytes = length;
    if (flag !== 0) return flag === 1 ? "compressed" : "badFlag";
    return length > this.#maxMessageBytes ? "tooLarge" : undefined;
  }

  #stash(available: number): FrameEvent {
    if (available > 0) this.#fillCarry(available);
    return "needMore";
  }

  /** Moves bytes from the chunk until the carry holds `wantedBytes`; false when the chunk ran out first. */
  #fillCarry(wantedBytes: number): boolean {
    const missing = wantedBytes - this.#carryBytes;
    const taken = Math.min(missing, this.#chunk.length - this.#position);
    const needed = this.#carryBytes + taken;
    if (needed > this.#carry.length) this.#growCarry(needed);
    this.#carry.set(this.#chunk.subarray(this.#position, this.#position + taken), this.#carryBytes);
    this.#carryBytes += taken;
    this.#position += taken;
    return taken === missing;
  }

  #growCarry(neededBytes: number): void {
    const before = this.#carry;
    const frameBytes = Math.max(neededBytes, FRAME_HEADER_BYTES + this.announcedBytes);
    // A small message must not hold a large buffer for as long as it is unfinished.
    if (spare.length >= neededBytes && spare.length <= frameBytes * MAX_SPARE_FACTOR) {
      this.#carry = spare;
      spare = EMPTY;
    } else {
      const atOnceBytes = Math.max(FIRST_CARRY_BYTES, before.length * 2);
      this.#carry = Buffer.allocUnsafeSlow(
        Math.max(neededBytes, Math.min(frameBytes, atOnceBytes)),
      );
    }
    this.#carry.set(before.subarray(0, this.#carryBytes));
  }
}
