// SPDX-License-Identifier: Apache-2.0
import {
  type AddAction,
  type DeletionVectorDescriptor,
  deletionVectorIdOf,
  type PartitionValues,
  type RemoveAction,
  type Tags,
} from "./actions.ts";
import { decodeDataPath } from "./data-path.ts";
import { isJsonObject } from "./json-fields.ts";

/** A data file that is part of a snapshot: what its `add` action says. */
export interface ActiveFile {
  /** Decoded, relative to the table's root. */
  readonly path: string;
  /** The path as the log has it, encoded as its writer chose: a `remove` names the file by it. */
  readonly encodedPath: string;
  readonly sizeBytes: number;
  readonly modificationTimeMs: number;
  /** Rows in the file, those included that a deletion vector hides; `undefined` if the log does not say. */
  readonly rowCount: number | undefined;
  readonly partitionValues: PartitionValues;
  /** Statistics as JSON text ("Per-file Statistics"); `undefined` if the log has none. */
  readonly stats: string | undefined;
  readonly tags: Tags | undefined;
  readonly deletionVector: DeletionVectorDescriptor | undefined;
  readonly baseRowId: number | undefined;
  readonly defaultRowCommitVersion: number | undefined;
  readonly clusteringProvider: string | undefined;
}

/** The file actions of one commit. */
export interface FileChange {
  readonly adds: readonly AddAction[];
  readonly removes: readonly RemoveAction[];
}

/** Storage that successive sets share: each set counts the first `fileCount` entries of it as its own. */
interface SharedEntries {
  readonly entries: ActiveFile[];
  readonly indexByPath: Map<string, number>;
}

/**
 * The active files of a snapshot, immutable. A set that comes from another by added files only shares its storage, so
 * that following a table costs what was added, not what it holds.
 */
export class FileSet implements Iterable<ActiveFile> {
  readonly fileCount: number;
  readonly #shared: SharedEntries;

  private constructor(shared: SharedEntries, fileCount: number) {
    this.#shared = shared;
    this.fileCount = fileCount;
  }

  static empty(): FileSet {
    return new FileSet({ entries: [], indexByPath: new Map() }, 0);
  }

  *[Symbol.iterator](): Generator<ActiveFile, void, undefined> {
    const { entries } = this.#shared;
    for (let index = 0; index < this.fileCount; index += 1) yield entries[index] as ActiveFile;
  }

  /** @param path decoded. */
  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  /** @param path decoded. */
  get(path: string): ActiveFile | undefined {
    const index = this.#shared.indexByPath.get(path);
    return index !== undefined && index < this.fileCount ? this.#shared.entries[index] : undefined;
  }

  /** The set after these commits, given in the order of their versions. */
  apply(changes: readonly FileChange[]): FileSet {
    const added = this.#addedOnly(changes);
    if (added === undefined) return this.#rebuild(changes);
    if (added.size === 0) return this;
    const shared = this.#ownedStorage();
    for (const file of added.values()) append(shared, file);
    return new FileSet(shared, shared.entries.length);
  }

  /** The new files, or `undefined` if some commit removes or replaces a file. */
  #addedOnly(changes: readonly FileChange[]): Map<string, ActiveFile> | undefined {
    const added = new Map<string, ActiveFile>();
    for (const { adds, removes } of changes) {
      if (removes.length > 0) return undefined;
      for (const add of adds) {
        const file = toActiveFile(add);
        if (added.has(file.path) || this.has(file.path)) return undefined;
        added.set(file.path, file);
      }
    }
    return added;
  }

  #rebuild(changes: readonly FileChange[]): FileSet {
    const files = new Map<string, ActiveFile>();
    for (const file of this) files.set(file.path, file);
    for (const change of changes) applyChange(files, change);
    const shared: SharedEntries = { entries: [], indexByPath: new Map() };
    for (const file of files.values()) append(shared, file);
    return new FileSet(shared, shared.entries.length);
  }

  /** The shared storage if nothing follows this set's entries in it, a copy of this set's part otherwise. */
  #ownedStorage(): SharedEntries {
    if (this.#shared.entries.length === this.fileCount) return this.#shared;
    const copy: SharedEntries = { entries: [], indexByPath: new Map() };
    for (const file of this) append(copy, file);
    return copy;
  }
}

/**
 * Within a commit the removes go first: it may remove a file with one deletion vector and add it with another. A
 * remove counts only for the logical file that it names, path and deletion vector.
 */
function applyChange(files: Map<string, ActiveFile>, { adds, removes }: FileChange): void {
  for (const remove of removes) {
    const path = decodeDataPath(remove.path);
    const present = files.get(path);
    if (present === undefined) continue;
    if (vectorIdOf(present.deletionVector) === vectorIdOf(remove.deletionVector))
      files.delete(path);
  }
  for (const add of adds) {
    const file = toActiveFile(add);
    files.set(file.path, file);
  }
}

function append({ entries, indexByPath }: SharedEntries, file: ActiveFile): void {
  indexByPath.set(file.path, entries.length);
  entries.push(file);
}

const NO_PARTITION_VALUES: PartitionValues = {};

function toActiveFile(add: AddAction): ActiveFile {
  return {
    path: decodeDataPath(add.path),
    encodedPath: add.path,
    sizeBytes: add.size,
    modificationTimeMs: add.modificationTime,
    rowCount: rowCountOf(add.stats),
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

function vectorIdOf(descriptor: DeletionVectorDescriptor | undefined): string | undefined {
  return descriptor === undefined ? undefined : deletionVectorIdOf(descriptor);
}

/** `numRecords` of a file's statistics. They are optional, so text that cannot be read counts as none. */
function rowCountOf(stats: string | undefined): number | undefined {
  if (stats === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(stats);
    if (!isJsonObject(value)) return undefined;
    const count = value["numRecords"];
    return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined;
  } catch {
    return undefined;
  }
}
