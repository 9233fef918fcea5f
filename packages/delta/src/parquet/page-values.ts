// SPDX-License-Identifier: Apache-2.0
import type { BytesVector, FixedVector, FlatVector, LeafVector } from "../columns/column-block.ts";
import { ELEMENTS_PER_ROW } from "../columns/fixed-column.ts";
import type { EncoderScratch, PageBuffer } from "./encoder-scratch.ts";
import type { Leaf } from "./file-schema.ts";

/** Where a page ends, whichever comes first. */
export interface PageLimits {
  readonly maxRows: number;
  /** Bytes of PLAIN values. A single value may be longer and then has a page of its own. */
  readonly maxBytes: number;
}

/** The row after the last one of the page that starts at `startRow`; always at least one row further. */
export function endOfPage(
  vector: FlatVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): number {
  const rowLimit = Math.min(rowCount, startRow + limits.maxRows);
  if (vector.kind === "bytes") {
    return endOfBytesPage(vector, startRow, rowLimit, limits.maxBytes);
  }
  const rows = Math.max(
    1,
    Math.floor(limits.maxBytes / vector.values.BYTES_PER_ELEMENT / ELEMENTS_PER_ROW[vector.kind]),
  );
  return Math.min(rowLimit, startRow + rows);
}

/**
 * As {@link endOfPage} for a leaf of a nested column. Pages hold whole rows; the limits count entries and the bytes of
 * their values, so a single long list has a page of its own.
 */
export function endOfNestedPage(
  vector: LeafVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): number {
  const { values, entryEnds, valueEnds } = vector;
  const startOf = (ends: Uint32Array, index: number): number =>
    index === 0 ? 0 : (ends[index - 1] as number);
  const bytesBefore = (valueIndex: number): number =>
    values.kind === "bytes"
      ? startOf(values.ends, valueIndex)
      : valueIndex * values.values.BYTES_PER_ELEMENT * ELEMENTS_PER_ROW[values.kind];
  const entryLimit = startOf(entryEnds, startRow) + limits.maxRows;
  const byteLimit = bytesBefore(startOf(valueEnds, startRow)) + limits.maxBytes;
  let endRow = startRow + 1;
  while (
    endRow < rowCount &&
    (entryEnds[endRow] as number) <= entryLimit &&
    bytesBefore(valueEnds[endRow] as number) <= byteLimit
  ) {
    endRow++;
  }
  return endRow;
}

/**
 * The PLAIN encoding of the present values of rows `startRow` up to `endRow`: a view of the column's memory where that
 * already is the encoding; else it is appended to the page and the result is `null`.
 * @param nullCount nulls among these rows.
 */
export function plainValues(
  scratch: EncoderScratch,
  leaf: Leaf,
  vector: FlatVector,
  startRow: number,
  endRow: number,
  nullCount: number,
): Uint8Array | null {
  if (vector.kind === "bytes") {
    const start = startRow === 0 ? 0 : (vector.ends[startRow - 1] as number);
    return vector.data.subarray(start, vector.ends[endRow - 1]);
  }
  const present = nullCount === 0 ? null : vector.validity;
  const valueCount = endRow - startRow - nullCount;
  const { page } = scratch;
  if (vector.kind === "int128") {
    page.reserve(valueCount * leaf.typeLength);
    appendBigEndian(page, vector.values as Int32Array, present, startRow, endRow, leaf.typeLength);
    return null;
  }
  if (vector.kind === "boolean") {
    page.reserve(Math.ceil(valueCount / 8));
    appendBooleans(page, vector.values as Uint8Array, present, startRow, endRow);
    return null;
  }
  if (present === null) return slotBytes(vector, startRow, endRow);
  const { words, wordCount } = presentWords(scratch, vector, startRow, endRow, nullCount);
  page.append(new Uint8Array(words.buffer, words.byteOffset, wordCount * 4));
  return null;
}

/** Values side by side, in 32-bit words. */
export interface PresentWords {
  readonly words: Int32Array;
  /** Where the first one starts in `words`. */
  readonly wordStart: number;
  readonly wordCount: number;
}

/**
 * The present values of rows `startRow` up to `endRow` of a column of 4 or 8 bytes a value: in its own memory, or where
 * there are nulls in the words of `scratch`. They are moved as integers, so the payload of a NaN stays as it is.
 */
