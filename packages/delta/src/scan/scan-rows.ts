// SPDX-License-Identifier: Apache-2.0
import { loadSnapshot, type SnapshotOptions } from "../log/load-snapshot.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { dataFileLocatorOf } from "./data-file-locator.ts";
import { rowMakerOf } from "./object-maker.ts";
import { openParquetFile } from "./parquet/parquet-file.ts";
import type { Row } from "./row.ts";
import { limitOf, type ScanOptions } from "./scan-options.ts";
import { prepareTableScan } from "./table-scan.ts";

/** Rows that are made at once: few enough that their values are used before the next ones are made. */
export const ROWS_AT_ONCE = 2048;

/** Which rows are counted. */
export type CountOptions = Omit<ScanOptions, "columns" | "limit">;

/** See `DeltaTable.countRows`. */
export async function countRows(
  store: ObjectStore,
  newest: Snapshot,
  options: CountOptions = {},
): Promise<number> {
  const snapshot = await snapshotOfScan(store, newest, options);
  if (options.where === undefined) return countAllRows(store, snapshot, options);
  let total = 0;
  const scan = prepareTableScan(store, snapshot, { ...options, columns: [] });
  for await (const { rowCount } of scan.slices(snapshot.files, ROWS_AT_ONCE)) total += rowCount;
  return total;
}

/** Rows by the log, less those that are deleted; from the files' footers where the log does not say. */
async function countAllRows(
  store: ObjectStore,
  snapshot: Snapshot,
  { externalDirectories = [], signal }: CountOptions,
): Promise<number> {
  const locator = dataFileLocatorOf(store, externalDirectories);
  let total = 0;
  for (const { path, sizeBytes, rowCount, deletionVector } of snapshot.files) {
    signal?.throwIfAborted();
    const inFile = rowCount ?? (await openParquetFile(locator(path), path, sizeBytes)).rowCount;
    total += inFile - (deletionVector?.cardinality ?? 0);
  }
  return total;
}

/**
 * The state that a scan reads.
 * @throws DeltaError as `loadSnapshot`.
 */
export async function snapshotOfScan(
  store: ObjectStore,
  newest: Snapshot,
  { version, timestampMs }: SnapshotOptions,
): Promise<Snapshot> {
  if (version === undefined && timestampMs === undefined) return newest;
  if (version === newest.version && timestampMs === undefined) return newest;
  return loadSnapshot(store, {
    ...(version === undefined ? {} : { version }),
    ...(timestampMs === undefined ? {} : { timestampMs }),
  });
}

/** See `DeltaTable.scan`. */
export async function* scanRows(
  store: ObjectStore,
  newest: Snapshot,
  options: ScanOptions,
): AsyncGenerator<Row, void, undefined> {
  const snapshot = await snapshotOfScan(store, newest, options);
  const scan = prepareTableScan(store, snapshot, options);
  let remaining = limitOf(options);
  if (remaining === 0) return;
  const makeRow = rowMakerOf(scan.fields.map(({ name }) => name));
  for await (const slice of scan.slices(snapshot.files, ROWS_AT_ONCE)) {
    const columns = scan.fields.map((field) => slice.valuesOf(field));
    const wanted = Math.min(slice.rowCount, remaining);
    for (let row = 0; row < wanted; row += 1) yield makeRow(columns, row);
    remaining -= wanted;
    if (remaining === 0) return;
  }
}
