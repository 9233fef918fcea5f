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

export interface MessageWriterOptions {
  /** Repeated without end. */
  readonly encoded: EncodedRecords;
  /** Records in a message, 1 for single-record messages. @default 1 */
  readonly batchSize?: number;
  /** Bytes of messages in a chunk, if a message is not larger by itself. @default 256 KiB */
  readonly chunkBytes?: number | undefined;
}

/** Writes the messages of one stream, many to a chunk: what a client costs at the least. */
export class MessageWriter {
  /** Records written so far. */
  recordCount = 0;
  /** Messages written so far; the offset of the next one. */
  offset = 0;
  readonly #encoded: EncodedRecords;
  readonly #batchSize: number;
  readonly #chunkBytes: number;

  constructor({ encoded, batchSize = 1, chunkBytes = DEFAULT_CHUNK_BYTES }: MessageWriterOptions) {
    const largestMessage = MAX_INGEST_HEADER_BYTES + batchRecordBytes(encoded.maxBytes) * batchSize;
    this.#encoded = encoded;
    this.#batchSize = batchSize;
    this.#chunkBytes = Math.max(chunkBytes, largestMessage);
  }

  /** As many messages as fit into a chunk; none beyond `recordLimit` records in all. */
  nextChunk(recordLimit: number): Buffer {
    const chunk = Buffer.allocUnsafe(this.#chunkBytes);
    let position = 0;
    while (this.recordCount < recordLimit) {
      const next =
        this.#batchSize === 1
          ? this.#writeSingle(chunk, position)
          : this.#writeBatch(chunk, position, recordLimit);
      if (next === undefined) break;
      position = next;
      this.offset++;
    }
    return chunk.subarray(0, position);
  }

  #writeSingle(chunk: Buffer, position: number): number | undefined {
    const record = this.#record(this.recordCount);
    if (position + MAX_INGEST_HEADER_BYTES + record.length > chunk.length) return undefined;
    const at = writeRecordHeader(chunk, position, this.offset, this.#encoded.format, record.length);
    record.copy(chunk, at);
    this.recordCount++;
    return at + record.length;
  }

  #writeBatch(chunk: Buffer, position: number, recordLimit: number): number | undefined {
    const { format } = this.#encoded;
    const count = Math.min(this.#batchSize, recordLimit - this.recordCount);
    let payloadBytes = 0;
    for (let index = 0; index < count; index++) {
      payloadBytes += batchRecordBytes(this.#record(this.recordCount + index).length);
    }
    if (position + MAX_INGEST_HEADER_BYTES + payloadBytes > chunk.length) return undefined;
    let at = writeBatchHeader(chunk, position, this.offset, format, payloadBytes);
    for (let index = 0; index < count; index++) {
      const record = this.#record(this.recordCount + index);
      at = writeBatchRecordHeader(chunk, at, record.length);
      record.copy(chunk, at);
      at += record.length;
    }
    this.recordCount += count;
    return at;
  }

  #record(index: number): Buffer {
    const { records } = this.#encoded;
    return records[index % records.length] as Buffer;
  }
}
