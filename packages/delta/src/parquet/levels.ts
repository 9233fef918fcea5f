// SPDX-License-Identifier: Apache-2.0

/**
 * Definition and repetition levels of a DataPageV1: Parquet's hybrid of run lengths and bit packing.
 *
 *     levels  := length:u32le run*               length = bytes of all runs
 *     run     := (count << 1):varint value       count times the same value, in ceil(bitWidth / 8) bytes
 *              | (groups << 1 | 1):varint packed groups * 8 values of bitWidth bits, least significant bit first
 *
 * Only the last packed run may hold fewer values than its groups have room for; the rest is zero.
 */

/** A run length is cheaper than packing from here on, and ends a packed run. */
export const MIN_RUN_COUNT = 16;
const LENGTH_BYTES = 4;
const MAX_VARINT_BYTES = 5;

/**
 * Encodes `levels[start..end)`, each below `2 ** bitWidth`, with its length in front.
 * @param bitWidth 1 to 8; a column whose highest level is 0 has no levels in its pages.
 */
export function encodeLevels(
  levels: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
): Uint8Array {
  const output = new Uint8Array(maxEncodedBytes(end - start, bitWidth));
  let length = LENGTH_BYTES;
  let index = start;
  while (index < end) {
    const runEnd = endOfRun(levels, index, end);
    if (runEnd - index >= MIN_RUN_COUNT) {
      length = writeVarint(output, length, (runEnd - index) * 2);
      output[length++] = levels[index] as number;
      index = runEnd;
    } else {
      const packedEnd = endOfPacked(levels, index, end);
      length = writePacked(output, length, levels, index, packedEnd, bitWidth);
      index = packedEnd;
    }
  }
  return sealed(output, length);
}

/** Encodes `count` times the same level, with its length in front: a page without nulls, or with nothing else. */
export function encodeConstantLevel(level: number, count: number): Uint8Array {
  const output = new Uint8Array(LENGTH_BYTES + MAX_VARINT_BYTES + 1);
  const length = writeVarint(output, LENGTH_BYTES, count * 2);
  output[length] = level;
  return sealed(output, length + 1);
}

/** Each run starts on at least eight values of its own, so run headers are bounded by the count of such groups. */
function maxEncodedBytes(count: number, bitWidth: number): number {
  const groups = Math.ceil(count / 8);
  return LENGTH_BYTES + groups * (bitWidth + MAX_VARINT_BYTES + 1);
}

function endOfRun(levels: Uint8Array, start: number, end: number): number {
  const value = levels[start];
  let index = start + 1;
  while (index < end && levels[index] === value) index++;
  return index;
}

/** The next place, in steps of eight, where a run begins that is worth its own header. */
function endOfPacked(levels: Uint8Array, start: number, end: number): number {
  let index = start + 8;
  while (index < end) {
    const limit = Math.min(end, index + MIN_RUN_COUNT);
    if (limit - index === MIN_RUN_COUNT && endOfRun(levels, index, limit) === limit) return index;
    index += 8;
  }
  return end;
}

function writePacked(
  output: Uint8Array,
  offset: number,
  levels: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
): number {
  const groups = Math.ceil((end - start) / 8);
  let length = writeVarint(output, offset, groups * 2 + 1);
  const packedEnd = length + groups * bitWidth;
  let buffered = 0;
  let bufferedBits = 0;
  for (let index = start; index < end; index++) {
    buffered |= (levels[index] as number) << bufferedBits;
    bufferedBits += bitWidth;
    while (bufferedBits >= 8) {
      output[length++] = buffered & 0xff;
      buffered >>>= 8;
      bufferedBits -= 8;
    }
  }
  if (bufferedBits > 0) output[length] = buffered;
  return packedEnd;
}

/** @returns the offset after it. */
export function writeVarint(output: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let position = offset;
  while (rest >= 0x80) {
    output[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output[position++] = rest;
  return position;
}

function sealed(output: Uint8Array, length: number): Uint8Array {
  const runBytes = length - LENGTH_BYTES;
  output[0] = runBytes & 0xff;
  output[1] = (runBytes >>> 8) & 0xff;
  output[2] = (runBytes >>> 16) & 0xff;
  output[3] = runBytes >>> 24;
  return output.subarray(0, length);
}
