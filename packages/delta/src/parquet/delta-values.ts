// SPDX-License-Identifier: Apache-2.0
import { packBits, packWideBits } from "./bit-packing.ts";
import type { PageBuffer } from "./encoder-scratch.ts";

/**
 * Integers as the differences between neighbours, Parquet's DELTA_BINARY_PACKED:
 *
 *     values    := blockCount:varint miniblocks:varint valueCount:varint first:zigzag block*
 *     block     := minDelta:zigzag bitWidth:u8{miniblocks} miniblock*
 *     miniblock := (delta - minDelta){blockCount / miniblocks}   of bitWidth bits, least significant bit first
 *     varint    := 7 bits a byte, least significant first, high bit set on all but the last
 *     zigzag    := varint(n >= 0 ? 2n : -2n - 1)
 *
 * A block has `blockCount` deltas, the last one fewer: miniblocks without any are left out, their bit width is 0; a
 * miniblock with some is filled up.
 *
 * Deltas are kept as doubles. They are exact where the largest value is less than {@link MAX_INT64_SPAN} above the
 * smallest, and for 32-bit columns, whose readers compute in 32 bits, within {@link MAX_INT32_SPAN}.
 */

const BLOCK_DELTAS = 128;
const MINIBLOCKS = 4;
const MINIBLOCK_DELTAS = BLOCK_DELTAS / MINIBLOCKS;
/** Each of two bytes at most, for the counts, and the zigzag of the first value. */
const MAX_HEADER_BYTES = 2 + 1 + 5 + 10;
/** Of a block with its zigzag and the widest miniblocks. */
const MAX_BLOCK_BYTES = 10 + MINIBLOCKS + BLOCK_DELTAS * 8;
const WORD = 2 ** 32;

/** Largest minus smallest value must be below this for an INT32 column. */
export const MAX_INT32_SPAN: number = 2 ** 31;
/** The same for an INT64 column: differences of differences stay exact as doubles. */
export const MAX_INT64_SPAN: number = 2 ** 51;

/** Words of a value in the arrays of a column: an `int64` is two halves, the low one first. */
export type WordsPerValue = 1 | 2;

/** Appends `values[start..end)`, counted in values. */
export function appendDeltas(
  page: PageBuffer,
  values: Int32Array,
  start: number,
  end: number,
  wordsPerValue: WordsPerValue,
): void {
  page.reserve(MAX_HEADER_BYTES);
  appendVarint(page, BLOCK_DELTAS);
  appendVarint(page, MINIBLOCKS);
  appendVarint(page, end - start);
  appendFirst(page, values, start, end, wordsPerValue);
  const deltas = new Float64Array(BLOCK_DELTAS);
  const words = new Int32Array(MINIBLOCK_DELTAS * 2);
  for (let index = start + 1; index < end; index += BLOCK_DELTAS) {
    const count = Math.min(BLOCK_DELTAS, end - index);
    if (wordsPerValue === 1) fillDeltas32(deltas, values, index, count);
    else fillDeltas64(deltas, values, index, count);
    page.reserve(MAX_BLOCK_BYTES);
    appendBlock(page, deltas, count, words);
  }
}

/**
 * About the bits that a value takes in this encoding, told from some stretches of `values[start..end)`.
 * @returns Infinity for fewer than two values.
 */
export function estimateDeltaBits(
  values: Int32Array,
  start: number,
  end: number,
  wordsPerValue: WordsPerValue,
): number {
  const deltas = new Float64Array(MINIBLOCK_DELTAS);
  const step = Math.max(MINIBLOCK_DELTAS, Math.floor((end - start) / SAMPLED_STRETCHES));
  let bits = 0;
  let stretches = 0;
  for (let index = start + 1; index + MINIBLOCK_DELTAS <= end; index += step) {
    if (wordsPerValue === 1) fillDeltas32(deltas, values, index, MINIBLOCK_DELTAS);
    else fillDeltas64(deltas, values, index, MINIBLOCK_DELTAS);
    bits += bitWidthOf(maxOf(deltas, 0, MINIBLOCK_DELTAS) - minOf(deltas, MINIBLOCK_DELTAS));
    stretches++;
  }
  return stretches === 0 ? Number.POSITIVE_INFINITY : bits / stretches;
}

const SAMPLED_STRETCHES = 16;

function fillDeltas32(
  deltas: Float64Array,
  values: Int32Array,
  first: number,
  count: number,
): void {
  let previous = values[first - 1] as number;
  for (let index = 0; index < count; index++) {
    const value = values[first + index] as number;
    deltas[index] = value - previous;
    previous = value;
  }
}

