// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { Commit } from "./commit-codec.ts";
import { commitPath, type LogFile } from "./log-files.ts";
import { earliestVersionOf, listLog, noTable } from "./log-listing.ts";
import {
  type CheckpointFiles,
  completeCheckpoints,
  newestVersionOf,
  segmentPieces,
} from "./log-segment.ts";
import { readLastCheckpoint } from "./last-checkpoint.ts";
import { readCheckpoint } from "./read-checkpoint.ts";
import { readCommit, readCommitHead, readPieces } from "./read-commits.ts";
import { LogReplay, replayCommits, type Snapshot } from "./snapshot.ts";
import { versionAt } from "./time-travel.ts";

/** Commits that a refresh looks for at once, once it knows that there are any. */
const REFRESH_CONCURRENCY = 16;

/** Which state of a table to load; the newest one if nothing is given, and not both. */
export interface SnapshotOptions {
  /** A version, 0 to 2^53 - 1. */
  readonly version?: number;
  /**
   * The version that was the newest at this time, milliseconds since the epoch. Times are those that commits carry
   * (in-commit timestamps), or else the times of the files, each taken as later than the one before it.
   */
  readonly timestampMs?: number;
  /**
   * Now, in milliseconds since the epoch; a `timestampMs` after it is refused.
   * @default Date.now()
   */
  readonly nowMs?: number;
}

/**
 * Reads a snapshot of a table: from the newest checkpoint that can be read, and the commits after it.
 *
 * `_last_checkpoint` only tells from where on to list. A checkpoint that is damaged, or not what it says it is, is passed
 * over for an older one, or for the commits from version 0 on; its damage is reported where nothing else serves.
 * @throws DeltaError `not_found` if there is no table, or no such version (`details.earliestVersion` and
 *   `details.newestVersion` tell which there are), `data_loss` if its log is damaged or has a gap, `unsupported` if this
 *   library cannot read it, `invalid_argument` for options that cannot be.
 */
export async function loadSnapshot(
  store: ObjectStore,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const { version, timestampMs, nowMs = Date.now() } = options;
  if (version !== undefined && timestampMs !== undefined) {
    throw new DeltaError("invalid_argument", "give either a version or a timestamp, not both");
  }
  if (timestampMs !== undefined) {
    const found = await versionAt(store, timestampMs, nowMs, loadSnapshot);
    return new SnapshotLoader(store, found).load();
  }
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 0)) {
    throw new DeltaError("invalid_argument", `version ${version} is not a whole number from 0 on`);
  }
  return new SnapshotLoader(store, version).load();
}

/**
 * The newest snapshot, given one read earlier: costs one look-up per new version and two more. Where the version known
 * is another than it was, which is so for a table made anew or set back, everything is read again.
 * @throws DeltaError as {@link loadSnapshot}.
 */
export async function refreshSnapshot(store: ObjectStore, known: Snapshot): Promise<Snapshot> {
  const commits = await readCommitsFrom(store, known.version + 1);
  if (await holdsCommitOf(store, known)) return replayCommits(known, commits);
  // Where the known version is gone, the versions after it may be gone too: only a listing tells.
  const isGone = (await readCommitHead(store, known.version)) === undefined;
  if (isGone && newestVersionOf(await listLog(store)) === known.version) return known;
  return loadSnapshot(store);
}

/** Whether the commit file of a snapshot's version is there, and is still the one that the snapshot was made from. */
export async function holdsCommitOf(store: ObjectStore, snapshot: Snapshot): Promise<boolean> {
  const { version, commitDigest } = snapshot;
  if (commitDigest === undefined) return false;
  return (await readCommitHead(store, version))?.digest === commitDigest;
}

/** The commits from a version on, up to the first that is not there. */
async function readCommitsFrom(store: ObjectStore, firstVersion: number): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let count = 1; ; count = Math.min(count * 2, REFRESH_CONCURRENCY)) {
    const start = firstVersion + commits.length;
    const batch = await Promise.all(
      Array.from({ length: count }, async (_, index) => readCommit(store, start + index)),
    );
    for (const commit of batch) {
      if (commit === undefined) return commits;
      commits.push(commit);
    }
  }
}

/** Loads one snapshot; remembers what was found damaged on the way. */
class SnapshotLoader {
  readonly #store: ObjectStore;
  readonly #target: number | undefined;
  readonly #damage: DeltaError[] = [];
  readonly #tried = new Set<string>();

  constructor(store: ObjectStore, target: number | undefined) {
    this.#store = store;
    this.#target = target;
  }

