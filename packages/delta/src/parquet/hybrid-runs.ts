// SPDX-License-Identifier: Apache-2.0
import { packBits } from "./bit-packing.ts";
import type { PageBuffer } from "./encoder-scratch.ts";

/**
 * Parquet's hybrid of run lengths and bit packing, the form of levels and of dictionary indices:
 *
 *     runs    := run*
 *     run     := (count << 1):varint value       count times the same value, in ceil(bitWidth / 8) bytes
 *              | (groups << 1 | 1):varint packed groups * 8 values of bitWidth bits, least significant bit first
 *     varint  := 7 bits a byte, least significant first, high bit set on all but the last
 *
 * Only the last packed run may hold fewer values than its groups have room for; the rest is zero.
 */

/** A run length is cheaper than packing from here on, and ends a packed run. */
const MIN_RUN_COUNT = 16;
const MAX_VARINT_BYTES = 5;

/**
 * Appends `values[start..end)`, each below `2 ** bitWidth`.
 * @param bitWidth 0 to 24
 */
export function appendRuns(
  page: PageBuffer,
  values: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): void {
  for (let index = start; index < end; ) {
    const runEnd = endOfRun(values, index, end);
    if (runEnd - index >= MIN_RUN_COUNT || bitWidth === 0) {
      appendRun(page, values[index] as number, runEnd - index, bitWidth);
      index = runEnd;
    } else {
      const packedEnd = endOfPacked(values, index, end);
      appendPacked(page, values, index, packedEnd, bitWidth);
      index = packedEnd;
    }
  }
}

/** Appends `count` times the same value. */
export function appendRun(page: PageBuffer, value: number, count: number, bitWidth: number): void {
  page.reserve(MAX_VARINT_BYTES + Math.ceil(bitWidth / 8));
  let length = writeVarint(page.bytes, page.length, count * 2);
  for (let bits = 0; bits < bitWidth; bits += 8) page.bytes[length++] = value >>> bits;
  page.length = length;
}

function endOfRun(values: Int32Array, start: number, end: number): number {
  const value = values[start];
  let index = start + 1;
  while (index < end && values[index] === value) index++;
  return index;
}

/** The next place, in steps of eight, where a run begins that is worth its own header. */
function endOfPacked(values: Int32Array, start: number, end: number): number {
  let index = start + 8;
  while (index < end) {
    const limit = Math.min(end, index + MIN_RUN_COUNT);
    if (limit - index === MIN_RUN_COUNT && endOfRun(values, index, limit) === limit) return index;
    index += 8;
  }
  return end;
}

function appendPacked(
  page: PageBuffer,
  values: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): void {
  const groups = Math.ceil((end - start) / 8);
  page.reserve(MAX_VARINT_BYTES + groups * bitWidth);
  const offset = writeVarint(page.bytes, page.length, groups * 2 + 1);
  const valuesEnd = packBits(page.bytes, offset, values, start, end, bitWidth);
  page.length = offset + groups * bitWidth;
  page.bytes.fill(0, valuesEnd, page.length);
}

/** @returns the offset after it. */
function writeVarint(output: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let position = offset;
  while (rest >= 0x80) {
    output[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output[position++] = rest;
  return position;
}
