// SPDX-License-Identifier: Apache-2.0
import type { BytesVector, FixedVector, FlatVector, LeafVector } from "../columns/column-block.ts";
import { type FixedKind, ELEMENTS_PER_ROW } from "../columns/fixed-column.ts";
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
 * The PLAIN encoding of the present values of rows `startRow` up to `endRow`. Where the memory of the column already
 * is that encoding, the result is a view of it.
 * @param nullCount nulls among these rows.
 */
export function plainValues(
  leaf: Leaf,
  vector: FlatVector,
  startRow: number,
  endRow: number,
  nullCount: number,
): Uint8Array {
  if (vector.kind === "bytes") {
    const start = startRow === 0 ? 0 : (vector.ends[startRow - 1] as number);
    return vector.data.subarray(start, vector.ends[endRow - 1]);
  }
  const present = nullCount === 0 ? null : vector.validity;
  if (vector.kind === "int128") {
    return bigEndianValues(vector.values as Int32Array, present, startRow, endRow, leaf.typeLength);
  }
  if (vector.kind === "boolean") {
    return packedBooleans(vector.values as Uint8Array, present, startRow, endRow, nullCount);
  }
  return present === null
    ? slotBytes(vector, startRow, endRow)
    : compacted(vector, present, startRow, endRow, nullCount);
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
function packedBooleans(
  values: Uint8Array,
  present: Uint8Array | null,
  startRow: number,
  endRow: number,
  nullCount: number,
): Uint8Array {
  const output = new Uint8Array(Math.ceil((endRow - startRow - nullCount) / 8));
  let bit = 0;
  for (let row = startRow; row < endRow; row++) {
    if (present !== null && present[row] === 0) continue;
    if (values[row] !== 0) output[bit >>> 3] = (output[bit >>> 3] as number) | (1 << (bit & 7));
    bit++;
  }
  return output;
}

/** Of each present value the lowest `byteCount` bytes, most significant first. */
function bigEndianValues(
  words: Int32Array,
  present: Uint8Array | null,
  startRow: number,
  endRow: number,
  byteCount: number,
): Uint8Array {
  const output = new Uint8Array((endRow - startRow) * byteCount);
  let next = 0;
  for (let row = startRow; row < endRow; row++) {
    if (present !== null && present[row] === 0) continue;
    for (let byte = byteCount - 1; byte >= 0; byte--) {
      output[next++] = ((words[row * 4 + (byte >>> 2)] as number) >>> ((byte & 3) * 8)) & 0xff;
    }
  }
  return output.subarray(0, next);
}

function compacted(
  vector: FixedVector,
  present: Uint8Array,
  startRow: number,
  endRow: number,
  nullCount: number,
): Uint8Array {
  const count = endRow - startRow - nullCount;
  const output = COMPACTORS[vector.kind](vector.values, present, startRow, endRow, count);
  return new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
}

type Compactor = (
  values: FixedVector["values"],
  present: Uint8Array,
  startRow: number,
  endRow: number,
  count: number,
) => FixedVector["values"];

/**
 * Values are moved as integers of their width, so that the payload of a NaN stays as it is; one loop for each width,
 * since a loop that sees several types of typed array is several times slower.
 */
const COMPACTORS: Readonly<Record<FixedKind, Compactor>> = {
  boolean: () => {
    throw new TypeError("booleans are packed, not compacted");
  },
  int128: () => {
    throw new TypeError("values of 128 bits are turned round, not compacted");
  },
  int32: compact4,
  int64: compact8,
  float: compact4,
  double: compact8,
};

function compact4(
  values: FixedVector["values"],
  present: Uint8Array,
  startRow: number,
  endRow: number,
  count: number,
): Int32Array {
  const source = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  const output = new Int32Array(count);
  let next = 0;
  for (let row = startRow; row < endRow; row++) {
    if (present[row] !== 0) output[next++] = source[row] as number;
  }
  return output;
}

function compact8(
  values: FixedVector["values"],
  present: Uint8Array,
  startRow: number,
  endRow: number,
  count: number,
): Int32Array {
  const source = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  const output = new Int32Array(count * 2);
  let next = 0;
  for (let row = startRow; row < endRow; row++) {
    if (present[row] === 0) continue;
    output[next] = source[row * 2] as number;
    output[next + 1] = source[row * 2 + 1] as number;
    next += 2;
  }
  return output;
}