export function presentWords(
  scratch: EncoderScratch,
  vector: FixedVector,
  startRow: number,
  endRow: number,
  nullCount: number,
): PresentWords {
  const { values, validity } = vector;
  const source =
    values instanceof Int32Array
      ? values
      : new Int32Array(values.buffer, values.byteOffset, values.byteLength >>> 2);
  const wordsPerRow = (values.BYTES_PER_ELEMENT * ELEMENTS_PER_ROW[vector.kind]) / 4;
  const wordCount = (endRow - startRow - nullCount) * wordsPerRow;
  if (validity === null || nullCount === 0) {
    return { words: source, wordStart: startRow * wordsPerRow, wordCount };
  }
  // One slot more, for nulls at the end.
  const words = scratch.words(wordCount + wordsPerRow);
  if (wordsPerRow === 1) compact4(words, source, validity, startRow, endRow);
  else compact8(words, source, validity, startRow, endRow);
  return { words, wordStart: 0, wordCount };
}

/** The last row whose values still fit, found by halving: `ends` never decreases. */
function endOfBytesPage(
  vector: BytesVector,
  startRow: number,
  rowLimit: number,
  maxBytes: number,
): number {
  const { ends } = vector;
  const byteLimit = (startRow === 0 ? 0 : (ends[startRow - 1] as number)) + maxBytes;
  let fits = startRow + 1;
  let beyond = rowLimit + 1;
  while (beyond - fits > 1) {
    const middle = (fits + beyond) >>> 1;
    if ((ends[middle - 1] as number) <= byteLimit) fits = middle;
    else beyond = middle;
  }
  return fits;
}

function slotBytes(vector: FixedVector, startRow: number, endRow: number): Uint8Array {
  const { values } = vector;
  const slotBytesPerRow = values.BYTES_PER_ELEMENT * ELEMENTS_PER_ROW[vector.kind];
  return new Uint8Array(
    values.buffer,
    values.byteOffset + startRow * slotBytesPerRow,
    (endRow - startRow) * slotBytesPerRow,
  );
}

/** Booleans take a bit each, least significant first; the last byte is filled up with zeros. */
function appendBooleans(
  page: PageBuffer,
  values: Uint8Array,
  present: Uint8Array | null,
  startRow: number,
  endRow: number,
): void {
  const { bytes } = page;
  let { length } = page;
  let packed = 0;
  let bit = 0;
  for (let row = startRow; row < endRow; row++) {
    if (present !== null && present[row] === 0) continue;
    if (values[row] !== 0) packed |= 1 << bit;
    if (++bit < 8) continue;
    bytes[length++] = packed;
    packed = 0;
    bit = 0;
  }
  if (bit > 0) bytes[length++] = packed;
  page.length = length;
}

/** Of each present value the lowest `byteCount` bytes, most significant first. */
function appendBigEndian(
  page: PageBuffer,
  words: Int32Array,
  present: Uint8Array | null,
  startRow: number,
  endRow: number,
  byteCount: number,
): void {
  const { bytes } = page;
  let { length } = page;
  for (let row = startRow; row < endRow; row++) {
    if (present !== null && present[row] === 0) continue;
    for (let byte = byteCount - 1; byte >= 0; byte--) {
      bytes[length++] = (words[row * 4 + (byte >>> 2)] as number) >>> ((byte & 3) * 8);
    }
  }
  page.length = length;
}

// Without branches: a slot is written for a null as well, and then again for the value after it.

function compact4(
  output: Int32Array,
  source: Int32Array,
  present: Uint8Array,
  startRow: number,
  endRow: number,
): void {
  let next = 0;
  for (let row = startRow; row < endRow; row++) {
    output[next] = source[row] as number;
    next += present[row] as number;
  }
}

function compact8(
  output: Int32Array,
  source: Int32Array,
  present: Uint8Array,
  startRow: number,
  endRow: number,
): void {
  let next = 0;
  for (let row = startRow; row < endRow; row++) {
    output[next] = source[row * 2] as number;
    output[next + 1] = source[row * 2 + 1] as number;
    next += (present[row] as number) * 2;
  }
}
