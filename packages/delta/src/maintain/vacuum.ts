// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DeletionVectorDescriptor } from "../log/actions.ts";
import { decodeDataPath } from "../log/data-path.ts";
import { liveTombstones } from "../log/live-tombstones.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { validateWritable } from "../log/table-features.ts";
import { logPropertiesOf } from "../log/table-properties.ts";
import { vectorFileOf } from "../scan/deletion-vectors/read-deletion-vector.ts";
import type { ObjectEntry, ObjectStore } from "../store/object-store.ts";
import { inParallel } from "./in-parallel.ts";

export interface VacuumOptions {
  /**
   * Files that were removed from the table, or have never been part of it, are deleted when that, or their writing, is
   * longer ago than this. A reader of an older version, and a writer that has not committed its files yet, are safe for
   * that long. Milliseconds, 0 or more.
   * @default the table's `delta.deletedFileRetentionDuration`, 7 days if it has none
   */
  readonly retentionMs?: number;
  /**
   * Takes a `retentionMs` below the table's own. Only where nobody else reads or writes the table.
   * @default false: it is refused
   */
  readonly allowShortRetention?: boolean;
  /**
   * Deletes nothing and tells what would be.
   * @default false
   */
  readonly dryRun?: boolean;
  /**
   * Deletes at most so many files, so that a run has an end; the next one goes on.
   * @default all
   */
  readonly maxFiles?: number;
  /** Called for each file, before it is deleted. */
  readonly onFile?: (file: ObjectEntry) => void;
  /** Ends the run with its reason; what is deleted stays so. */
  readonly signal?: AbortSignal;
}

export interface VacuumResult {
  /** Files deleted; in a dry run, files that would be. */
  readonly fileCount: number;
  readonly byteCount: number;
  /** Files that were looked at, those of the table included. */
  readonly seenFileCount: number;
  readonly retentionMs: number;
  readonly dryRun: boolean;
}

/** Deletions under way at once. */
const DELETE_CONCURRENCY = 16;

/**
 * Deletes files of a table's directory that no version within the retention needs. Files and directories whose names
 * begin with `_` or `.` are not looked at, except for change data and for partitions of columns with such names; nor is
 * anything deleted that was written within the retention.
 * @param snapshot the newest one.
 * @throws DeltaError `invalid_argument` for a retention below the table's own, `unsupported` where the table uses what
 *   this library does not write (the check that `vacuumProtocolCheck` asks for), and what the store throws.
 */
export async function vacuum(
  store: ObjectStore,
  snapshot: Snapshot,
  nowMs: number,
  options: VacuumOptions = {},
): Promise<VacuumResult> {
  validateWritable(snapshot);
  const { dryRun = false, maxFiles = Infinity, onFile, signal } = options;
  const retentionMs = retentionOf(snapshot, options);
  const cutoffMs = nowMs - retentionMs;
  const needed = await NeededFiles.of(store, snapshot, cutoffMs);
  const isHidden = hiddenRuleOf(snapshot.metadata.partitionColumns);
  let seenFileCount = 0;
  let fileCount = 0;
  let byteCount = 0;
  async function* expired(): AsyncGenerator<ObjectEntry, void, undefined> {
    for await (const entry of store.listAll("")) {
      signal?.throwIfAborted();
      if (isHidden(entry.path)) continue;
      seenFileCount += 1;
      if (entry.modifiedAtMs >= cutoffMs || needed.has(entry.path)) continue;
      if (fileCount >= maxFiles) return;
      fileCount += 1;
      byteCount += entry.sizeBytes;
      onFile?.(entry);
      yield entry;
    }
  }
  await inParallel(expired(), DELETE_CONCURRENCY, async ({ path }) => {
    if (!dryRun) await store.delete(path);
  });
  return { fileCount, byteCount, seenFileCount, retentionMs, dryRun };
}

function retentionOf(snapshot: Snapshot, options: VacuumOptions): number {
  const { deletedFileRetentionMs } = logPropertiesOf(snapshot.metadata);
  const { retentionMs = deletedFileRetentionMs, allowShortRetention = false } = options;
  if (!(retentionMs >= 0)) {
    throw new DeltaError(
      "invalid_argument",
      `retentionMs is ${retentionMs}; it must be 0 milliseconds or more`,
    );
  }
  if (retentionMs < deletedFileRetentionMs && !allowShortRetention) {
    throw new DeltaError(
      "invalid_argument",
      `a retention of ${hoursText(retentionMs)} is below the table's own of ${hoursText(deletedFileRetentionMs)} (delta.deletedFileRetentionDuration): readers of older versions and writers that have not committed yet could lose files; take a longer one, or allow it where nobody else uses the table`,
      { details: { retentionMs, deletedFileRetentionMs } },
    );
  }
  return retentionMs;
}

function hoursText(milliseconds: number): string {
  return `${Math.round(milliseconds / 36_000) / 100} hours`;
}

/** The files that the newest version needs, and those that versions within the retention need beside them. */
class NeededFiles {
  readonly #snapshot: Snapshot;
  readonly #paths = new Set<string>();
  /**
   * Last names of files that the log names by absolute paths or URIs. One place has many of those, so any file of such a
   * name is kept.
   */
  readonly #names = new Set<string>();

  private constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  static async of(store: ObjectStore, snapshot: Snapshot, cutoffMs: number): Promise<NeededFiles> {
    const needed = new NeededFiles(snapshot);
    for (const { path, deletionVector } of snapshot.files) {
      if (isAbsolutePath(path)) needed.#add(path);
      needed.#addVector(deletionVector);
    }
    for await (const tombstone of liveTombstones(store, snapshot, cutoffMs - 1)) {
      needed.#add(decodeDataPath(tombstone.path));
      needed.#addVector(tombstone.deletionVector);
    }
    return needed;
  }

  has(path: string): boolean {
    return (
      this.#snapshot.files.has(path) || this.#paths.has(path) || this.#names.has(lastNameOf(path))
    );
  }

  #add(path: string): void {
    if (isAbsolutePath(path)) this.#names.add(lastNameOf(path));
    else this.#paths.add(path);
  }

  #addVector(descriptor: DeletionVectorDescriptor | undefined): void {
    const path = descriptor === undefined ? undefined : vectorFileOf(descriptor);
    if (path !== undefined) this.#add(path);
  }
}

function isAbsolutePath(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:\//.test(path);
}

function lastNameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** What a crash leaves of a local write, in any directory; see `ObjectStore.listAll`. */
const LEFT_OVER_WRITE = /(?:^|\/)\.[^/]+\.tmp$/;

/** Directories of change data, whose files expire as data files do. */
const CHANGE_DATA_DIRECTORY = "_change_data";

function hiddenRuleOf(partitionColumns: readonly string[]): (path: string) => boolean {
  const isHiddenName = (name: string): boolean =>
    /^[._]/.test(name) &&
    name !== CHANGE_DATA_DIRECTORY &&
    !partitionColumns.some((column) => name.startsWith(`${column}=`));
  return (path) => !LEFT_OVER_WRITE.test(path) && path.split("/").some(isHiddenName);
}
