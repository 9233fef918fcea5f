// SPDX-License-Identifier: Apache-2.0

/**
 * Frames and the segment header begin at multiples of this many bytes. It is the page of the page
 * cache and the physical sector of current disks, so that writing a frame never rewrites a sector
 * that already holds durable data.
 */
export const ALIGNMENT_BYTES: number = 4096;

/** Bytes at the start of a segment that are not available to frames. */
export const SEGMENT_HEADER_AREA_BYTES: number = ALIGNMENT_BYTES;

/** Bytes of a frame before its payload. */
export const FRAME_HEADER_BYTES: number = 48;

/** Bytes of the length prefix of an entry. */
export const ENTRY_PREFIX_BYTES: number = 4;

/** The end of positions: an entry that would pass it is refused. */
export const MAX_POSITION: number = Number.MAX_SAFE_INTEGER;

/** Rounds up to the next multiple of {@link ALIGNMENT_BYTES}. */
export function alignUp(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** Bytes that a frame with this payload occupies in a segment. */
export function frameBytesOf(payloadBytes: number): number {
  return alignUp(FRAME_HEADER_BYTES + payloadBytes);
}

/** The largest payload of a frame that has a segment of this many bytes to itself. */
export function maxPayloadBytesOf(segmentBytes: number): number {
  return segmentBytes - SEGMENT_HEADER_AREA_BYTES - FRAME_HEADER_BYTES;
}

/** Writes a non-negative safe integer as two little-endian 32-bit halves. */
export function writeSafeInteger(view: DataView, byteOffset: number, value: number): void {
  view.setUint32(byteOffset, value % 0x1_0000_0000, true);
  view.setUint32(byteOffset + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Reads what {@link writeSafeInteger} wrote. The result may be unsafe when the bytes are garbage. */
export function readSafeInteger(view: DataView, byteOffset: number): number {
  return view.getUint32(byteOffset, true) + view.getUint32(byteOffset + 4, true) * 0x1_0000_0000;
}
