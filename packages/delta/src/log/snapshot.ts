// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parseSchemaString } from "../schema/schema-json.ts";
import type { StructType } from "../schema/types.ts";
import type {
  CommitInfoAction,
  DomainMetadataAction,
  MetadataAction,
  ProtocolAction,
  TxnAction,
} from "./actions.ts";
import type { Commit } from "./commit-codec.ts";
import { FileSet } from "./file-set.ts";
import { commitName } from "./log-files.ts";
import type { CheckpointFiles } from "./log-segment.ts";
import { validateReadable, validateTypeChanges } from "./table-features.ts";
import { hasInCommitTimestamps } from "./table-properties.ts";
import { Tombstones } from "./tombstones.ts";

/** How far an application has come in a table. */
export interface TxnState {
  /** The application's own number, as its last `txn` action has it. */
  readonly version: number;
  /** The table version that recorded it; `undefined` if it was read from a checkpoint or from compacted commits. */
  readonly committedVersion: number | undefined;
  /** When the `txn` action was made, if it says so; milliseconds since the epoch. */
  readonly lastUpdatedMs: number | undefined;
}

/** The state of a table at one version. Immutable. */
export interface Snapshot {
  readonly version: number;
  /**
   * Identifies the commit file of `version`, so that a table made anew in the same place is not taken for this one;
   * `undefined` if there was no such file any more, but a checkpoint.
   */
  readonly commitDigest: string | undefined;
  /**
   * The timestamp that the commit of `version` carries, milliseconds since the epoch; `undefined` where the table has
   * no in-commit timestamps, or that commit is gone.
   */
  readonly inCommitTimestampMs: number | undefined;
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
  /** Files that were removed; see {@link Tombstones}. */
  readonly tombstones: Tombstones;
}

/** The state that a checkpoint holds. */
export interface CheckpointState {
  readonly checkpoint: CheckpointFiles;
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  readonly txns: readonly TxnAction[];
  readonly domains: readonly DomainMetadataAction[];
  readonly files: FileSet;
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
  const replay = LogReplay.from(previous);
  for (const commit of commits) replay.add(commit);
  return replay.build();
}

/** The error of a log that lacks a version. */
export function missingCommit(version: number): DeltaError {
  return new DeltaError(
    "data_loss",
    `the log lacks version ${version} (${commitName(version)}): the table cannot be read without it`,
    { details: { version } },
  );
}

/** Applies commits one by one; the state in between need not be one that this library can read. */
export class LogReplay {
  readonly #previous: Snapshot | undefined;
  #version: number;
  #commit: Commit | undefined;
  #protocol: ProtocolAction | undefined;
  #protocolVersion: number;
  #metadata: MetadataAction | undefined;
  #metadataVersion: number;
  #files: FileSet;
  #tombstones: Tombstones;
  readonly #txns: LazyCopy<TxnState>;
  readonly #domains: LazyCopy<DomainMetadataAction>;

  private constructor(previous: Snapshot | undefined) {
    this.#previous = previous;
    this.#version = previous?.version ?? -1;
    this.#protocol = previous?.protocol;
    this.#protocolVersion = previous?.protocolVersion ?? 0;
    this.#metadata = previous?.metadata;
    this.#metadataVersion = previous?.metadataVersion ?? 0;
    this.#files = previous?.files ?? FileSet.empty();
    this.#tombstones = previous?.tombstones ?? Tombstones.since(undefined);
    this.#txns = new LazyCopy(previous?.txns ?? new Map());
    this.#domains = new LazyCopy(previous?.domains ?? new Map());
  }

  /** @param previous what to go on from; nothing for a log from version 0 on. */
  static from(previous: Snapshot | undefined): LogReplay {
    return new LogReplay(previous);
  }

  static fromCheckpoint(state: CheckpointState): LogReplay {
    const { checkpoint, txns } = state;
    const replay = new LogReplay(undefined);
    replay.#version = checkpoint.version;
    replay.#protocol = state.protocol;
    replay.#protocolVersion = checkpoint.version;
    replay.#metadata = state.metadata;
    replay.#metadataVersion = checkpoint.version;
    replay.#files = state.files;
    replay.#tombstones = Tombstones.since(checkpoint);
    replay.#addTxns(txns, undefined);
    replay.#addDomains(state.domains);
    return replay;
  }

