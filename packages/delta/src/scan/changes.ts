// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { RemoveAction } from "../log/actions.ts";
import { type ActiveFile, activeFileOf } from "../log/active-file.ts";
import type { Commit } from "../log/commit-codec.ts";
import { decodeDataPath } from "../log/data-path.ts";
import { commitPath } from "../log/log-files.ts";
import { listLog } from "../log/log-listing.ts";
import { readCommit } from "../log/read-commits.ts";
import { inCommitTimestampOf, missingCommit, type Snapshot } from "../log/snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { readAhead } from "./read-ahead.ts";
import { rowMakerOf } from "./object-maker.ts";
import type { Row } from "./row.ts";
import type { ScanOptions } from "./scan-options.ts";
import { ROWS_AT_ONCE } from "./scan-rows.ts";
import { prepareTableScan } from "./table-scan.ts";

export interface ChangesOptions {
  /** The first version whose changes are given. */
  readonly fromVersion: number;
  /**
   * The last one.
   * @default the newest that the table object has seen
   */
  readonly toVersion?: number;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * What a version changed of the table's rows. Files that were only arranged anew (`dataChange` is false, as of a
 * compaction) are not among them.
 */
export interface VersionChange {
  readonly version: number;
  /** Milliseconds since the epoch: what the commit says, or else the time of its file. */
  readonly timestampMs: number;
  /** Such as `WRITE`, if the commit says. */
  readonly operation: string | undefined;
  readonly added: readonly ActiveFile[];
  /**
   * Files that were removed. One of them may be among `added` too, by the same path: some of its rows were deleted, by a
   * deletion vector.
   */
  readonly removed: readonly RemovedFile[];
  /** Whether rows were only added: nothing was removed. */
  readonly isAppend: boolean;
}

export interface RemovedFile {
  /** Decoded, relative to the table's root. */
  readonly path: string;
  /** Bytes, if the log says. */
  readonly sizeBytes: number | undefined;
}

export interface ScanAppendedOptions extends ChangesOptions {
  /** Only these columns. @default all of the schema */
  readonly columns?: readonly string[];
  /** Only rows for which this is true; see `ScanOptions.where`. @default all rows */
  readonly where?: NonNullable<ScanOptions["where"]>;
  /** See `ScanOptions.externalDirectories`. @default none */
  readonly externalDirectories?: readonly string[];
  /**
   * What to do about a version that did not only add rows: `refuse` it, or `skip` it with the rows that it added, which
   * are in part rows that were there before.
   * @default "refuse"
   */
  readonly nonAppends?: "refuse" | "skip";
}

/** A row, and the version that added it. */
export interface AppendedRow {
  readonly version: number;
  /** See {@link VersionChange}. */
  readonly timestampMs: number;
  readonly row: Row;
}

/** Commits that are read ahead. */
const COMMITS_AHEAD = 8;

/** See `DeltaTable.changes`. */
export async function* readChanges(
  store: ObjectStore,
  newest: Snapshot,
  { fromVersion, toVersion = newest.version, signal }: ChangesOptions,
): AsyncGenerator<VersionChange, void, undefined> {
  checkRange(fromVersion, toVersion, newest.version);
  yield* readAhead(
    versionsIn(fromVersion, toVersion),
    COMMITS_AHEAD,
    async (version) => changeAt(store, version),
    signal,
  );
}

/** See `DeltaTable.scanAppended`. */
export async function* scanAppended(
  store: ObjectStore,
  newest: Snapshot,
  options: ScanAppendedOptions,
): AsyncGenerator<AppendedRow, void, undefined> {
  const { columns, where, externalDirectories, signal, nonAppends = "refuse" } = options;
  const scan = prepareTableScan(store, newest, {
    ...(columns === undefined ? {} : { columns }),
    ...(where === undefined ? {} : { where }),
    ...(externalDirectories === undefined ? {} : { externalDirectories }),
    ...(signal === undefined ? {} : { signal }),
  });
  const makeRow = rowMakerOf(scan.fields.map(({ name }) => name));
  for await (const change of readChanges(store, newest, options)) {
    const { version, timestampMs, added, isAppend } = change;
    if (!isAppend) {
      if (nonAppends === "skip") continue;
      throw notAnAppend(change);
    }
    for await (const slice of scan.slices(added, ROWS_AT_ONCE)) {
      const values = scan.fields.map((field) => slice.valuesOf(field));
      for (let row = 0; row < slice.rowCount; row += 1) {
        yield { version, timestampMs, row: makeRow(values, row) };
      }
    }
  }
}

function* versionsIn(first: number, last: number): Generator<number, void, undefined> {
  for (let version = first; version <= last; version += 1) yield version;
}

async function changeAt(store: ObjectStore, version: number): Promise<VersionChange> {
  const commit = await readCommit(store, version);
  if (commit === undefined) throw await goneVersion(store, version);
  const removed = commit.removes.filter(({ dataChange }) => dataChange).map(removedFileOf);
  return {
    version,
    timestampMs: await timeOf(store, commit),
    operation: commit.commitInfo?.operation,
    added: commit.adds.filter(({ dataChange }) => dataChange).map(activeFileOf),
    removed,
    isAppend: removed.length === 0,
  };
}

function removedFileOf({ path, size }: RemoveAction): RemovedFile {
  return { path: decodeDataPath(path), sizeBytes: size };
}

async function timeOf(store: ObjectStore, { version, commitInfo }: Commit): Promise<number> {
  const stated = inCommitTimestampOf(commitInfo) ?? commitInfo?.timestamp;
  if (typeof stated === "number") return stated;
  return (await store.head(commitPath(version)))?.modifiedAtMs ?? 0;
}

/** Commits go when the log is cleaned up; one that is missing between others is damage. */
async function goneVersion(store: ObjectStore, version: number): Promise<DeltaError> {
  const left = (await listLog(store)).flatMap((file) =>
    file.kind === "commit" ? [file.version] : [],
  );
  const earliest = left.length === 0 ? undefined : Math.min(...left);
  if (earliest !== undefined && earliest < version) return missingCommit(version);
  const rest = earliest === undefined ? "none is left" : `the earliest that is left is ${earliest}`;
  return new DeltaError(
    "not_found",
    `the changes of version ${version} are gone: the log has been cleaned up, ${rest}; read the whole table, and then go on from its version`,
    { details: { version, earliestVersion: earliest } },
  );
}

function checkRange(fromVersion: number, toVersion: number, newest: number): void {
  for (const [name, version] of [
    ["fromVersion", fromVersion],
    ["toVersion", toVersion],
  ] as const) {
    if (!Number.isSafeInteger(version) || version < 0) {
      throw new DeltaError(
        "invalid_argument",
        `${name} is ${version}; it must be a version, from 0 on`,
      );
    }
  }
  // From the version after the newest on there is nothing yet: whoever follows a table asks so again and again.
  if (fromVersion > newest + 1 || toVersion > newest) {
    throw new DeltaError(
      "invalid_argument",
      `versions ${fromVersion} to ${toVersion} are asked for; the newest that is known is ${newest}`,
      { details: { newestVersion: newest } },
    );
  }
}

function notAnAppend({ version, operation, removed }: VersionChange): DeltaError {
  const what = operation === undefined ? "" : ` (${operation})`;
  return new DeltaError(
    "unsupported",
    `version ${version}${what} did not only add rows: it removed ${removed.length} files or rows of them; set nonAppends to "skip", or read the table anew`,
    { details: { version, operation, removedFileCount: removed.length } },
  );
}
