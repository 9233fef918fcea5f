// SPDX-License-Identifier: Apache-2.0
import { FRAME_HEADER_BYTES } from "./frame-scanner.ts";
import type { RecordFormat } from "./record-type.ts";

const TAG_INGEST_RECORD = 0x12;
const TAG_OFFSET_ID = 0x08;
const TAG_BY_FORMAT: Readonly<Record<RecordFormat, number>> = {
  proto: 0x12,
  json: 0x1a,
  avro: 0x22,
};
/** Bytes of the longest varint that a length in a frame can be. */
const MAX_LENGTH_BYTES = 4;
/** Offsets of more bits are left to `IngestReader`. */
const MAX_OFFSET_BYTES = 7;

/**
 * Reads frames that hold one record each, in the layout that encoders produce:
 *
 *     frame  := 0 length:u32be 0x12 varint(length of ingest) ingest
 *     ingest := 0x08 varint(offset) tag(format) varint(length of record) record
 *
 * One straight path for what nearly every frame is. It says nothing about other frames: those are for `FrameScanner` and
 * `IngestReader`.
 */
export class RecordFrameReader {
  /** The record found last lies in `[start, end)`; its frame ends there too. */
  start = 0;
  end = 0;
  readonly #formatTag: number;
  readonly #maxMessageBytes: number;

  constructor(format: RecordFormat, maxMessageBytes: number) {
    this.#formatTag = TAG_BY_FORMAT[format];
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Whether a whole frame of this layout begins at `position` of the chunk and has the offset `offsetId`.
   */
  read(chunk: Uint8Array, position: number, offsetId: number): boolean {
    let at = position + FRAME_HEADER_BYTES;
    if (at + 2 > chunk.length) return false;
    const length =
      ((chunk[position + 1] as number) << 24) |
      ((chunk[position + 2] as number) << 16) |
      ((chunk[position + 3] as number) << 8) |
      (chunk[position + 4] as number);
    const end = at + length;
    const isWhole =
      chunk[position] === 0 && length > 0 && length <= this.#maxMessageBytes && end <= chunk.length;
    if (!isWhole || chunk[at] !== TAG_INGEST_RECORD) return false;
    at = lengthEnd(chunk, at + 1, end);
    if (at < 0 || chunk[at] !== TAG_OFFSET_ID) return false;
    at = offsetEnd(chunk, at + 1, end, offsetId);
    if (at < 0 || chunk[at] !== this.#formatTag) return false;
    at = lengthEnd(chunk, at + 1, end);
    if (at < 0) return false;
    this.start = at;
    this.end = end;
    return true;
  }
}

/** Where the length at `position` ends, if it is that of all the bytes from there to `end`; -1 if not. */
function lengthEnd(chunk: Uint8Array, position: number, end: number): number {
  let value = 0;
  for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
    const at = position + index;
    if (at >= end) return -1;
    const byte = chunk[at] as number;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value === end - at - 1 ? at + 1 : -1;
  }
  return -1;
}

/** Where the varint at `position` ends, if it is `expected` and something follows; -1 if not. */
function offsetEnd(chunk: Uint8Array, position: number, end: number, expected: number): number {
  let rest = expected;
  for (let index = 0; index < MAX_OFFSET_BYTES; index++) {
    const at = position + index;
    if (at >= end - 1) return -1;
    const byte = chunk[at] as number;
    if (rest < 0x80) return byte === rest ? at + 1 : -1;
    if (byte !== ((rest & 0x7f) | 0x80)) return -1;
    rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 128);
  }
  return -1;
}
