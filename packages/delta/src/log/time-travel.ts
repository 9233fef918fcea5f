// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { commitPath, type LogFile } from "./log-files.ts";
import { earliestVersionOf, listLog, noTable } from "./log-listing.ts";
import { inCommitTimestampOf, missingCommit, type Snapshot } from "./snapshot.ts";
import { readCommitHead } from "./read-commits.ts";
import { hasInCommitTimestamps } from "./table-properties.ts";

/** Files that are looked up at once. */
const HEAD_CONCURRENCY = 16;

/** A version and when it was committed, milliseconds since the epoch. */
export interface VersionTime {
  readonly version: number;
  readonly timestampMs: number;
}

/**
 * The version that was the newest at a time.
 * @param loadNewest reads the newest snapshot, which tells whether commits carry timestamps.
 * @throws DeltaError `not_found` for a time before the earliest version that is left; as `loadSnapshot` else.
 */
export async function versionAt(
  store: ObjectStore,
  timestampMs: number,
  nowMs: number,
  loadNewest: (store: ObjectStore) => Promise<Snapshot>,
): Promise<number> {
  if (!Number.isFinite(timestampMs)) {
    throw new DeltaError("invalid_argument", `${timestampMs} is not a time`);
  }
  if (timestampMs > nowMs) {
    throw new DeltaError(
      "invalid_argument",
      `the time ${timeText(timestampMs)} is yet to come: what the table is then is not known`,
      { details: { timestampMs, nowMs } },
    );
  }
  const newest = await loadNewest(store);
  const files = await listLog(store);
  const earliest = earliestVersionOf(files);
  if (earliest === undefined) throw noTable(store.location);
  const found = await newestVersionUpTo(store, newest, files, timestampMs);
  if (found !== undefined) return found;
  throw await tooEarly(store, timestampMs, earliest);
}

/**
 * The newest version that can be read and was committed at a time or before, or `undefined` if there is none.
 * @param newest the newest snapshot, which tells whether commits carry timestamps.
 * @param files the whole listing of the log.
 * @throws DeltaError `data_loss` for a commit that is missing, or has no timestamp though it must.
 */
export async function newestVersionUpTo(
  store: ObjectStore,
  newest: Snapshot,
  files: readonly LogFile[],
  timestampMs: number,
): Promise<number | undefined> {
  const earliest = earliestVersionOf(files);
  if (earliest === undefined) return undefined;
  const timedFrom = inCommitTimestampsFrom(newest);
  if (timedFrom !== undefined && timestampMs >= timedFrom.timestampMs) {
    const first = Math.max(earliest, timedFrom.version);
    return versionByCommit(store, timestampMs, first, newest.version);
  }
  const end = Math.min(newest.version, (timedFrom?.version ?? Infinity) - 1);
  const versions = files.flatMap(({ kind, version }) =>
    kind === "commit" && version >= earliest && version <= end ? [version] : [],
  );
  const times = await commitFileTimes(store, versions);
  return times.findLast((time) => time.timestampMs <= timestampMs)?.version;
}

/**
 * When versions were committed, as far as the files tell: the times of the files, each at least a millisecond after the
 * one before it.
 * @param versions in ascending order; those without a commit file are left out.
 */
export async function commitFileTimes(
  store: ObjectStore,
  versions: readonly number[],
): Promise<readonly VersionTime[]> {
  const modified: (number | undefined)[] = [];
  let next = 0;
  const lookUp = async (): Promise<void> => {
    while (next < versions.length) {
      const index = next;
      next += 1;
      modified[index] = (await store.head(commitPath(versions[index] as number)))?.modifiedAtMs;
    }
  };
  await Promise.all(Array.from({ length: HEAD_CONCURRENCY }, lookUp));
  const times: VersionTime[] = [];
  let last = -Infinity;
  for (const [index, version] of versions.entries()) {
    const modifiedAtMs = modified[index];
    if (modifiedAtMs === undefined) continue;
    last = Math.max(modifiedAtMs, last + 1);
    times.push({ version, timestampMs: last });
  }
  return times;
}

/**
 * From which version and time on commits carry timestamps ("Recommendations for Readers of Tables with In-Commit
 * Timestamps"); `undefined` where none do.
 */
export function inCommitTimestampsFrom({
  protocol,
  metadata,
}: Pick<Snapshot, "protocol" | "metadata">): VersionTime | undefined {
  if (!hasInCommitTimestamps(protocol, metadata)) return undefined;
  const { configuration } = metadata;
  const version = Number(configuration["delta.inCommitTimestampEnablementVersion"] ?? 0);
  const time = configuration["delta.inCommitTimestampEnablementTimestamp"];
  return {
    version: Number.isSafeInteger(version) ? version : 0,
    timestampMs: time === undefined ? -Infinity : Number(time),
  };
}

/** Commit timestamps rise strictly, so that halving finds the version. */
async function versionByCommit(
  store: ObjectStore,
  timestampMs: number,
  firstVersion: number,
  lastVersion: number,
): Promise<number | undefined> {
  const timeOf = async (version: number): Promise<number> => {
    const head = await readCommitHead(store, version);
    if (head === undefined) throw missingCommit(version);
    const time = inCommitTimestampOf(head.commitInfo);
    if (time !== undefined) return time;
    throw new DeltaError("data_loss", `the commit of version ${version} has no inCommitTimestamp`, {
      details: { version },
    });
  };
  // A cleanup by another writer may have taken the commit of the first checkpoint.
  const hasFirst = (await store.head(commitPath(firstVersion))) !== undefined;
  let low = hasFirst ? firstVersion : Math.min(firstVersion + 1, lastVersion);
  if (timestampMs < (await timeOf(low))) return hasFirst ? undefined : firstVersion;
  let high = lastVersion;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((await timeOf(middle)) <= timestampMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function tooEarly(
  store: ObjectStore,
  timestampMs: number,
  earliestVersion: number,
): Promise<DeltaError> {
  const head = await readCommitHead(store, earliestVersion);
  const earliestMs =
    inCommitTimestampOf(head?.commitInfo) ??
    (await store.head(commitPath(earliestVersion)))?.modifiedAtMs;
  const of = earliestMs === undefined ? "" : `, of ${timeText(earliestMs)}`;
  return new DeltaError(
    "not_found",
    `the table has nothing of ${timeText(timestampMs)}: the earliest version that is left is ${earliestVersion}${of}`,
    { details: { timestampMs, earliestVersion } },
  );
}

function timeText(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}
