// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import { deletionVectorIdOf } from "../log/actions.ts";
import type { ActiveFile, FileSet } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { CommitResult, ConflictReason, TransactionRequest } from "./transaction-request.ts";

/** What a transaction is judged by. */
export interface JudgedSnapshots {
  /** When its turn came: what came before it is not in conflict with its txn. */
  readonly startedAt: Snapshot;
  /** What it would be committed on top of. */
  readonly latest: Snapshot;
}

/**
 * The end of a transaction that must not be committed on top of `latest`, or `undefined` if it may be. It compares the
 * state that the transaction was worked out from with the state that the other writers have left, so a change that was
 * taken back meanwhile is none.
 */
export function judgeTransaction(
  request: TransactionRequest,
  { startedAt, latest }: JudgedSnapshots,
): CommitResult | undefined {
  return (
    judgeTxn(request, { startedAt, latest }) ??
    judgeDefinition(request.readSnapshot, latest) ??
    judgeDomains(request, latest) ??
    judgeFiles(request, latest)
  );
}

function judgeTxn(
  { txn, readSnapshot }: TransactionRequest,
  { startedAt, latest }: JudgedSnapshots,
): CommitResult | undefined {
  const recorded = txn === undefined ? undefined : latest.txns.get(txn.appId);
  if (txn !== undefined && recorded !== undefined && recorded.version >= txn.version) {
    const version = recorded.committedVersion;
    return { kind: "alreadyCommitted", ...(version === undefined ? {} : { version }) };
  }
  if (latest.metadata.id !== readSnapshot.metadata.id) {
    return conflict("tableReplaced", latest.metadataVersion);
  }
  if (txn !== undefined && recorded !== undefined) {
    if (recorded.version !== startedAt.txns.get(txn.appId)?.version) {
      return conflict("txnChanged", recorded.committedVersion ?? latest.version);
    }
  }
  return undefined;
}

function judgeDefinition(readSnapshot: Snapshot, latest: Snapshot): CommitResult | undefined {
  if (!isDeepStrictEqual(latest.protocol, readSnapshot.protocol)) {
    return conflict("protocolChanged", latest.protocolVersion);
  }
  if (!isDeepStrictEqual(latest.metadata, readSnapshot.metadata)) {
    const sameSchema = latest.metadata.schemaString === readSnapshot.metadata.schemaString;
    return conflict(sameSchema ? "metadataChanged" : "schemaChanged", latest.metadataVersion);
  }
  return undefined;
}

function judgeDomains(
  { domains = [], readSnapshot }: TransactionRequest,
  latest: Snapshot,
): CommitResult | undefined {
  for (const { domain } of domains) {
    if (!isDeepStrictEqual(latest.domains.get(domain), readSnapshot.domains.get(domain))) {
      return conflict("domainChanged", latest.version);
    }
  }
  return undefined;
}

function judgeFiles(request: TransactionRequest, latest: Snapshot): CommitResult | undefined {
  const { removes = [], reads = "removedFiles", readSnapshot } = request;
  if (removes.some((file) => !holds(latest.files, file))) {
    return conflict("concurrentDelete", latest.version);
  }
  if (reads !== "table" || latest.files === readSnapshot.files) return undefined;
  for (const file of readSnapshot.files) {
    if (!holds(latest.files, file)) return conflict("concurrentDelete", latest.version);
  }
  // Every file read is still there, so one more is one that was added.
  return latest.files.fileCount > readSnapshot.files.fileCount
    ? conflict("concurrentAppend", latest.version)
    : undefined;
}

/** Whether the logical file, path and deletion vector, is active. */
function holds(files: FileSet, { path, deletionVector }: ActiveFile): boolean {
  const present = files.get(path);
  if (present === undefined) return false;
  const vector = present.deletionVector;
  if (vector === undefined || deletionVector === undefined) return vector === deletionVector;
  return deletionVectorIdOf(vector) === deletionVectorIdOf(deletionVector);
}

function conflict(reason: ConflictReason, version: number): CommitResult {
  return { kind: "conflict", reason, version };
}
