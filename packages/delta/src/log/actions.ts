// SPDX-License-Identifier: Apache-2.0

/**
 * The actions of the Delta log, in the protocol's names ("Actions"). Only the fields that this library reads or writes
 * are here; others are ignored on reading, as the protocol asks.
 */

export interface ProtocolAction {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  /** Present if and only if `minReaderVersion` is 3. */
  readonly readerFeatures?: readonly string[];
  /** Present if and only if `minWriterVersion` is 7. */
  readonly writerFeatures?: readonly string[];
}

export interface MetadataAction {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly format: {
    readonly provider: string;
    readonly options: Readonly<Record<string, string>>;
  };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdTime?: number;
}

export interface DeletionVectorDescriptor {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number;
  readonly sizeInBytes: number;
  /** How many rows of the file it deletes. */
  readonly cardinality: number;
}

export type PartitionValues = Readonly<Record<string, string | null>>;

/** Free-form facts about a file that writers keep in the log. */
export type Tags = Readonly<Record<string, string | null>>;

export interface AddAction {
  /** A URI, encoded; `decodeDataPath` gives the path. */
  readonly path: string;
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** Statistics as JSON text. */
  readonly stats?: string;
  readonly tags?: Tags;
  readonly deletionVector?: DeletionVectorDescriptor;
  /** Row id of the file's first row, where the table tracks rows. */
  readonly baseRowId?: number;
  /** The version in which the rows came into the table first, where the table tracks rows. */
  readonly defaultRowCommitVersion?: number;
  readonly clusteringProvider?: string;
}

export interface RemoveAction {
  /** A URI, encoded. */
  readonly path: string;
  readonly dataChange: boolean;
  /** Milliseconds since the epoch. */
  readonly deletionTimestamp?: number;
  /** Whether `partitionValues`, `size` and `tags` are there. */
  readonly extendedFileMetadata?: boolean;
  readonly partitionValues?: PartitionValues;
  /** Bytes. */
  readonly size?: number;
  readonly stats?: string;
  readonly tags?: Tags;
  readonly deletionVector?: DeletionVectorDescriptor;
  readonly baseRowId?: number;
  readonly defaultRowCommitVersion?: number;
}

export interface TxnAction {
  readonly appId: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdated?: number;
}

export interface DomainMetadataAction {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** A file with file actions of a v2 checkpoint. */
export interface SidecarAction {
  /** A URI, encoded; the name of a file in `_delta_log/_sidecars`. */
  readonly path: string;
  readonly sizeInBytes: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  readonly tags?: Tags;
}

/** What a v2 checkpoint says of itself. */
export interface CheckpointMetadataAction {
  readonly version: number;
  readonly tags?: Tags;
}

/** Free-form; these are the fields that this library writes or reads. */
export interface CommitInfoAction {
  readonly [key: string]: unknown;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number;
  readonly operation?: string;
  /** Milliseconds since the epoch, where the table has in-commit timestamps. */
  readonly inCommitTimestamp?: number;
  /** Unique per commit attempt that may have been written. */
  readonly txnId?: string;
}

/** One line of a commit file. */
export type Action =
  | { readonly commitInfo: CommitInfoAction }
  | { readonly protocol: ProtocolAction }
  | { readonly metaData: MetadataAction }
  | { readonly txn: TxnAction }
  | { readonly domainMetadata: DomainMetadataAction }
  | { readonly add: AddAction }
  | { readonly remove: RemoveAction };

/** What identifies a deletion vector within its file ("Derived Fields" of the protocol). */
export function deletionVectorIdOf(descriptor: DeletionVectorDescriptor): string {
  const { storageType, pathOrInlineDv, offset } = descriptor;
  const id = `${storageType}${pathOrInlineDv}`;
  return offset === undefined ? id : `${id}@${offset}`;
}
