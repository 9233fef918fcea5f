// SPDX-License-Identifier: Apache-2.0
import type { ActiveFile } from "../log/file-set.ts";
import type { StructField } from "../schema/types.ts";
import type { ColumnMappingMode } from "../log/column-mapping.ts";
import type { DataFileLocator } from "./data-file-locator.ts";
import { readDeletionVector } from "./deletion-vectors/read-deletion-vector.ts";
import type { RowSet } from "./deletion-vectors/row-set.ts";
import {
  damaged,
  fetchChunks,
  type FileRowGroup,
  openParquetFile,
  type ParquetFile,
} from "./parquet/parquet-file.ts";
import { readAhead } from "./read-ahead.ts";
import { leavesOf, planColumns, type ReadNode } from "./read-plan.ts";
import { RowGroupReader } from "./row-group-reader.ts";

/** What is read of the files of a table. */
export interface FileScan {
  readonly files: Iterable<ActiveFile>;
  /** Columns that are in the files. */
  readonly fields: readonly StructField[];
  readonly mode: ColumnMappingMode;
  readonly locator: DataFileLocator;
  /** Whether a row group may have rows that are wanted. @default all have */
  readonly mayMatch?: (group: FileRowGroup, opened: OpenedFile) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A data file that is ready to be read. */
export interface OpenedFile {
  readonly file: ActiveFile;
  readonly parquet: ParquetFile;
  /** One of each field. */
  readonly nodes: readonly ReadNode[];
  readonly deleted: RowSet | undefined;
}

/** A row group whose bytes are in memory. */
export interface LoadedGroup {
  readonly opened: OpenedFile;
  readonly reader: RowGroupReader;
}

/** Files whose footers are read ahead. */
const OPEN_FILES = 4;
/** Row groups in memory: the one that is looked at, and those that are read meanwhile. */
const LOADED_GROUPS = 3;

/**
 * The row groups of files, in their order, read ahead.
 * @throws DeltaError `data_loss` naming a file that is missing or damaged, `unsupported`.
 */
export function loadGroups(scan: FileScan): AsyncGenerator<LoadedGroup, void, undefined> {
  return readAhead(
    groupsOf(scan),
    LOADED_GROUPS - 1,
    async ({ opened, group }) => {
      const leaves = new Set<number>();
      for (const node of opened.nodes) leavesOf(node, leaves);
      const fetched = await fetchChunks(opened.parquet, group, leaves);
      return { opened, reader: new RowGroupReader(opened.parquet, group, fetched) };
    },
    scan.signal,
  );
}

async function* groupsOf(
  scan: FileScan,
): AsyncGenerator<{ readonly opened: OpenedFile; readonly group: FileRowGroup }, void, undefined> {
  const files = readAhead(
    scan.files,
    OPEN_FILES,
    async (file) => openFile(file, scan),
    scan.signal,
  );
  for await (const opened of files) {
    for (const group of opened.parquet.rowGroups) {
      if (group.rowCount === 0 || scan.mayMatch?.(group, opened) === false) continue;
      yield { opened, group };
    }
  }
}

/**
 * Reads the footer and the deletion vector of a file.
 * @throws DeltaError `data_loss`, `unsupported`.
 */
async function openFile(file: ActiveFile, scan: FileScan): Promise<OpenedFile> {
  const { path, sizeBytes, rowCount, deletionVector } = file;
  const parquet = await openParquetFile(scan.locator(path), path, sizeBytes);
  if (rowCount !== undefined && rowCount !== parquet.rowCount) {
    throw damaged(path, `has ${parquet.rowCount} rows, though the log says it has ${rowCount}`);
  }
  const nodes = planColumns(scan.fields, parquet.tree, scan.mode, path);
  const deleted =
    deletionVector === undefined
      ? undefined
      : await readDeletionVector(deletionVector, path, parquet.rowCount, scan.locator);
  return { file, parquet, nodes, deleted };
}

/**
 * The numbers of a group's rows that are not deleted, ascending.
 * @param sliceRows rows that are looked at for each array.
 */
export function* liveRows(
  { opened, reader }: LoadedGroup,
  sliceRows: number,
): Generator<Uint32Array, void, undefined> {
  const { rowCount, rowStart } = reader.group;
  const { deleted } = opened;
  for (let start = 0; start < rowCount; start += sliceRows) {
    const end = Math.min(rowCount, start + sliceRows);
    const rows = new Uint32Array(end - start);
    let count = 0;
    for (let row = start; row < end; row += 1) {
      if (deleted?.has(rowStart + row) !== true) rows[count++] = row;
    }
    if (count > 0) yield rows.subarray(0, count);
  }
}
