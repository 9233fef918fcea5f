// SPDX-License-Identifier: Apache-2.0
import {
  batchRecordBytes,
  MAX_INGEST_HEADER_BYTES,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
} from "@sluice/protocol";
import type { EncodedRecords } from "./record-encoding.ts";

const DEFAULT_CHUNK_BYTES = 256 * 1024;

export interface ChunkTemplatesOptions {
  readonly encoded: EncodedRecords;
  /** Records in a message, 1 for single-record messages; the number of records is a multiple of it. @default 1 */
  readonly batchSize?: number;
  /** Bytes of messages in a chunk, if a message is not larger by itself. @default 256 KiB */
  readonly chunkBytes?: number | undefined;
}

/** A chunk with messages, and where in it the offset of each message stands. */
interface Chunk {
  readonly bytes: Buffer;
  readonly offsetPositions: readonly number[];
}

/**
 * The records cut into chunks of framed messages that are written once for each length of offset on the wire: to use one
 * costs a copy and the offsets, whatever the records are. Shared by the streams of a process.
 */
export class ChunkTemplates {
  /** The first record of each chunk, and behind them the number of records. */
  readonly #bounds: number[] = [0];
  readonly #encoded: EncodedRecords;
  readonly #batchSize: number;
  readonly #templates = new Map<string, Chunk>();

  constructor({ encoded, batchSize = 1, chunkBytes = DEFAULT_CHUNK_BYTES }: ChunkTemplatesOptions) {
    const recordCount = encoded.records.length;
    if (recordCount % batchSize !== 0) {
      throw new RangeError(`${recordCount} records cannot be cut into batches of ${batchSize}`);
    }
    this.#encoded = encoded;
    this.#batchSize = batchSize;
    let chunkLength = 0;
    for (let first = 0; first < recordCount; first += batchSize) {
      const messageBytes = this.#messageBytes(first, batchSize);
      if (chunkLength > 0 && chunkLength + messageBytes > chunkBytes) {
        this.#bounds.push(first);
        chunkLength = 0;
      }
      chunkLength += messageBytes;
    }
    this.#bounds.push(recordCount);
  }

  get chunkCount(): number {
    return this.#bounds.length - 1;
  }

  recordCountOf(chunkIndex: number): number {
    return this.#boundOf(chunkIndex + 1) - this.#boundOf(chunkIndex);
  }

  /** Messages that so many records make. */
  messageCountOf(recordCount: number): number {
    return Math.ceil(recordCount / this.#batchSize);
  }

  /** The first `recordCount` records of a chunk, in messages numbered from `firstOffset`. */
  make(chunkIndex: number, recordCount: number, firstOffset: number): Buffer {
    const width = varintBytes(firstOffset);
    const lastOffset = firstOffset + this.messageCountOf(recordCount) - 1;
    const isWhole = recordCount === this.recordCountOf(chunkIndex);
    if (!isWhole || varintBytes(lastOffset) !== width) {
      return this.#write(chunkIndex, recordCount, firstOffset).bytes;
    }
    const { bytes, offsetPositions } = this.#template(chunkIndex, width);
    const copy = Buffer.allocUnsafe(bytes.length);
    bytes.copy(copy);
    let offset = firstOffset;
    for (const position of offsetPositions) writeOffset(copy, position, width, offset++);
    return copy;
  }

  #template(chunkIndex: number, width: number): Chunk {
    const key = `${chunkIndex} ${width}`;
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    const smallestOffset = width === 1 ? 0 : 128 ** (width - 1);
    const chunk = this.#write(chunkIndex, this.recordCountOf(chunkIndex), smallestOffset);
    this.#templates.set(key, chunk);
    return chunk;
  }

  #write(chunkIndex: number, recordCount: number, firstOffset: number): Chunk {
    const first = this.#boundOf(chunkIndex);
    const end = first + recordCount;
    const bytes = Buffer.allocUnsafe(
      this.#messageBytes(first, recordCount) + recordCount * MAX_INGEST_HEADER_BYTES,
    );
    const offsetPositions: number[] = [];
    let position = 0;
    let offset = firstOffset;
    for (let record = first; record < end; record += this.#batchSize) {
      const count = Math.min(this.#batchSize, end - record);
      const [payloadAt, next] = this.#writeMessage(bytes, position, offset, record, count);
      offsetPositions.push(payloadAt - varintBytes(offset));
      position = next;
      offset++;
    }
    return { bytes: bytes.subarray(0, position), offsetPositions };
  }

  /** @returns where the tag behind the offset stands, and where the message ends. */
  #writeMessage(
    target: Buffer,
    position: number,
    offset: number,
    first: number,
    count: number,
  ): [payloadAt: number, end: number] {
    const { format } = this.#encoded;
    if (this.#batchSize === 1) {
      const record = this.#record(first);
      const at = writeRecordHeader(target, position, offset, format, record.length);
      record.copy(target, at);
      return [at - varintBytes(record.length) - 1, at + record.length];
    }
    let payloadBytes = 0;
    for (let index = first; index < first + count; index++) {
      payloadBytes += batchRecordBytes(this.#record(index).length);
    }
    let at = writeBatchHeader(target, position, offset, format, payloadBytes);
    const payloadAt = at - varintBytes(payloadBytes) - 1;
    for (let index = first; index < first + count; index++) {
      const record = this.#record(index);
      at = writeBatchRecordHeader(target, at, record.length);
      record.copy(target, at);
      at += record.length;
    }
    return [payloadAt, at];
  }

  /** At most so many bytes in a message. */
  #messageBytes(first: number, count: number): number {
    let total = MAX_INGEST_HEADER_BYTES;
    for (let index = first; index < first + count; index++) {
      total += batchRecordBytes(this.#record(index).length);
    }
    return total;
  }

  #record(index: number): Buffer {
    return this.#encoded.records[index] as Buffer;
  }

  #boundOf(chunkIndex: number): number {
    return this.#bounds[chunkIndex] as number;
  }
}

/** Bytes of a varint. */
function varintBytes(value: number): number {
  let byteLength = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) byteLength++;
  return byteLength;
}

/** Writes a varint that takes exactly `width` bytes; offsets are below 2^31. */
function writeOffset(target: Buffer, position: number, width: number, offset: number): void {
  let rest = offset;
  for (let index = 0; index < width - 1; index++) {
    target[position + index] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[position + width - 1] = rest;
}
