// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { CommitInfoAction } from "../log/actions.ts";
import { tryWriteChecksum } from "../log/checksum.ts";
import { type Commit, digestOfCommit, encodeCommit, parseCommit } from "../log/commit-codec.ts";
import { commitPath } from "../log/log-files.ts";
import { readCommitHead } from "../log/read-commits.ts";
import { replayCommits, type Snapshot } from "../log/snapshot.ts";
import { validateWritable } from "../log/table-features.ts";
import { hasInCommitTimestamps, isOn } from "../log/table-properties.ts";
import { parseSchemaString } from "../schema/schema-json.ts";
import type { ResolvedComponents } from "./components.ts";
import { judgeTransaction } from "./conflicts.ts";
import { supportsFeature } from "./table-protocol.ts";
import { actionsOfTransaction } from "./transaction-actions.ts";
import type { CommitResult, TransactionRequest } from "./transaction-request.ts";

/**
 * Attempts of one commit. Each that fails means that another writer has committed, so that the table moves on; the
 * bound only keeps a commit from waiting for ever.
 */
const MAX_ATTEMPTS = 1000;

/** How a commit sees and moves its table's newest snapshot. */
export interface TableState extends ResolvedComponents {
  latest(): Snapshot;
  advance(snapshot: Snapshot): void;
  refresh(): Promise<Snapshot>;
}

/**
 * Commits a transaction optimistically: writes the version after the newest one known; if another writer was there
 * first, sees what the table has become and goes on from there, unless that stands against it. A checksum of the new
 * version is put beside it, as far as that can be done.
 *
 * @param checkLatest throws where the table that the commit would be put on cannot take it.
 */
export async function commitTransaction(
  request: TransactionRequest,
  table: TableState,
  checkLatest: (latest: Snapshot) => void = validateWritable,
): Promise<CommitResult> {
  const txnId = table.randomUuid();
  const startedAt = table.latest();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { latest, bytes: previousBytes } = await currentVersion(table);
    const verdict = judgeTransaction(request, { startedAt, latest });
    if (verdict !== undefined) return verdict;
    checkLatest(latest);
    checkRemovable(request, latest);
    const version = latest.version + 1;
    const previous = needsPrevious(request, latest)
      ? commitInfoOf(latest.version, previousBytes)
      : undefined;
    const attempted = { nowMs: table.clock(), txnId, latest, previous };
    const bytes = encodeCommit(actionsOfTransaction(request, attempted));
    const commit = parseCommit(version, bytes);
    checkDefinition(commit, latest);
    const put = await table.store.putIfAbsent(commitPath(version), bytes);
    if (put.kind === "created" || (await isOwnCommit(table, version, txnId))) {
      const next = replayCommits(latest, [commit]);
      table.advance(next);
      await tryWriteChecksum(table.store, next);
      return { kind: "committed", version };
    }
    const refreshed = await table.refresh();
    if (refreshed.version < version) {
      throw new DeltaError(
        "unavailable",
        `version ${version} of ${table.store.location} exists but cannot be read yet`,
        { details: { version }, effect: "unknown" },
      );
    }
  }
  return { kind: "conflict", reason: "contention", version: table.latest().version };
}

interface CurrentVersion {
  readonly latest: Snapshot;
  /** Its commit file; `undefined` if that is gone. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * The newest snapshot known, or what has become of it. Its version's commit must be there, and be the same: otherwise
 * the next number could look free because the table was made anew, or because the commits that follow were cleaned up.
 *
 * No store can make the write that follows depend on another object: a table that is replaced between the two is not
 * noticed.
 */
async function currentVersion(table: TableState): Promise<CurrentVersion> {
  const known = table.latest();
  const bytes = await table.store.get(commitPath(known.version));
  if (bytes !== undefined && digestOfCommit(bytes) === known.commitDigest) {
    return { latest: known, bytes };
  }
  const latest = await table.refresh();
  return { latest, bytes: await table.store.get(commitPath(latest.version)) };
}

/** Only a commit's own time depends on the one before it. */
function needsPrevious({ metadata, protocol }: TransactionRequest, latest: Snapshot): boolean {
  return hasInCommitTimestamps(protocol ?? latest.protocol, metadata ?? latest.metadata);
}

function commitInfoOf(
  version: number,
  bytes: Uint8Array | undefined,
): CommitInfoAction | undefined {
  return bytes === undefined ? undefined : parseCommit(version, bytes).commitInfo;
}

/** What this library could not read or write must not be made of a table. */
function checkDefinition({ protocol, metaData }: Commit, latest: Snapshot): void {
  if (protocol === undefined && metaData === undefined) return;
  validateWritable({
    protocol: protocol ?? latest.protocol,
    metadata: metaData ?? latest.metadata,
    schema: metaData === undefined ? latest.schema : parseSchemaString(metaData.schemaString),
  });
}

/** @throws DeltaError `invalid_argument` if rows would go from a table that only grows. */
function checkRemovable(
  { removes = [], dataChange = true }: TransactionRequest,
  latest: Snapshot,
): void {
  if (removes.length === 0 || !dataChange || !isAppendOnly(latest)) return;
  throw new DeltaError(
    "invalid_argument",
    "the table is append-only (delta.appendOnly is true): rows cannot be removed; set the property to false first",
    { details: { property: "delta.appendOnly" } },
  );
}

function isAppendOnly({ protocol, metadata }: Snapshot): boolean {
  return (
    supportsFeature(protocol, "appendOnly") &&
    isOn(metadata.configuration, "delta.appendOnly", false)
  );
}

/** Whether a version that exists already is the one that this call wrote, in a try that was reported as failed. */
async function isOwnCommit(table: TableState, version: number, txnId: string): Promise<boolean> {
  try {
    const head = await readCommitHead(table.store, version);
    return head?.commitInfo?.txnId === txnId;
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new DeltaError(
      cause.code,
      `version ${version} of ${table.store.location} exists, and whether it is this commit cannot be read: ${cause.message}`,
      { cause, details: { version }, effect: "unknown" },
    );
  }
}
