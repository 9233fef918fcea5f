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
 * A data file that is part of a snapshot: what its `add` action says. The properties are computed when they are asked
 * for, and do not survive a spread (`{ ...file }`): read them by name.
 */
export interface ActiveFile {
  /** Decoded, relative to the table's root. */
  readonly path: string;
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

/** A file that a commit added. */
export class AddedFile implements ActiveFile {
  readonly path: string;
  readonly #add: AddAction;

  /** @throws DeltaError `data_loss` if the percent encoding of the path is broken. */
  constructor(add: AddAction) {
    this.#add = add;
    this.path = decodeDataPath(add.path);
  }

  get sizeBytes(): number {
    return this.#add.size;
  }

  get modificationTimeMs(): number {
    return this.#add.modificationTime;
  }

  get rowCount(): number | undefined {
    return rowCountOfStats(this.#add.stats);
  }

  get partitionValues(): PartitionValues {
    return this.#add.partitionValues;
  }

  get stats(): string | undefined {
    return this.#add.stats;
  }

  get tags(): Tags | undefined {
    return this.#add.tags;
  }

  get deletionVector(): DeletionVectorDescriptor | undefined {
    return this.#add.deletionVector;
  }

  get baseRowId(): number | undefined {
    return this.#add.baseRowId;
  }

  get defaultRowCommitVersion(): number | undefined {
    return this.#add.defaultRowCommitVersion;
  }

  get clusteringProvider(): string | undefined {
    return this.#add.clusteringProvider;
  }
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
