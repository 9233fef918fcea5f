// SPDX-License-Identifier: Apache-2.0
import type { FlatVector } from "../columns/column-block.ts";
import {
  allocateFixed,
  ELEMENTS_PER_ROW,
  type FixedKind,
  type FixedValues,
} from "../columns/fixed-column.ts";
import { sharedBytes, sharedUint32s } from "../columns/shared-memory.ts";
import type { LeafValues } from "./conversions.ts";
import type { StoredBytes } from "./parquet/leaf-data.ts";

/** Stands for a slot without a value. */
export const NO_VALUE = -1;

/**
 * Copies values of a leaf into a column of a block.
 * @param indices which value each slot has, or {@link NO_VALUE}.
 * @param validity of the new column; `null` where it has no nulls.
 */
export function gather(
  values: LeafValues,
  indices: Int32Array,
  validity: Uint8Array | null,
): FlatVector {
  if (values.kind === "bytes") return gatherBytes(values, indices, validity);
  const { kind } = values;
  const target = allocateFixed(kind, indices.length);
  const width = ELEMENTS_PER_ROW[kind];
  const source = elementsOf(values);
  if (width === 1) copyElements(source, target, indices);
  else copyWords(source, target, indices, width);
  return { kind, values: target, validity };
}

/** The array that blocks hold values of a kind in, over the same memory. */
export function elementsOf(values: Exclude<LeafValues, StoredBytes>): FixedValues {
  if (values.kind !== "int64") return values.values;
  const { buffer, byteOffset, length } = values.values;
  return new Int32Array(buffer, byteOffset, length * ELEMENTS_PER_ROW["int64" satisfies FixedKind]);
}

function copyElements(source: FixedValues, target: FixedValues, indices: Int32Array): void {
  for (let slot = 0; slot < indices.length; slot += 1) {
    const index = indices[slot] as number;
    if (index !== NO_VALUE) target[slot] = source[index] as number;
  }
}

function copyWords(
  source: FixedValues,
  target: FixedValues,
  indices: Int32Array,
  width: number,
): void {
  for (let slot = 0; slot < indices.length; slot += 1) {
    const index = indices[slot] as number;
    if (index === NO_VALUE) continue;
    for (let word = 0; word < width; word += 1) {
      target[slot * width + word] = source[index * width + word] as number;
    }
  }
}

/** Entries of the pool are copied with their length, which is how a block keeps them. */
function gatherBytes(
  { data, ends, indices: entries }: StoredBytes,
  indices: Int32Array,
  validity: Uint8Array | null,
): FlatVector {
  const entryOf = (index: number): number =>
    entries === null ? index : (entries[index] as number);
  const startOf = (entry: number): number => (entry === 0 ? 0 : (ends[entry - 1] as number));
  const targetEnds = sharedUint32s(indices.length);
  let end = 0;
  for (let slot = 0; slot < indices.length; slot += 1) {
    const index = indices[slot] as number;
    if (index !== NO_VALUE) {
      const entry = entryOf(index);
      end += (ends[entry] as number) - startOf(entry);
    }
    targetEnds[slot] = end;
  }
  const target = sharedBytes(end);
  let runStart = 0;
  let runEnd = 0;
  let written = 0;
  // Values that lie behind each other are copied in one go.
  const flush = (): void => {
    target.set(data.subarray(runStart, runEnd), written);
    written += runEnd - runStart;
  };
  for (let slot = 0; slot < indices.length; slot += 1) {
    const index = indices[slot] as number;
    if (index === NO_VALUE) continue;
    const entry = entryOf(index);
    const start = startOf(entry);
    if (start !== runEnd) {
      flush();
      runStart = start;
    }
    runEnd = ends[entry] as number;
  }
  flush();
  return { kind: "bytes", data: target, ends: targetEnds, validity };
}
