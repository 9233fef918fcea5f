// SPDX-License-Identifier: Apache-2.0
import type { BytesVector, FlatVector, LeafVector } from "../columns/column-block.ts";
import { binaryBounds, type ByteBounds, mergedByteBounds, stringBounds } from "./byte-bounds.ts";
import { byteExtremes } from "./byte-extremes.ts";
import type { Leaf } from "./file-schema.ts";

/** The smallest and largest value of a column. */
export type Bounds =
  | { readonly kind: "boolean"; readonly min: boolean; readonly max: boolean }
  /** int32, float and double; zeros are signed so that the bounds hold whether or not -0 is below +0. */
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  /** int64 and int128 */
  | { readonly kind: "bigint"; readonly min: bigint; readonly max: bigint }
  | ({ readonly kind: "bytes" } & ByteBounds);

/** What statistics say about the rows of one column, in a row group or a file. */
export interface ColumnSummary {
  readonly nullCount: number;
  /**
   * `null` without a value, and for a column with a NaN: readers disagree about where NaN sorts, so no pair of bounds
   * is right for all of them.
   */
  readonly bounds: Bounds | null;
  readonly hasNan: boolean;
}

/** Of a column without rows. */
export const EMPTY_SUMMARY: ColumnSummary = { nullCount: 0, bounds: null, hasNan: false };

/** Reads every value of a column once. */
export function summariseColumn(leaf: Leaf, vector: FlatVector, rowCount: number): ColumnSummary {
  const { validity } = vector;
  const nullCount = validity === null ? 0 : countNulls(validity, rowCount);
  if (nullCount === rowCount) return { nullCount, bounds: null, hasNan: false };
  // A column that happens to have no nulls takes the loops without the check.
  const present = nullCount === 0 ? null : validity;
  switch (vector.kind) {
    case "boolean":
      return found(nullCount, booleanBounds(vector.values as Uint8Array, present, rowCount));
    case "int32":
      return found(nullCount, int32Bounds(vector.values as Int32Array, present, rowCount));
    case "int64":
      return found(nullCount, int64Bounds(vector.values as Int32Array, present, rowCount));
    case "int128":
      return found(nullCount, int128Bounds(vector.values as Int32Array, present, rowCount));
    case "float":
      return floatSummary(nullCount, floatBounds(vector.values as Float32Array, present, rowCount));
    case "double":
      return floatSummary(
        nullCount,
        doubleBounds(vector.values as Float64Array, present, rowCount),
      );
    case "bytes":
      return found(nullCount, bytesBounds(leaf, vector, present, rowCount));
  }
}

/** The same for a leaf of a nested column, where every entry without a value counts as a null. */
export function summariseLeaf(leaf: Leaf, vector: LeafVector, rowCount: number): ColumnSummary {
  const entryCount = vector.entryEnds[rowCount - 1] ?? 0;
  const valueCount = vector.valueEnds[rowCount - 1] ?? 0;
  const summary = summariseColumn(leaf, vector.values, valueCount);
  return { ...summary, nullCount: entryCount - valueCount };
}

/** The summary of two sets of rows of the same column. */
export function mergeSummaries(left: ColumnSummary, right: ColumnSummary): ColumnSummary {
  const hasNan = left.hasNan || right.hasNan;
  return {
    nullCount: left.nullCount + right.nullCount,
    bounds: hasNan ? null : mergedBounds(left.bounds, right.bounds),
    hasNan,
  };
}

export function countNulls(validity: Uint8Array, rowCount: number): number {
  // Most columns have none, which a buffer's search tells many times faster than that of an array, or adding up.
  const bytes = Buffer.from(validity.buffer, validity.byteOffset, rowCount);
  if (!bytes.includes(0)) return 0;
  let present = 0;
  for (let row = 0; row < rowCount; row++) present += validity[row] as number;
  return rowCount - present;
}

function mergedBounds(left: Bounds | null, right: Bounds | null): Bounds | null {
  if (left === null) return right;
  if (right === null) return left;
  if (left.kind === "boolean" && right.kind === "boolean") {
    return { kind: "boolean", min: left.min && right.min, max: left.max || right.max };
  }
  if (left.kind === "number" && right.kind === "number") {
    // Math.min and Math.max order -0 below +0.
    return {
      kind: "number",
      min: Math.min(left.min, right.min),
      max: Math.max(left.max, right.max),
    };
  }
  if (left.kind === "bigint" && right.kind === "bigint") {
    return {
      kind: "bigint",
      min: left.min < right.min ? left.min : right.min,
      max: left.max > right.max ? left.max : right.max,
    };
  }
  if (left.kind === "bytes" && right.kind === "bytes") {
    return { kind: "bytes", ...mergedByteBounds(left, right) };
  }
  throw new TypeError(`bounds of ${left.kind} and ${right.kind} are not of one column`);
}

