// SPDX-License-Identifier: Apache-2.0
import type { BytesVector } from "../columns/column-block.ts";
import { hasFewDistinctValues } from "./distinct-sample.ts";
import { ValueTable } from "./value-table.ts";

/** The distinct values of a column of byte strings, and for each of its values which of them it is. */
export interface Dictionary {
  /** The distinct values in the order of their first occurrence. Each occurs, none is null. */
  readonly entries: BytesVector;
  readonly entryCount: number;
  /** Of each present value, in row order; in the memory that `dictionaryOf` was given. */
  readonly indices: Int32Array;
  /** Bits that every index fits in; 0 with a single entry. */
  readonly bitWidth: number;
}

/**
 * A dictionary of the first `rowCount` rows, or `null` where it does not make the column smaller before compression,
 * or would take more than `maxBytes`. A column of mostly different values is told by a sample, at next to no cost.
 * @param memoryFor memory for so many indices.
 */
export function dictionaryOf(
  vector: BytesVector,
  rowCount: number,
  maxBytes: number,
  memoryFor: (count: number) => Int32Array,
): Dictionary | null {
  const plainBytes = rowCount === 0 ? 0 : (vector.ends[rowCount - 1] as number);
  if (plainBytes <= OVERHEAD_BYTES) return null;
  if (!hasFewDistinctValues(vector, rowCount, maxBytes)) return null;
  const table = new ValueTable(vector.data, rowCount);
  const found = memoryFor(rowCount);
  const valueCount = indexValues(table, vector, rowCount, maxBytes, found);
  if (valueCount < 0) return null;
  const entryCount = table.count;
  const bitWidth = 32 - Math.clz32(entryCount - 1);
  const indexBytes = Math.ceil((valueCount * bitWidth) / 8);
  if (table.byteLength + indexBytes + OVERHEAD_BYTES >= plainBytes) return null;
  return {
    entries: table.toVector(),
    entryCount,
    indices: found.subarray(0, valueCount),
    bitWidth,
  };
}

/** About what the dictionary page's header takes, and the first run of indices. */
const OVERHEAD_BYTES = 32;

/** @returns how many values there are, or -1 where the table does not take them within `maxBytes`. */
function indexValues(
  table: ValueTable,
  vector: BytesVector,
  rowCount: number,
  maxBytes: number,
  indices: Int32Array,
): number {
  const { ends } = vector;
  let valueCount = 0;
  let start = 0;
  for (let row = 0; row < rowCount; row++) {
    const end = ends[row] as number;
    // A present value has at least its length.
    if (end === start) continue;
    const index = table.indexOf(start, end);
    if (index < 0 || table.byteLength > maxBytes) return -1;
    indices[valueCount++] = index;
    start = end;
  }
  return valueCount;
}
