// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { type Commit, digestOfCommit, parseCommit } from "./commit-codec.ts";
import { readClassicCheckpoint } from "./read-checkpoint.ts";
import { commitPath, LOG_DIRECTORY, type LogFile, parseLogFileName } from "./log-files.ts";
import { missingCommit, replayCommits, type Snapshot, snapshotOfCheckpoint } from "./snapshot.ts";

/** Commit files that are read at once. */
const READ_CONCURRENCY = 16;

/**
 * Reads the newest snapshot of a table.
 * @throws DeltaError `not_found` if there is no table, `data_loss` if its log is damaged or has a gap, `unsupported` if
 *   this library cannot read it.
 */
export async function loadSnapshot(store: ObjectStore): Promise<Snapshot> {
  const segment = chooseLogSegment(await listLog(store), store.location);
  const { checkpoint, firstVersion, lastVersion } = segment;
  if (checkpoint === undefined) {
    return replayCommits(undefined, await readCommits(store, firstVersion, lastVersion));
  }
  const base = snapshotOfCheckpoint(await readClassicCheckpoint(store, checkpoint));
  if (firstVersion > lastVersion) {
    return { ...base, commitDigest: await readDigest(store, base.version) };
  }
  return replayCommits(base, await readCommits(store, firstVersion, lastVersion));
}

/**
 * The newest snapshot, given one read earlier: costs one look-up per new version and two more. Where the version known
 * is another than it was, which is so for a table made anew or set back, everything is read again.
 * @throws DeltaError as {@link loadSnapshot}.
 */
export async function refreshSnapshot(store: ObjectStore, known: Snapshot): Promise<Snapshot> {
  const commits: Commit[] = [];
  for (let version = known.version + 1; ; version += 1) {
    const commit = await readCommit(store, version);
    if (commit === undefined) break;
    commits.push(commit);
  }
  if (await holdsCommitOf(store, known)) return replayCommits(known, commits);
  // Where the known version is gone, the versions after it may be gone too: only a listing tells.
  const isGone = (await readDigest(store, known.version)) === undefined;
  if (isGone && newestVersion(await listLog(store)) === known.version) return known;
  return loadSnapshot(store);
}

/** Whether the commit file of a snapshot's version is there, and is still the one that the snapshot was made from. */
export async function holdsCommitOf(store: ObjectStore, snapshot: Snapshot): Promise<boolean> {
  const { version, commitDigest } = snapshot;
  return commitDigest !== undefined && (await readDigest(store, version)) === commitDigest;
}

async function readDigest(store: ObjectStore, version: number): Promise<string | undefined> {
  const bytes = await store.get(commitPath(version));
  return bytes === undefined ? undefined : digestOfCommit(bytes);
}

/** One commit, or `undefined` if there is no such version (yet, or any more). */
export async function readCommit(store: ObjectStore, version: number): Promise<Commit | undefined> {
  const bytes = await store.get(commitPath(version));
  return bytes === undefined ? undefined : parseCommit(version, bytes);
}

/** The files of the log that matter for reading. */
export async function listLog(store: ObjectStore): Promise<readonly LogFile[]> {
  const names = await store.list(LOG_DIRECTORY);
  return names.map(parseLogFileName).filter((file) => file !== undefined);
}

/** What has to be read for the newest snapshot: a checkpoint, if any, and the commits from one version to another. */
export interface LogSegment {
  readonly checkpoint: LogFile | undefined;
  readonly firstVersion: number;
  /** Less than `firstVersion` if no commit follows the checkpoint. */
  readonly lastVersion: number;
}

/**
 * Chooses the newest checkpoint that can be read and the commits after it, and checks that none is missing.
 * @throws DeltaError `not_found` for an empty log, `data_loss` naming a missing version, `unsupported` where only a
 *   checkpoint of a kind that this library does not read covers it.
 */
export function chooseLogSegment(files: readonly LogFile[], location: string): LogSegment {
  const lastVersion = newestVersion(files);
  if (lastVersion === undefined) {
    throw new DeltaError("not_found", `there is no Delta table in ${location}`, {
      details: { location },
    });
  }
  let checkpoint: LogFile | undefined;
  const commits = new Set<number>();
  for (const file of files) {
    if (file.kind === "commit") commits.add(file.version);
    else if (file.form === "classic" && file.version >= (checkpoint?.version ?? 0))
      checkpoint = file;
  }
  const firstVersion = checkpoint === undefined ? 0 : checkpoint.version + 1;
  for (let version = firstVersion; version <= lastVersion; version += 1) {
    if (!commits.has(version)) throw uncovered(files, version);
  }
  return { checkpoint, firstVersion, lastVersion };
}

function uncovered(files: readonly LogFile[], version: number): DeltaError {
  const cover = files.find(
    (file) => file.kind === "checkpoint" && file.form !== "classic" && file.version >= version,
  );
  if (cover === undefined) return missingCommit(version);
  return new DeltaError(
    "unsupported",
    `the table's older versions are only in the checkpoint ${cover.name}; this library reads classic checkpoints, not multi-part or v2 ones`,
    { details: { file: cover.name } },
  );
}

function newestVersion(files: readonly LogFile[]): number | undefined {
  return files.reduce<number | undefined>(
    (newest, { version }) => (newest === undefined || version > newest ? version : newest),
    undefined,
  );
}

async function readCommits(
  store: ObjectStore,
  firstVersion: number,
  lastVersion: number,
): Promise<Commit[]> {
  const commits: Commit[] = [];
  let next = firstVersion;
  const readNext = async (): Promise<void> => {
    while (next <= lastVersion) {
      const version = next;
      next += 1;
      const commit = await readCommit(store, version);
      if (commit === undefined) throw missingCommit(version);
      commits[version - firstVersion] = commit;
    }
  };
  await Promise.all(Array.from({ length: READ_CONCURRENCY }, readNext));
  return commits;
}