/** By halves, so that values beyond 2^53 lose nothing. */
function fillDeltas64(
  deltas: Float64Array,
  values: Int32Array,
  first: number,
  count: number,
): void {
  let previousLow = (values[first * 2 - 2] as number) >>> 0;
  let previousHigh = values[first * 2 - 1] as number;
  for (let index = 0; index < count; index++) {
    const low = (values[(first + index) * 2] as number) >>> 0;
    const high = values[(first + index) * 2 + 1] as number;
    deltas[index] = (high - previousHigh) * WORD + (low - previousLow);
    previousLow = low;
    previousHigh = high;
  }
}

function appendBlock(
  page: PageBuffer,
  deltas: Float64Array,
  count: number,
  words: Int32Array,
): void {
  const minDelta = minOf(deltas, count);
  appendZigzag(page, minDelta);
  const { bytes } = page;
  const widthsAt = page.length;
  bytes.fill(0, widthsAt, widthsAt + MINIBLOCKS);
  let length = widthsAt + MINIBLOCKS;
  for (let start = 0; start < count; start += MINIBLOCK_DELTAS) {
    const end = Math.min(count, start + MINIBLOCK_DELTAS);
    const bitWidth = bitWidthOf(maxOf(deltas, start, end) - minDelta);
    bytes[widthsAt + start / MINIBLOCK_DELTAS] = bitWidth;
    if (bitWidth === 0) continue;
    const miniblockBytes = (MINIBLOCK_DELTAS / 8) * bitWidth;
    const packedEnd =
      bitWidth > 32
        ? packWide(bytes, length, deltas, start, end, minDelta, words, bitWidth)
        : packNarrow(bytes, length, deltas, start, end, minDelta, words, bitWidth);
    bytes.fill(0, packedEnd, length + miniblockBytes);
    length += miniblockBytes;
  }
  page.length = length;
}

function packNarrow(
  bytes: Uint8Array,
  offset: number,
  deltas: Float64Array,
  start: number,
  end: number,
  minDelta: number,
  words: Int32Array,
  bitWidth: number,
): number {
  // Stores the lowest 32 bits, of which all above `bitWidth` are zero.
  for (let index = start; index < end; index++) {
    words[index - start] = (deltas[index] as number) - minDelta;
  }
  return packBits(bytes, offset, words, 0, end - start, bitWidth);
}

function packWide(
  bytes: Uint8Array,
  offset: number,
  deltas: Float64Array,
  start: number,
  end: number,
  minDelta: number,
  words: Int32Array,
  bitWidth: number,
): number {
  for (let index = start; index < end; index++) {
    const difference = (deltas[index] as number) - minDelta;
    words[(index - start) * 2] = difference;
    words[(index - start) * 2 + 1] = Math.floor(difference / WORD);
  }
  return packWideBits(bytes, offset, words, 0, end - start, bitWidth);
}

function minOf(deltas: Float64Array, count: number): number {
  let min = deltas[0] as number;
  for (let index = 1; index < count; index++) {
    const delta = deltas[index] as number;
    if (delta < min) min = delta;
  }
  return min;
}

function maxOf(deltas: Float64Array, start: number, end: number): number {
  let max = deltas[start] as number;
  for (let index = start + 1; index < end; index++) {
    const delta = deltas[index] as number;
    if (delta > max) max = delta;
  }
  return max;
}

/** Bits that a number from 0 to 2^53 takes. */
function bitWidthOf(value: number): number {
  return value < WORD ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / WORD));
}

/** A page without values has a zero for the first of them. */
function appendFirst(
  page: PageBuffer,
  values: Int32Array,
  start: number,
  end: number,
  wordsPerValue: WordsPerValue,
): void {
  if (start === end) appendZigzag(page, 0);
  else if (wordsPerValue === 1) appendZigzag(page, values[start] as number);
  else appendZigzag64(page, values[start * 2] as number, values[start * 2 + 1] as number);
}

function appendZigzag(page: PageBuffer, value: number): void {
  appendVarint(page, value >= 0 ? value * 2 : -value * 2 - 1);
}

/** One a page, so it may take a bigint. */
function appendZigzag64(page: PageBuffer, low: number, high: number): void {
  const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n;
  while (rest >= 0x80n) {
    page.bytes[page.length++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  page.bytes[page.length++] = Number(rest);
}

/** Bit operators would cut at 32 bits, so this divides. */
function appendVarint(page: PageBuffer, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    page.bytes[page.length++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  page.bytes[page.length++] = rest;
}
