// SPDX-License-Identifier: Apache-2.0
import {
  type AddAction,
  type DeletionVectorDescriptor,
  deletionVectorIdOf,
  type PartitionValues,
  type Tags,
} from "./actions.ts";
import { decodeDataPath } from "./data-path.ts";
import { isJsonObject } from "./json-fields.ts";

/**
 * A data file that is part of a snapshot: what its `add` action says. Read the properties by name: those of a file from
 * a checkpoint are computed when they are asked for, and a spread (`{ ...file }`) has none of them.
 */
export interface ActiveFile {
  /** Decoded, relative to the table's root. */
  readonly path: string;
  /** The path as the log has it, encoded as its writer chose: a `remove` names the file by it. */
  readonly encodedPath: string;
  readonly sizeBytes: number;
  readonly modificationTimeMs: number;
  /** Rows in the file, those included that a deletion vector hides; `undefined` if the log does not say. */
  readonly rowCount: number | undefined;
  /** By the physical names of the columns. */
  readonly partitionValues: PartitionValues;
  /** Statistics as JSON text ("Per-file Statistics"); `undefined` if the log has none. */
  readonly stats: string | undefined;
  readonly tags: Tags | undefined;
  readonly deletionVector: DeletionVectorDescriptor | undefined;
  readonly baseRowId: number | undefined;
  readonly defaultRowCommitVersion: number | undefined;
  readonly clusteringProvider: string | undefined;
}

const NO_PARTITION_VALUES: PartitionValues = {};

/**
 * The file that an `add` action adds.
 * @throws DeltaError `data_loss` if the percent encoding of the path is broken.
 */
export function activeFileOf(add: AddAction): ActiveFile {
  return {
    path: decodeDataPath(add.path),
    encodedPath: add.path,
    sizeBytes: add.size,
    modificationTimeMs: add.modificationTime,
    rowCount: rowCountOfStats(add.stats),
    partitionValues:
      Object.keys(add.partitionValues).length === 0 ? NO_PARTITION_VALUES : add.partitionValues,
    stats: add.stats,
    tags: add.tags,
    deletionVector: add.deletionVector,
    baseRowId: add.baseRowId,
    defaultRowCommitVersion: add.defaultRowCommitVersion,
    clusteringProvider: add.clusteringProvider,
  };
}

/** What tells a file's logical content from that of the same file with other rows deleted. */
export function vectorIdOf(descriptor: DeletionVectorDescriptor | undefined): string | undefined {
  return descriptor === undefined ? undefined : deletionVectorIdOf(descriptor);
}

const LEADING_COUNT = /^\{"numRecords":(\d{1,15})[,}]/;

/** `numRecords` of a file's statistics. They are optional, so text that cannot be read counts as none. */
export function rowCountOfStats(stats: string | undefined): number | undefined {
  if (stats === undefined) return undefined;
  const leading = LEADING_COUNT.exec(stats);
  if (leading !== null) return Number(leading[1]);
  try {
    const value: unknown = JSON.parse(stats);
    if (!isJsonObject(value)) return undefined;
    const count = value["numRecords"];
    return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined;
  } catch {
    return undefined;
  }
}
