// SPDX-License-Identifier: Apache-2.0
import type { FixedKind, FixedValues } from "./fixed-column.ts";

/** A sealed column of fixed-size values: the first `rowCount` rows of the arrays count. Layout: `FixedColumn`. */
export interface FixedVector {
  readonly kind: FixedKind;
  readonly values: FixedValues;
  readonly validity: Uint8Array | null;
}

/** A sealed column of byte strings. Layout: `BytesColumn`. */
export interface BytesVector {
  readonly kind: "bytes";
  readonly data: Uint8Array;
  readonly ends: Uint32Array;
  readonly validity: Uint8Array | null;
}

export type FlatVector = FixedVector | BytesVector;

/** A sealed leaf. Layout: `LeafColumn`. */
export interface LeafVector {
  readonly values: FlatVector;
  readonly definitions: Uint8Array;
  readonly repetitions: Uint8Array;
  readonly entryEnds: Uint32Array;
  readonly valueEnds: Uint32Array;
}

/** A sealed column of a type with parts. */
export interface NestedVector {
  readonly kind: "nested";
  readonly validity: null;
  readonly leaves: readonly LeafVector[];
}

export type ColumnVector = FlatVector | NestedVector;

/**
 * Sealed rows in columns, in the order of the table's columns. The arrays are shared memory: `postMessage` gives another
 * thread the same block, whose it is until it says that it is done.
 */
export interface ColumnBlock {
  readonly rowCount: number;
  readonly columns: readonly ColumnVector[];
}

/** Bytes of memory that a block keeps, whatever its rows take of it. */
export function memoryOf(block: ColumnBlock): number {
  let total = 0;
  for (const column of block.columns) {
    if (column.kind !== "nested") total += memoryOfFlat(column);
    else for (const leaf of column.leaves) total += memoryOfLeaf(leaf);
  }
  return total;
}

function memoryOfLeaf(leaf: LeafVector): number {
  const { definitions, repetitions, entryEnds, valueEnds } = leaf;
  const levels = definitions.byteLength + repetitions.byteLength;
  return memoryOfFlat(leaf.values) + levels + entryEnds.byteLength + valueEnds.byteLength;
}

function memoryOfFlat(column: FlatVector): number {
  const validity = column.validity?.byteLength ?? 0;
  if (column.kind !== "bytes") return column.values.byteLength + validity;
  return column.data.byteLength + column.ends.byteLength + validity;
}
