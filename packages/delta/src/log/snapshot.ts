// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parseSchemaString } from "../schema/schema-json.ts";
import type { StructType } from "../schema/types.ts";
import type { DomainMetadataAction, MetadataAction, ProtocolAction } from "./actions.ts";
import type { Commit } from "./commit-codec.ts";
import { FileSet } from "./file-set.ts";
import { commitName } from "./log-files.ts";
import { validateReadable } from "./table-features.ts";

/** How far an application has come in a table. */
export interface TxnState {
  /** The application's own number, as its last `txn` action has it. */
  readonly version: number;
  /** The table version that recorded it; `undefined` if it was read from a checkpoint. */
  readonly committedVersion: number | undefined;
}

/** The state of a table at one version. Immutable. */
export interface Snapshot {
  readonly version: number;
  /**
   * Identifies the commit file of `version`, so that a table made anew in the same place is not taken for this one;
   * `undefined` if there was no such file any more, but a checkpoint.
   */
  readonly commitDigest: string | undefined;
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  readonly schema: StructType;
  /** The version that set `metadata`, as far as it is known: a checkpoint's own version for what it holds. */
  readonly metadataVersion: number;
  readonly protocolVersion: number;
  readonly files: FileSet;
  /** By application id. */
  readonly txns: ReadonlyMap<string, TxnState>;
  /** By domain; without those that were removed. */
  readonly domains: ReadonlyMap<string, DomainMetadataAction>;
}

/** The state that a checkpoint holds, in the form of a commit that adds everything. */
export interface CheckpointState extends Commit {
  readonly protocol: ProtocolAction;
  readonly metaData: MetadataAction;
}

/**
 * The snapshot that a checkpoint holds.
 * @throws DeltaError as {@link replayCommits}.
 */
export function snapshotOfCheckpoint(state: CheckpointState): Snapshot {
  const snapshot = applyCommits(undefined, [state]);
  const txns = new Map<string, TxnState>();
  for (const [appId, { version }] of snapshot.txns) {
    txns.set(appId, { version, committedVersion: undefined });
  }
  return { ...snapshot, txns };
}

/**
 * Applies commits to a snapshot, or to nothing from version 0 on ("Action Reconciliation" of the protocol).
 * @param commits in the order of their versions, without a gap, starting right after the snapshot.
 * @throws DeltaError `data_loss` for a gap or a missing first protocol or metaData, `unsupported` if the table cannot
 *   be read by this library at the last of these versions.
 */
export function replayCommits(
  previous: Snapshot | undefined,
  commits: readonly Commit[],
): Snapshot {
  let expected = previous === undefined ? 0 : previous.version + 1;
  for (const { version } of commits) {
    if (version !== expected) throw missingCommit(expected);
    expected += 1;
  }
  return applyCommits(previous, commits);
}

/** The error of a log that lacks a version. */
export function missingCommit(version: number): DeltaError {
  return new DeltaError(
    "data_loss",
    `the log lacks version ${version} (${commitName(version)}): the table cannot be read without it`,
    { details: { version } },
  );
}

function applyCommits(previous: Snapshot | undefined, commits: readonly Commit[]): Snapshot {
  const last = commits.at(-1);
  if (last === undefined) {
    if (previous === undefined) throw missingCommit(0);
    return previous;
  }
  const protocolCommit = commits.findLast((commit) => commit.protocol !== undefined);
  const metadataCommit = commits.findLast((commit) => commit.metaData !== undefined);
  const protocol = protocolCommit?.protocol ?? previous?.protocol;
  const metadata = metadataCommit?.metaData ?? previous?.metadata;
  if (protocol === undefined) throw missingAction(last.version, "protocol");
  if (metadata === undefined) throw missingAction(last.version, "metaData");
  if (protocol !== previous?.protocol || metadata !== previous.metadata) {
    validateReadable(protocol, metadata);
  }
  return {
    version: last.version,
    commitDigest: last.digest,
    protocol,
    metadata,
    schema:
      metadata === previous?.metadata ? previous.schema : readSchema(metadata, metadataCommit),
    metadataVersion: metadataCommit?.version ?? previous?.metadataVersion ?? last.version,
    protocolVersion: protocolCommit?.version ?? previous?.protocolVersion ?? last.version,
    files: (previous?.files ?? FileSet.empty()).apply(commits),
    txns: applyTxns(previous?.txns ?? new Map(), commits),
    domains: applyDomains(previous?.domains ?? new Map(), commits),
  };
}

function readSchema(metadata: MetadataAction, commit: Commit | undefined): StructType {
  try {
    return parseSchemaString(metadata.schemaString);
  } catch (error) {
    if (!(error instanceof DeltaError) || error.code !== "invalid_argument") throw error;
    const place = commit === undefined ? "" : ` of version ${commit.version}`;
    throw new DeltaError(
      "data_loss",
      `the metaData${place} has a broken schema: ${error.message}`,
      {
        cause: error,
        details: error.details,
      },
    );
  }
}

function applyTxns(
  previous: ReadonlyMap<string, TxnState>,
  commits: readonly Commit[],
): ReadonlyMap<string, TxnState> {
  if (commits.every(({ txns }) => txns.length === 0)) return previous;
  const txns = new Map(previous);
  for (const commit of commits) {
    for (const { appId, version } of commit.txns) {
      txns.set(appId, { version, committedVersion: commit.version });
    }
  }
  return txns;
}

function applyDomains(
  previous: ReadonlyMap<string, DomainMetadataAction>,
  commits: readonly Commit[],
): ReadonlyMap<string, DomainMetadataAction> {
  if (commits.every(({ domainMetadata }) => domainMetadata.length === 0)) return previous;
  const domains = new Map(previous);
  for (const { domainMetadata } of commits) {
    for (const action of domainMetadata) {
      if (action.removed) domains.delete(action.domain);
      else domains.set(action.domain, action);
    }
  }
  return domains;
}

function missingAction(version: number, action: string): DeltaError {
  return new DeltaError(
    "data_loss",
    `the log up to version ${version} has no ${action} action: the table was not created properly`,
    { details: { version, action } },
  );
}
