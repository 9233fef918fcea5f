// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { columnMappingModeOf } from "../log/column-mapping.ts";
import { dataFileLocatorOf } from "./data-file-locator.ts";
import { rowMakerOf } from "./object-maker.ts";
import { openParquetFile } from "./parquet/parquet-file.ts";
import type { Row } from "./row.ts";
import { limitOf, type ScanOptions, selectColumns } from "./scan-options.ts";
import { liveRows, loadGroups } from "./scan-files.ts";

/** Rows by the log, less those that are deleted; from the files' footers where the log does not say. */
export async function countRows(store: ObjectStore, snapshot: Snapshot): Promise<number> {
  const locator = dataFileLocatorOf(store, []);
  let total = 0;
  for (const { path, sizeBytes, rowCount, deletionVector } of snapshot.files) {
    const inFile = rowCount ?? (await openParquetFile(locator(path), path, sizeBytes)).rowCount;
    total += inFile - (deletionVector?.cardinality ?? 0);
  }
  return total;
}

/** See `DeltaTable.scan`. */
export async function* scanRows(
  store: ObjectStore,
  snapshot: Snapshot,
  options: ScanOptions,
): AsyncGenerator<Row, void, undefined> {
  const fields = selectColumns(snapshot.schema, options.columns);
  const { partitionColumns } = snapshot.metadata;
  if (partitionColumns.length > 0) {
    throw new DeltaError(
      "unsupported",
      `the table is partitioned by ${partitionColumns.join(", ")}; reading rows of partitioned tables is not supported`,
      { details: { partitionColumns } },
    );
  }
  let remaining = limitOf(options);
  if (remaining === 0) return;
  const makeRow = rowMakerOf(fields.map(({ name }) => name));
  const groups = loadGroups({
    files: snapshot.files,
    fields,
    mode: columnMappingModeOf(snapshot.protocol, snapshot.metadata),
    locator: dataFileLocatorOf(store, options.externalDirectories ?? []),
    signal: options.signal,
  });
  for await (const loaded of groups) {
    const columns = loaded.opened.nodes.map((node) => loaded.reader.column(node));
    for (const rows of liveRows(loaded)) {
      options.signal?.throwIfAborted();
      const wanted = rows.subarray(0, remaining);
      const values = columns.map((column) => column.read(wanted));
      for (let row = 0; row < wanted.length; row += 1) yield makeRow(values, row);
      remaining -= wanted.length;
      if (remaining === 0) return;
    }
  }
}
