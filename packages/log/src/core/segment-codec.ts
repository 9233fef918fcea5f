// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import { readSafeInteger, SEGMENT_HEADER_AREA_BYTES, writeSafeInteger } from "./layout.ts";

/*
 * Segment header: the first 4096 bytes of a segment file. Integers are little-endian.
 *
 *   offset  bytes  field
 *        0      8  magic            "SLUICLOG"
 *        8      4  formatVersion    1
 *       12      4  reserved         0
 *       16     16  logId            UUID made with the log
 *       32      8  segmentIndex     number of the segment, counted from 0
 *       40      8  salt             random, new each time a file becomes a segment
 *       48      8  segmentBytes     length of the file
 *       56      4  reserved         0
 *       60      4  crc              CRC-32 of bytes 0 to 59
 *       64         zeros to 4096
 *
 * The header is written and synced before the file gets the name of a segment, and never again
 * under that name. A segment whose header does not decode is therefore damaged, not torn.
 */

/** Format version this code writes and reads. */
export const FORMAT_VERSION: number = 1;

/** Bytes of the salt of a segment. */
export const SALT_BYTES: number = 8;

const MAGIC = new Uint8Array([0x53, 0x4c, 0x55, 0x49, 0x43, 0x4c, 0x4f, 0x47]);
const CRC_OFFSET = 60;
const LOG_ID_OFFSET = 16;
const LOG_ID_BYTES = 16;
const SALT_OFFSET = 40;

/** What a segment says about itself. */
export interface SegmentHeader {
  /** UUID in its textual form, lower case. */
  readonly logId: string;
  readonly segmentIndex: number;
  readonly salt: Uint8Array;
  readonly segmentBytes: number;
}

/** Result of {@link decodeSegmentHeader}. */
export type DecodedSegmentHeader =
  | { readonly kind: "valid"; readonly header: SegmentHeader }
  | { readonly kind: "unsupported"; readonly formatVersion: number }
  | { readonly kind: "invalid" };

/** Encodes a header, padded to the area it occupies in the file. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_AREA_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(8, FORMAT_VERSION, true);
  bytes.set(Buffer.from(header.logId.replaceAll("-", ""), "hex"), LOG_ID_OFFSET);
  writeSafeInteger(view, 32, header.segmentIndex);
  bytes.set(header.salt, SALT_OFFSET);
  writeSafeInteger(view, 48, header.segmentBytes);
  view.setUint32(CRC_OFFSET, crc32(bytes.subarray(0, CRC_OFFSET)), true);
  return bytes;
}

/** Decodes the first bytes of a segment file. */
export function decodeSegmentHeader(bytes: Uint8Array): DecodedSegmentHeader {
  if (bytes.byteLength < SEGMENT_HEADER_AREA_BYTES) return { kind: "invalid" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < MAGIC.length; index += 1) {
    if (bytes[index] !== MAGIC[index]) return { kind: "invalid" };
  }
  if (view.getUint32(CRC_OFFSET, true) !== crc32(bytes.subarray(0, CRC_OFFSET))) {
    return { kind: "invalid" };
  }
  const formatVersion = view.getUint32(8, true);
  if (formatVersion !== FORMAT_VERSION) return { kind: "unsupported", formatVersion };
  const hex = Buffer.from(bytes.subarray(LOG_ID_OFFSET, LOG_ID_OFFSET + LOG_ID_BYTES)).toString(
    "hex",
  );
  return {
    kind: "valid",
    header: {
      logId: [
        hex.slice(0, 8),
        hex.slice(8, 12),
        hex.slice(12, 16),
        hex.slice(16, 20),
        hex.slice(20),
      ].join("-"),
      segmentIndex: readSafeInteger(view, 32),
      salt: bytes.slice(SALT_OFFSET, SALT_OFFSET + SALT_BYTES),
      segmentBytes: readSafeInteger(view, 48),
    },
  };
}
