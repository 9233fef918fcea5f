// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import { DeltaError } from "../delta-error.ts";
import { encodeCommit, parseCommit } from "../log/commit-codec.ts";
import { holdsCommitOf, readCommit } from "../log/load-snapshot.ts";
import { commitPath } from "../log/log-files.ts";
import { replayCommits, type Snapshot } from "../log/snapshot.ts";
import { validateAppendable } from "../log/table-features.ts";
import { actionsOfAppend, type AppendRequest, type AppendResult } from "./append-request.ts";
import type { ResolvedComponents } from "./components.ts";

/**
 * Attempts of one append. Each that fails means that another writer has committed, so that the table moves on; the
 * bound only keeps an append from waiting for ever.
 */
const MAX_ATTEMPTS = 1000;

/** How a commit sees and moves its table's newest snapshot. */
export interface TableState extends ResolvedComponents {
  latest(): Snapshot;
  advance(snapshot: Snapshot): void;
  refresh(): Promise<Snapshot>;
}

/**
 * Commits an append optimistically: writes the version after the newest one known; if another writer was there first,
 * sees what the table has become and goes on from there, unless that stands against it.
 */
export async function commitAppend(
  request: AppendRequest,
  writtenFor: Snapshot,
  table: TableState,
): Promise<AppendResult> {
  const txnId = table.randomUuid();
  const startedAt = table.latest();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const latest = await currentSnapshot(table);
    const verdict = judge(request, { writtenFor, startedAt, latest });
    if (verdict !== undefined) return verdict;
    validateAppendable(latest);
    const version = latest.version + 1;
    const bytes = encodeCommit(
      actionsOfAppend(request, { nowMs: table.clock(), txnId, readVersion: latest.version }),
    );
    const put = await table.store.putIfAbsent(commitPath(version), bytes);
    if (put.kind === "created" || (await isOwnCommit(table, version, txnId))) {
      table.advance(replayCommits(latest, [parseCommit(version, bytes)]));
      return { kind: "committed", version };
    }
    const refreshed = await table.refresh();
    if (refreshed.version < version) {
      throw new DeltaError(
        "unavailable",
        `version ${version} of ${table.store.location} exists but cannot be read yet`,
        { details: { version } },
      );
    }
  }
  return { kind: "conflict", reason: "contention", version: table.latest().version };
}

/**
 * The newest snapshot known, or what has become of it. Its version's commit must be there, and be the same: otherwise
 * the next number could look free because the table was made anew, or because the commits that follow were cleaned up.
 *
 * No store can make the write that follows depend on another object: a table that is replaced between the two is not
 * noticed.
 */
async function currentSnapshot(table: TableState): Promise<Snapshot> {
  const latest = table.latest();
  return (await holdsCommitOf(table.store, latest)) ? latest : table.refresh();
}

interface Snapshots {
  readonly writtenFor: Snapshot;
  /** When this append's turn came: what came before it is not in conflict with its txn. */
  readonly startedAt: Snapshot;
  readonly latest: Snapshot;
}

/** The end of an append that must not be committed on top of `latest`, or `undefined` if it may be. */
function judge(request: AppendRequest, snapshots: Snapshots): AppendResult | undefined {
  const { writtenFor, startedAt, latest } = snapshots;
  const { txn } = request;
  const recorded = txn === undefined ? undefined : latest.txns.get(txn.appId);
  if (txn !== undefined && recorded !== undefined && recorded.version >= txn.version) {
    const version = recorded.committedVersion;
    return { kind: "alreadyCommitted", ...(version === undefined ? {} : { version }) };
  }
  if (latest.metadata.id !== writtenFor.metadata.id) {
    return { kind: "conflict", reason: "tableReplaced", version: latest.metadataVersion };
  }
  if (txn !== undefined && recorded !== undefined) {
    if (recorded.version !== startedAt.txns.get(txn.appId)?.version) {
      const version = recorded.committedVersion ?? latest.version;
      return { kind: "conflict", reason: "txnChanged", version };
    }
  }
  if (!isDeepStrictEqual(latest.protocol, writtenFor.protocol)) {
    return { kind: "conflict", reason: "protocolChanged", version: latest.protocolVersion };
  }
  if (!isDeepStrictEqual(latest.metadata, writtenFor.metadata)) {
    const sameSchema = latest.metadata.schemaString === writtenFor.metadata.schemaString;
    const reason = sameSchema ? "metadataChanged" : "schemaChanged";
    return { kind: "conflict", reason, version: latest.metadataVersion };
  }
  return undefined;
}

/** Whether a version that exists already is the one that this append wrote, in a try that was reported as failed. */
async function isOwnCommit(table: TableState, version: number, txnId: string): Promise<boolean> {
  const commit = await readCommit(table.store, version);
  return commit?.commitInfo?.txnId === txnId;
}
