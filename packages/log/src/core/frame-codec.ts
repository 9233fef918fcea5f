// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import {
  ENTRY_PREFIX_BYTES,
  FRAME_HEADER_BYTES,
  frameBytesOf,
  MAX_POSITION,
  readSafeInteger,
  writeSafeInteger,
} from "./layout.ts";
import { SALT_BYTES } from "./segment-codec.ts";

/*
 * Frame: one group commit. It begins at a multiple of 4096 bytes, the first one right after the
 * segment header, each further one at the next multiple behind its predecessor. Integers are
 * little-endian.
 *
 *   offset  bytes  field
 *        0      4  magic            "SLFR"
 *        4      4  frameOffset      byte offset of this frame in its segment file
 *        8      8  salt             that of the segment
 *       16      8  previousEnd      position at which the frame before this one ends
 *       24      8  startPosition    position at which this frame's payload starts, >= previousEnd
 *       32      4  payloadBytes     >= 1
 *       36      4  payloadCrc       CRC-32 of the payload, started from the CRC-32 of bytes 0 to 35
 *       40      4  entryCount       >= 1
 *       44      4  headerCrc        CRC-32 of bytes 0 to 43
 *       48         payload, then zeros to the next multiple of 4096
 *
 * Payload: entries without gaps, each a 4-byte length and as many bytes. An entry's position is
 * startPosition plus the number of payload bytes up to and including its last one. Headers and
 * padding do not count, so the payloads of successive frames are contiguous in position, except
 * where startPosition says that positions were skipped.
 *
 * The salt is known to nobody who can append, and the offset of a frame is part of it: neither a
 * stale frame of a reused file, nor a copy of a frame elsewhere, nor bytes crafted inside an entry
 * decode as a frame.
 */

/** A frame header without its checksums. */
export interface FrameHeader {
  readonly frameOffset: number;
  readonly previousEnd: number;
  readonly startPosition: number;
  readonly payloadBytes: number;
  readonly entryCount: number;
}

/** A frame header as read, with the checksum that its payload must have. */
export interface DecodedFrameHeader extends FrameHeader {
  readonly payloadCrc: number;
}

const MAGIC = 0x52_46_4c_53;
const SALT_OFFSET = 8;
const PAYLOAD_CRC_OFFSET = 36;
const HEADER_CRC_OFFSET = 44;

/**
 * Writes the header of a frame whose payload is already in place.
 *
 * @param parts - The frame in order; the first part begins with the header's 48 bytes, and
 * `payloadBytes` payload bytes follow, possibly with padding behind.
 */
export function sealFrame(
  parts: readonly Uint8Array[],
  header: FrameHeader,
  salt: Uint8Array,
): void {
  const first = parts[0];
  if (first === undefined || first.byteLength < FRAME_HEADER_BYTES) {
    throw new RangeError("the first part of a frame must hold its header");
  }
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, header.frameOffset, true);
  first.set(salt, SALT_OFFSET);
  writeSafeInteger(view, 16, header.previousEnd);
  writeSafeInteger(view, 24, header.startPosition);
  view.setUint32(32, header.payloadBytes, true);
  let remaining = header.payloadBytes;
  let crc = crc32(first.subarray(0, PAYLOAD_CRC_OFFSET));
  let from = FRAME_HEADER_BYTES;
  for (const part of parts) {
    const to = Math.min(part.byteLength, from + remaining);
    crc = crc32(part.subarray(from, to), crc);
    remaining -= to - from;
    from = 0;
  }
  if (remaining !== 0) throw new RangeError("the parts of a frame are shorter than its payload");
  view.setUint32(PAYLOAD_CRC_OFFSET, crc, true);
  view.setUint32(40, header.entryCount, true);
  view.setUint32(HEADER_CRC_OFFSET, crc32(first.subarray(0, HEADER_CRC_OFFSET)), true);
}

/**
 * Decodes the frame header at `byteOffset` of `bytes`.
 *
 * @param frameOffset - Where in the segment those bytes were read; part of what is checked.
 * @param segmentBytes - Length of the segment; a frame that passes its end is none.
 * @returns undefined when no frame of this segment was begun there.
 */
export function decodeFrameHeader(
  bytes: Uint8Array,
  byteOffset: number,
  frameOffset: number,
  salt: Uint8Array,
  segmentBytes: number,
): DecodedFrameHeader | undefined {
  if (byteOffset + FRAME_HEADER_BYTES > bytes.byteLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== frameOffset) {
    return undefined;
  }
  for (let index = 0; index < SALT_BYTES; index += 1) {
    if (bytes[byteOffset + SALT_OFFSET + index] !== salt[index]) return undefined;
  }
  const headerCrc = crc32(bytes.subarray(byteOffset, byteOffset + HEADER_CRC_OFFSET));
  if (view.getUint32(HEADER_CRC_OFFSET, true) !== headerCrc) return undefined;
  const header = {
    frameOffset,
    previousEnd: readSafeInteger(view, 16),
    startPosition: readSafeInteger(view, 24),
    payloadBytes: view.getUint32(32, true),
    payloadCrc: view.getUint32(PAYLOAD_CRC_OFFSET, true),
    entryCount: view.getUint32(40, true),
  };
  const plausible =
    header.payloadBytes > 0 &&
    header.entryCount > 0 &&
    header.startPosition >= header.previousEnd &&
    header.startPosition + header.payloadBytes <= MAX_POSITION &&
    frameOffset + frameBytesOf(header.payloadBytes) <= segmentBytes;
  return plausible ? header : undefined;
}

/** Whether the payload of the frame at `byteOffset` of `bytes` is the one its header describes. */
export function isPayloadIntact(
  bytes: Uint8Array,
  byteOffset: number,
  header: DecodedFrameHeader,
): boolean {
  const payloadOffset = byteOffset + FRAME_HEADER_BYTES;
  const seed = crc32(bytes.subarray(byteOffset, byteOffset + PAYLOAD_CRC_OFFSET));
  const payload = bytes.subarray(payloadOffset, payloadOffset + header.payloadBytes);
  return payload.byteLength === header.payloadBytes && crc32(payload, seed) === header.payloadCrc;
}

/**
 * Length of the entry that begins at `byteOffset` of a payload.
 *
 * @returns undefined when no whole entry is there.
 */
export function entryBytesAt(payload: Uint8Array, byteOffset: number): number | undefined {
  const start = byteOffset + ENTRY_PREFIX_BYTES;
  if (start > payload.byteLength) return undefined;
  const entryBytes =
    ((payload[byteOffset] ?? 0) |
      ((payload[byteOffset + 1] ?? 0) << 8) |
      ((payload[byteOffset + 2] ?? 0) << 16) |
      ((payload[byteOffset + 3] ?? 0) << 24)) >>>
    0;
  return start + entryBytes <= payload.byteLength ? entryBytes : undefined;
}
