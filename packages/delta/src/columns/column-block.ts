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

export type ColumnVector = FixedVector | BytesVector;

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
    if (column.kind === "bytes") {
      buffers.push(column.data.buffer as ArrayBuffer, column.ends.buffer as ArrayBuffer);
    } else {
      buffers.push(column.values.buffer as ArrayBuffer);
    }
    if (column.validity !== null) buffers.push(column.validity.buffer as ArrayBuffer);
  }
  return buffers;
}
