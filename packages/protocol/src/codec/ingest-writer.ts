// SPDX-License-Identifier: Apache-2.0
import { FRAME_HEADER_BYTES } from "./frame-scanner.ts";
import { varintByteLength, writeVarint } from "./wire.ts";

/** Formats a client can send. */
export type WritableFormat = "proto" | "json";

const TAG_INGEST_RECORD = 0x12;
const TAG_INGEST_RECORD_BATCH = 0x1a;
const TAG_OFFSET_ID = 0x08;
const TAG_BATCH_RECORD = 0x0a;

/** Bytes of the largest header in front of a record or batch: frame, two tags with lengths, tag with offset. */
export const MAX_INGEST_HEADER_BYTES: number = FRAME_HEADER_BYTES + (1 + 5) + (1 + 8) + (1 + 5);

/**
 * Writes everything of a framed `ingest_record` message that stands in front of the record, for a record of
 * `payloadBytes`. The target needs {@link MAX_INGEST_HEADER_BYTES} of room.
 * @returns where the record is to be written.
 */
export function writeRecordHeader(
  target: Uint8Array,
  at: number,
  offsetId: number,
  format: WritableFormat,
  payloadBytes: number,
): number {
  return writeHeader(target, at, TAG_INGEST_RECORD, offsetId, format, payloadBytes);
}

/**
 * As {@link writeRecordHeader}, for `ingest_record_batch`; `payloadBytes` is the sum of {@link batchRecordBytes} of
 * its records.
 */
export function writeBatchHeader(
  target: Uint8Array,
  at: number,
  offsetId: number,
  format: WritableFormat,
  payloadBytes: number,
): number {
  return writeHeader(target, at, TAG_INGEST_RECORD_BATCH, offsetId, format, payloadBytes);
}

/** Bytes that a record of `recordBytes` takes inside of a batch. */
export function batchRecordBytes(recordBytes: number): number {
  return 1 + varintByteLength(recordBytes) + recordBytes;
}

/** Writes what stands in front of a record inside of a batch; returns where the record is to be written. */
export function writeBatchRecordHeader(
  target: Uint8Array,
  at: number,
  recordBytes: number,
): number {
  target[at] = TAG_BATCH_RECORD;
  return writeVarint(target, at + 1, recordBytes);
}

function writeHeader(
  target: Uint8Array,
  at: number,
  tag: number,
  offsetId: number,
  format: WritableFormat,
  payloadBytes: number,
): number {
  const innerBytes =
    1 + varintByteLength(offsetId) + 1 + varintByteLength(payloadBytes) + payloadBytes;
  const messageBytes = 1 + varintByteLength(innerBytes) + innerBytes;
  target[at] = 0;
  target[at + 1] = messageBytes >>> 24;
  target[at + 2] = messageBytes >>> 16;
  target[at + 3] = messageBytes >>> 8;
  target[at + 4] = messageBytes;
  target[at + FRAME_HEADER_BYTES] = tag;
  let position = writeVarint(target, at + FRAME_HEADER_BYTES + 1, innerBytes);
  target[position++] = TAG_OFFSET_ID;
  position = writeVarint(target, position, offsetId);
  target[position++] = format === "proto" ? 0x12 : 0x1a;
  return writeVarint(target, position, payloadBytes);
}