  /** The last version that is in. */
  get version(): number {
    return this.#version;
  }

  /** The last commit that was added. */
  get lastCommit(): Commit | undefined {
    return this.#commit;
  }

  /** @throws DeltaError `data_loss` if the commit is not the next one; nothing is changed then. */
  add(commit: Commit): void {
    const expected = this.#version + 1;
    if ((commit.startVersion ?? commit.version) !== expected) throw missingCommit(expected);
    const { version } = commit;
    this.#files = this.#files.apply([commit]);
    this.#tombstones = this.#tombstones.apply([commit]);
    this.#addTxns(commit.txns, commit.startVersion === undefined ? version : undefined);
    this.#addDomains(commit.domainMetadata);
    if (commit.protocol !== undefined) {
      this.#protocol = commit.protocol;
      this.#protocolVersion = version;
    }
    if (commit.metaData !== undefined) {
      this.#metadata = commit.metaData;
      this.#metadataVersion = version;
    }
    this.#version = version;
    this.#commit = commit;
  }

  /**
   * @param last what the commit file of the last version says, where that has been read apart from the replay.
   * @throws DeltaError `data_loss` without a protocol or metadata, or with a broken schema; `unsupported`.
   */
  build(last?: Pick<Commit, "digest" | "commitInfo">): Snapshot {
    const previous = this.#previous;
    const protocol = this.#protocol;
    const metadata = this.#metadata;
    if (this.#version < 0) throw missingCommit(0);
    if (protocol === undefined) throw missingAction(this.#version, "protocol");
    if (metadata === undefined) throw missingAction(this.#version, "metaData");
    let schema = previous?.schema;
    if (schema === undefined || protocol !== previous?.protocol || metadata !== previous.metadata) {
      validateReadable(protocol, metadata);
      schema = readSchema(metadata, this.#metadataVersion);
      validateTypeChanges(protocol, schema);
    }
    if (this.#version === previous?.version) return previous;
    const commit = last ?? this.#commit;
    return {
      version: this.#version,
      commitDigest: commit?.digest,
      inCommitTimestampMs: hasInCommitTimestamps(protocol, metadata)
        ? inCommitTimestampOf(commit?.commitInfo)
        : undefined,
      protocol,
      metadata,
      schema,
      metadataVersion: this.#metadataVersion,
      protocolVersion: this.#protocolVersion,
      files: this.#files,
      txns: this.#txns.current,
      domains: this.#domains.current,
      tombstones: this.#tombstones,
    };
  }

  #addTxns(actions: readonly TxnAction[], committedVersion: number | undefined): void {
    for (const { appId, version, lastUpdated } of actions) {
      this.#txns.own().set(appId, { version, committedVersion, lastUpdatedMs: lastUpdated });
    }
  }

  #addDomains(actions: readonly DomainMetadataAction[]): void {
    for (const action of actions) {
      if (action.removed) this.#domains.own().delete(action.domain);
      else this.#domains.own().set(action.domain, action);
    }
  }
}

/** A map that is another's until it is written to. */
class LazyCopy<T> {
  current: ReadonlyMap<string, T>;
  #own: Map<string, T> | undefined;

  constructor(source: ReadonlyMap<string, T>) {
    this.current = source;
  }

  own(): Map<string, T> {
    if (this.#own === undefined) {
      this.#own = new Map(this.current);
      this.current = this.#own;
    }
    return this.#own;
  }
}

/** The timestamp that a commit carries, if it is one. */
export function inCommitTimestampOf(commitInfo: CommitInfoAction | undefined): number | undefined {
  const timestamp: unknown = commitInfo?.inCommitTimestamp;
  return Number.isSafeInteger(timestamp) ? (timestamp as number) : undefined;
}

function readSchema(metadata: MetadataAction, version: number): StructType {
  try {
    return parseSchemaString(metadata.schemaString);
  } catch (error) {
    if (!(error instanceof DeltaError) || error.code !== "invalid_argument") throw error;
    throw new DeltaError(
      "data_loss",
      `the metaData of version ${version} has a broken schema: ${error.message}`,
      { cause: error, details: error.details },
    );
  }
}

function missingAction(version: number, action: string): DeltaError {
  return new DeltaError(
    "data_loss",
    `the log up to version ${version} has no ${action} action: the table was not created properly`,
    { details: { version, action } },
  );
}