  async load(): Promise<Snapshot> {
    const hint = await readLastCheckpoint(this.#store);
    const target = this.#target ?? Number.MAX_SAFE_INTEGER;
    if (hint !== undefined && hint.version > 0 && hint.version <= target) {
      const files = await listLog(this.#store, hint.version);
      const snapshot = await this.#loadFromCheckpoint(files);
      if (snapshot !== undefined) return snapshot;
    }
    const files = await listLog(this.#store);
    if (newestVersionOf(files) === undefined) throw noTable(this.#store.location);
    return (await this.#loadFromCheckpoint(files)) ?? this.#loadFromStart(files);
  }

  async #loadFromCheckpoint(files: readonly LogFile[]): Promise<Snapshot | undefined> {
    for (const checkpoint of completeCheckpoints(files, this.#target ?? Number.MAX_SAFE_INTEGER)) {
      const key = checkpoint.names.join();
      if (this.#tried.has(key)) continue;
      this.#tried.add(key);
      const replay = await this.#readCheckpoint(checkpoint);
      if (replay !== undefined) return this.#replay(replay, files);
    }
    return undefined;
  }

  async #readCheckpoint(checkpoint: CheckpointFiles): Promise<LogReplay | undefined> {
    try {
      return LogReplay.fromCheckpoint(await readCheckpoint(this.#store, checkpoint));
    } catch (error) {
      if (!(error instanceof DeltaError) || error.code !== "data_loss") throw error;
      this.#damage.push(error);
      return undefined;
    }
  }

  async #loadFromStart(files: readonly LogFile[]): Promise<Snapshot> {
    const earliest = earliestVersionOf(files);
    const isWhole = earliest === 0 && !this.#isOnlyCheckpointed(files);
    if (!isWhole) {
      const [damage] = this.#damage;
      if (damage !== undefined) throw damage;
      if (this.#target !== undefined && earliest !== undefined && this.#target < earliest) {
        throw noVersion(this.#target, earliest, newestVersionOf(files));
      }
      // A log without a beginning may have been listed before it was there.
    }
    try {
      return await this.#replay(LogReplay.from(undefined), files);
    } catch (error) {
      const [damage] = this.#damage;
      if (damage !== undefined && error instanceof DeltaError && error.code === "data_loss") {
        throw damage;
      }
      throw error;
    }
  }

  /** Whether version 0 is there as a checkpoint alone, which has been tried. */
  #isOnlyCheckpointed(files: readonly LogFile[]): boolean {
    return !files.some(({ kind, version }) => version === 0 && kind !== "checkpoint");
  }

  /** Goes on with the commits up to the target, or as far as there are any. */
  async #replay(replay: LogReplay, files: readonly LogFile[]): Promise<Snapshot> {
    const firstVersion = replay.version + 1;
    const newest = Math.max(replay.version, newestVersionOf(files) ?? 0);
    if (this.#target !== undefined && this.#target > newest) await this.#assertWritten(files);
    const lastVersion = this.#target ?? newest;
    const compacted = files.filter((file) => file.kind === "compacted");
    const pieces = segmentPieces(compacted, firstVersion, lastVersion);
    for await (const commit of readPieces(this.#store, pieces)) replay.add(commit);
    if (this.#target === undefined) {
      // A listing may be older than what it lists.
      for (const commit of await readCommitsFrom(this.#store, lastVersion + 1)) replay.add(commit);
    }
    const hasOwnHead = replay.lastCommit?.digest !== undefined;
    const head = hasOwnHead ? undefined : await readCommitHead(this.#store, replay.version);
    return replay.build(head);
  }

  /** @throws DeltaError `not_found` for a target that is not there yet; a listing may be behind. */
  async #assertWritten(files: readonly LogFile[]): Promise<void> {
    const target = this.#target as number;
    if ((await this.#store.head(commitPath(target))) !== undefined) return;
    const whole = files.length === 0 ? files : await listLog(this.#store);
    throw noVersion(target, earliestVersionOf(whole), newestVersionOf(whole));
  }
}

function noVersion(
  version: number,
  earliestVersion: number | undefined,
  newestVersion: number | undefined,
): DeltaError {
  const problem =
    earliestVersion !== undefined && version < earliestVersion
      ? `has been cleaned up; the earliest one that is left is ${earliestVersion}`
      : `does not exist yet; the newest one is ${newestVersion}`;
  return new DeltaError("not_found", `version ${version} of the table ${problem}`, {
    details: { version, earliestVersion, newestVersion },
  });
}
