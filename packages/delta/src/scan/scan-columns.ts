// SPDX-License-Identifier: Apache-2.0
import type { FixedVector } from "../columns/column-block.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { decimalOf } from "../schema/decimal.ts";
import type { DataType, StructField } from "../schema/types.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { limitOf, type ScanOptions } from "./scan-options.ts";
import { snapshotOfScan } from "./scan-rows.ts";
import { prepareTableScan, type RowSlice } from "./table-scan.ts";

/** Rows of a table, column by column. All of one batch are of one file. */
export interface ColumnBatch {
  readonly rowCount: number;
  /** The selected columns, in their order. */
  readonly columns: readonly BatchColumn[];
}

/**
 * A column of a batch: one value a row.
 *
 * | column | `values` |
 * |---|---|
 * | BOOLEAN | Uint8Array of 0 and 1 |
 * | TINYINT, SMALLINT, INT | Int32Array |
 * | DATE | Int32Array of days since 1970-01-01 |
 * | BIGINT | BigInt64Array |
 * | TIMESTAMP, TIMESTAMP_NTZ | BigInt64Array of microseconds since 1970-01-01 00:00:00 |
 * | FLOAT, DOUBLE | Float32Array, Float64Array |
 * | others, and partition columns | array of the values that rows have (see `Row`), `null` where there is none |
 */
export interface BatchColumn {
  readonly name: string;
  readonly type: DataType;
  readonly values: BatchValues;
  /**
   * For typed arrays: one byte a row, 1 where there is a value; a row without one has an unspecified value. `null` for
   * arrays.
   */
  readonly validity: Uint8Array | null;
}

export type BatchValues =
  | Uint8Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | readonly unknown[];

/** Most rows of a batch. */
const BATCH_ROWS = 65_536;

/** See `DeltaTable.scanColumns`. */
export async function* scanColumns(
  store: ObjectStore,
  newest: Snapshot,
  options: ScanOptions,
): AsyncGenerator<ColumnBatch, void, undefined> {
  const snapshot = await snapshotOfScan(store, newest, options);
  const scan = prepareTableScan(store, snapshot, options);
  let remaining = limitOf(options);
  if (remaining === 0) return;
  for await (const slice of scan.slices(snapshot.files, BATCH_ROWS)) {
    const rowCount = Math.min(slice.rowCount, remaining);
    yield { rowCount, columns: scan.fields.map((field) => batchColumnOf(field, slice, rowCount)) };
    remaining -= rowCount;
    if (remaining === 0) return;
  }
}

function batchColumnOf(field: StructField, slice: RowSlice, rowCount: number): BatchColumn {
  const { name, type } = field;
  const vector = decimalOf(type) === undefined ? slice.vectorOf(field) : undefined;
  if (vector === undefined) {
    return { name, type, values: slice.valuesOf(field).slice(0, rowCount), validity: null };
  }
  const validity = vector.validity?.subarray(0, rowCount) ?? null;
  return { name, type, values: typedValuesOf(vector, rowCount), validity };
}

function typedValuesOf({ kind, values }: FixedVector, rowCount: number): BatchValues {
  if (kind !== "int64") return values.subarray(0, rowCount);
  return new BigInt64Array(values.buffer, values.byteOffset, rowCount);
}