function found(nullCount: number, bounds: Bounds): ColumnSummary {
  return { nullCount, bounds, hasNan: false };
}

function floatSummary(nullCount: number, range: NumberRange | null): ColumnSummary {
  if (range === null) return { nullCount, bounds: null, hasNan: true };
  return {
    nullCount,
    bounds: {
      kind: "number",
      min: range.min === 0 ? -0 : range.min,
      max: range.max === 0 ? 0 : range.max,
    },
    hasNan: false,
  };
}

interface NumberRange {
  readonly min: number;
  readonly max: number;
}

function booleanBounds(values: Uint8Array, present: Uint8Array | null, rowCount: number): Bounds {
  let trueCount = 0;
  let valueCount = 0;
  for (let row = 0; row < rowCount; row++) {
    const isPresent = present === null ? 1 : (present[row] as number);
    valueCount += isPresent;
    trueCount += isPresent & (values[row] as number);
  }
  return { kind: "boolean", min: trueCount === valueCount, max: trueCount > 0 };
}

// One loop for each array type: a loop that sees several types of typed array is several times slower.

function int32Bounds(values: Int32Array, present: Uint8Array | null, rowCount: number): Bounds {
  let min = 0x7fff_ffff;
  let max = -0x8000_0000;
  for (let row = 0; row < rowCount; row++) {
    if (present !== null && present[row] === 0) continue;
    const value = values[row] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { kind: "number", min, max };
}

/** Compares the signed high halves first and the unsigned low halves where they are equal. */
function int64Bounds(halves: Int32Array, present: Uint8Array | null, rowCount: number): Bounds {
  let minHigh = 0x7fff_ffff;
  let minLow = 0xffff_ffff;
  let maxHigh = -0x8000_0000;
  let maxLow = 0;
  for (let row = 0; row < rowCount; row++) {
    if (present !== null && present[row] === 0) continue;
    const low = (halves[row * 2] as number) >>> 0;
    const high = halves[row * 2 + 1] as number;
    if (high > minHigh && high < maxHigh) continue;
    if (high < minHigh || (high === minHigh && low < minLow)) {
      minHigh = high;
      minLow = low;
    }
    if (high > maxHigh || (high === maxHigh && low > maxLow)) {
      maxHigh = high;
      maxLow = low;
    }
  }
  return { kind: "bigint", min: joined(minHigh, minLow), max: joined(maxHigh, maxLow) };
}

/** Rows are compared in place, word by word from the top; only the two bounds become bigints. */
function int128Bounds(words: Int32Array, present: Uint8Array | null, rowCount: number): Bounds {
  let min = present === null ? 0 : present.indexOf(1);
  let max = min;
  for (let row = min + 1; row < rowCount; row++) {
    if (present !== null && present[row] === 0) continue;
    if (compareInt128(words, row, min) < 0) min = row;
    else if (compareInt128(words, row, max) > 0) max = row;
  }
  return { kind: "bigint", min: int128At(words, min), max: int128At(words, max) };
}

function compareInt128(words: Int32Array, left: number, right: number): number {
  const high = (words[left * 4 + 3] as number) - (words[right * 4 + 3] as number);
  if (high !== 0) return high;
  for (let word = 2; word >= 0; word--) {
    const difference =
      ((words[left * 4 + word] as number) >>> 0) - ((words[right * 4 + word] as number) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function int128At(words: Int32Array, row: number): bigint {
  let value = BigInt(words[row * 4 + 3] as number);
  for (let word = 2; word >= 0; word--) {
    value = (value << 32n) | BigInt((words[row * 4 + word] as number) >>> 0);
  }
  return value;
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function floatBounds(
  values: Float32Array,
  present: Uint8Array | null,
  rowCount: number,
): NumberRange | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rowCount; row++) {
    if (present !== null && present[row] === 0) continue;
    const value = values[row] as number;
    // True of all but a few values, and of no NaN.
    if (value >= min && value <= max) continue;
    if (Number.isNaN(value)) return null;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function doubleBounds(
  values: Float64Array,
  present: Uint8Array | null,
  rowCount: number,
): NumberRange | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rowCount; row++) {
    if (present !== null && present[row] === 0) continue;
    const value = values[row] as number;
    // True of all but a few values, and of no NaN.
    if (value >= min && value <= max) continue;
    if (Number.isNaN(value)) return null;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function bytesBounds(
  leaf: Leaf,
  vector: BytesVector,
  present: Uint8Array | null,
  rowCount: number,
): Bounds {
  const [min, max] = byteExtremes(vector, present, rowCount);
  const bounds = leaf.boundsFormat === "string" ? stringBounds(min, max) : binaryBounds(min, max);
  return { kind: "bytes", ...bounds };
}
