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
 * Sealed rows in columns, in the order of the table's columns. A block owns its buffers: it can be moved to another
 * thread with {@link transferablesOf} and comes back empty through a pool.
 */
export interface ColumnBlock {
  readonly rowCount: number;
  readonly columns: readonly ColumnVector[];
}

/** The buffers of a block, for the transfer list of `postMessage`. */
export function transferablesOf(block: ColumnBlock): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const column of block.columns) {
    if (column.kind !== "nested") pushFlat(column, buffers);
    else for (const leaf of column.leaves) pushLeaf(leaf, buffers);
  }
  return buffers;
}

function pushLeaf(leaf: LeafVector, buffers: ArrayBuffer[]): void {
  pushFlat(leaf.values, buffers);
  for (const array of [leaf.definitions, leaf.repetitions, leaf.entryEnds, leaf.valueEnds]) {
    buffers.push(array.buffer as ArrayBuffer);
  }
}

function pushFlat(column: FlatVector, buffers: ArrayBuffer[]): void {
  if (column.kind === "bytes") {
    buffers.push(column.data.buffer as ArrayBuffer, column.ends.buffer as ArrayBuffer);
  } else {
    buffers.push(column.values.buffer as ArrayBuffer);
  }
  if (column.validity !== null) buffers.push(column.validity.buffer as ArrayBuffer);
}
