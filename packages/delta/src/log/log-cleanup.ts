// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { LOG_DIRECTORY, type LogFile, SIDECAR_DIRECTORY } from "./log-files.ts";
import { listLog } from "./log-listing.ts";
import { type CheckpointFiles, completeCheckpoints } from "./log-segment.ts";
import { readCheckpoint, readSidecars, sidecarPath } from "./read-checkpoint.ts";
import type { Snapshot } from "./snapshot.ts";
import { logPropertiesOf } from "./table-properties.ts";
import { newestVersionUpTo } from "./time-travel.ts";

export interface LogCleanupOptions {
  /**
   * Now, in milliseconds since the epoch.
   * @default Date.now()
   */
  readonly nowMs?: number;
  /**
   * Files that one run deletes at most, 1 or more; another run goes on.
   * @default 10000
   */
  readonly maxDeletionCount?: number;
  /**
   * Only tells what would be deleted.
   * @default false
   */
  readonly isDryRun?: boolean;
}

export interface LogCleanupResult {
  /** What was deleted, or would be, as paths in the table. */
  readonly deletedPaths: readonly string[];
  /** Whether nothing is left to delete but what the limit has kept. */
  readonly isComplete: boolean;
  /** The earliest version that stays; `undefined` where nothing could be deleted, for lack of an old checkpoint. */
  readonly earliestVersion: number | undefined;
}

const MS_PER_DAY = 86_400_000;
const DEFAULT_MAX_DELETION_COUNT = 10_000;
const DELETE_CONCURRENCY = 16;

/**
 * Deletes what has expired of a log ("Metadata Cleanup" of the protocol): everything before the newest checkpoint that is
 * no newer than midnight UTC of the day `delta.logRetentionDuration` ago. That checkpoint, its commit and all that
 * follows stay. The checkpoint is read first: nothing is deleted that it would have to stand for in vain. Sidecars go
 * that no checkpoint names and that are older than a day.
 *
 * Older versions go first, so that what is left by a crash, or by the limit, is a log that begins later.
 * @throws DeltaError what the store throws; `unsupported` for a property that is no duration. Where
 *   `delta.enableExpiredLogCleanup` is false nothing is deleted.
 */
export async function cleanUpLog(
  store: ObjectStore,
  snapshot: Snapshot,
  options: LogCleanupOptions = {},
): Promise<LogCleanupResult> {
  const { nowMs = Date.now(), isDryRun = false } = options;
  const limit = options.maxDeletionCount ?? DEFAULT_MAX_DELETION_COUNT;
  if (!(Number.isSafeInteger(limit) && limit >= 1)) {
    throw new DeltaError(
      "invalid_argument",
      `maxDeletionCount is ${limit}; it must be a whole number above 0`,
    );
  }
  const properties = logPropertiesOf(snapshot.metadata);
  const nothing = { deletedPaths: [], isComplete: true, earliestVersion: undefined };
  if (!properties.isLogCleanupOn) return nothing;
  const files = await listLog(store);
  const cutoffMs = midnightOf(nowMs - properties.logRetentionMs);
  const kept = await cutoffCheckpoint(store, snapshot, files, cutoffMs);
  const expired = kept === undefined ? [] : expiredFiles(files, kept.version);
  const deleted = expired.slice(0, limit).map(({ name }) => name);
  const names = deleted.map((name) => `${LOG_DIRECTORY}/${name}`);
  if (!isDryRun) await deleteInOrder(store, names);
  const sidecars = names.length < limit ? await expiredSidecars(store, deleted, nowMs) : [];
  const paths = sidecars.slice(0, limit - names.length);
  if (!isDryRun) await deleteInOrder(store, paths);
  return {
    deletedPaths: [...names, ...paths],
    isComplete: names.length < limit && paths.length === sidecars.length,
    earliestVersion: kept?.version,
  };
}

function midnightOf(timeMs: number): number {
  return Math.floor(timeMs / MS_PER_DAY) * MS_PER_DAY;
}

/** The newest checkpoint that is no newer than the cutoff and can be read. */
async function cutoffCheckpoint(
  store: ObjectStore,
  snapshot: Snapshot,
  files: readonly LogFile[],
  cutoffMs: number,
): Promise<CheckpointFiles | undefined> {
  const cutoffVersion = await newestVersionUpTo(store, snapshot, files, cutoffMs);
  if (cutoffVersion === undefined) return undefined;
  for (const checkpoint of completeCheckpoints(files, cutoffVersion)) {
    if (expiredFiles(files, checkpoint.version).length === 0) return checkpoint;
    try {
      await readCheckpoint(store, checkpoint);
      return checkpoint;
    } catch (error) {
      if (!(error instanceof DeltaError) || error.code !== "data_loss") throw error;
    }
  }
  return undefined;
}

/**
 * What a checkpoint makes dispensable, the oldest version first; of a version the checkpoints before the commit, since
 * they are of no use without the commits after them.
 */
function expiredFiles(files: readonly LogFile[], keptVersion: number): readonly LogFile[] {
  const rank = (file: LogFile): number => (file.kind === "checkpoint" ? 0 : 1);
  return files
    .filter(({ kind, version }) =>
      kind === "compacted" ? version <= keptVersion : version < keptVersion,
    )
    .toSorted((one, other) => one.version - other.version || rank(one) - rank(other));
}

/**
 * Sidecars that no checkpoint names, but for those that a checkpoint under way may yet name.
 * @param deleted names of files that are deleted, or would be: they name nothing any more.
 */
async function expiredSidecars(
  store: ObjectStore,
  deleted: readonly string[],
  nowMs: number,
): Promise<readonly string[]> {
  const oldestMs = midnightOf(nowMs) - MS_PER_DAY;
  const old: string[] = [];
  for await (const { path, modifiedAtMs } of store.listAll(SIDECAR_DIRECTORY)) {
    if (modifiedAtMs < oldestMs) old.push(path);
  }
  if (old.length === 0) return old;
  const gone = new Set(deleted);
  // Listed after the sidecars: a checkpoint that has come meanwhile may name old ones too.
  const files = (await listLog(store)).filter(({ name }) => !gone.has(name));
  const named = new Set<string>();
  for (const checkpoint of completeCheckpoints(files, Number.MAX_SAFE_INTEGER)) {
    try {
      for (const sidecar of await readSidecars(store, checkpoint)) named.add(sidecarPath(sidecar));
    } catch (error) {
      // What a damaged checkpoint names is not known, so all sidecars stay.
      if (error instanceof DeltaError && error.code === "data_loss") return [];
      throw error;
    }
  }
  return old.filter((path) => !named.has(path)).toSorted();
}

async function deleteInOrder(store: ObjectStore, paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += DELETE_CONCURRENCY) {
    const batch = paths.slice(start, start + DELETE_CONCURRENCY);
    await Promise.all(batch.map(async (path) => store.delete(path)));
  }
}
