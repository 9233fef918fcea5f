// SPDX-License-Identifier: Apache-2.0
import type { AddAction, RemoveAction } from "./actions.ts";
import { type ActiveFile, activeFileOf, vectorIdOf } from "./active-file.ts";
import { decodeDataPath } from "./data-path.ts";
import { type FileBlock, FileIndex } from "./file-index.ts";

export type { ActiveFile } from "./active-file.ts";

/** The file actions of one commit. */
export interface FileChange {
  readonly adds: readonly AddAction[];
  readonly removes: readonly RemoveAction[];
}

/** Storage is rewritten without what was removed from it when that is more than the rest and this. */
const MAX_DEAD_SLOTS = 1024;

/**
 * The active files of a snapshot, immutable. Successive sets share one storage, so that following a table costs what
 * changed, not what it holds:
 *
 *     slot     number of a file in the storage: first those of the checkpoint, then those added, in order
 *     epoch    number of a set in a storage; a slot may have been removed at an epoch
 *     a set holds the slots below its end that were not removed at its epoch or before
 *
 * Only the newest set of a storage may append to it; any other starts a storage of its own, over the same checkpoint.
 */
export class FileSet implements Iterable<ActiveFile> {
  readonly fileCount: number;
  /** Bytes of all files together. */
  readonly sizeBytes: number;
  readonly #storage: FileStorage;
  readonly #slotEnd: number;
  readonly #epoch: number;

  private constructor(storage: FileStorage, fileCount: number, sizeBytes: number) {
    this.fileCount = fileCount;
    this.sizeBytes = sizeBytes;
    this.#storage = storage;
    this.#slotEnd = storage.slotEnd;
    this.#epoch = storage.epoch;
  }

  static empty(): FileSet {
    return FileSet.ofBlocks([]);
  }

  /** The set of a checkpoint's files; no path may be in it twice. */
  static ofBlocks(blocks: readonly FileBlock[]): FileSet {
    const index = new FileIndex(blocks);
    let sizeBytes = 0;
    for (const block of blocks) sizeBytes += block.sizeBytes;
    return new FileSet(new FileStorage(index), index.fileCount, sizeBytes);
  }

  *[Symbol.iterator](): Generator<ActiveFile, void, undefined> {
    const storage = this.#storage;
    for (let slot = 0; slot < this.#slotEnd; slot += 1) {
      if (this.#holds(slot)) yield storage.at(slot);
    }
  }

  /** @param path decoded. */
  has(path: string): boolean {
    return this.#slotOf(path) !== undefined;
  }

  /** @param path decoded. */
  get(path: string): ActiveFile | undefined {
    const slot = this.#slotOf(path);
    return slot === undefined ? undefined : this.#storage.at(slot);
  }

  /**
   * The set after these commits, given in the order of their versions. Within a commit the removes go first: it may
   * remove a file with one deletion vector and add it with another. A remove counts only for the logical file that it
   * names, path and deletion vector.
   * @throws DeltaError `data_loss` for a path with a broken encoding; this set is as it was.
   */
  apply(changes: readonly FileChange[]): FileSet {
    const decoded = changes
      .filter(({ adds, removes }) => adds.length > 0 || removes.length > 0)
      .map(({ adds, removes }) => ({
        files: adds.map(activeFileOf),
        removes: removes.map(({ path, deletionVector }) => ({
          path: decodeDataPath(path),
          vectorId: vectorIdOf(deletionVector),
        })),
      }));
    if (decoded.length === 0) return this;
    const storage = this.#ownedStorage();
    storage.epoch += 1;
    let { fileCount, sizeBytes } = this;
    const drop = (slot: number): void => {
      sizeBytes -= storage.at(slot).sizeBytes;
      fileCount -= 1;
      storage.remove(slot);
    };
    for (const { files, removes } of decoded) {
      for (const { path, vectorId } of removes) {
        const slot = storage.newestSlotOf(path);
        if (slot === undefined) continue;
        if (vectorIdOf(storage.at(slot).deletionVector) === vectorId) drop(slot);
      }
      for (const file of files) {
        const slot = storage.newestSlotOf(file.path);
        if (slot !== undefined) drop(slot);
        storage.add(file);
        fileCount += 1;
        sizeBytes += file.sizeBytes;
      }
    }
    return new FileSet(storage, fileCount, sizeBytes);
  }

  #holds(slot: number): boolean {
    return slot < this.#slotEnd && !this.#storage.isRemoved(slot, this.#epoch);
  }

  #slotOf(path: string): number | undefined {
    for (const slot of this.#storage.slotsOf(path)) {
      if (this.#holds(slot)) return slot;
    }
    return undefined;
  }

  /** The storage if this is its newest set and not too much of it is dead, a copy of what this set holds otherwise. */
  #ownedStorage(): FileStorage {
    const storage = this.#storage;
    const isNewest = storage.epoch === this.#epoch;
    if (isNewest && storage.deadAddedCount <= storage.addedCount / 2 + MAX_DEAD_SLOTS)
      return storage;
    return storage.copyAt(this.#slotEnd, this.#epoch);
  }
}

/** See {@link FileSet}. */
class FileStorage {
  epoch = 0;
  /** Added files that were removed again. */
  deadAddedCount = 0;
  readonly #index: FileIndex;
  readonly #added: ActiveFile[] = [];
  /** Of added files, the last slot of each path. */
  readonly #slotByPath = new Map<string, number>();
  /** The slot that had a slot's path before. */
  readonly #previousSlots = new Map<number, number>();
  readonly #removedAt = new Map<number, number>();

  constructor(index: FileIndex) {
    this.#index = index;
  }

  get slotEnd(): number {
    return this.#index.fileCount + this.#added.length;
  }

  get addedCount(): number {
    return this.#added.length;
  }

  at(slot: number): ActiveFile {
    const indexed = this.#index.fileCount;
    return slot < indexed ? this.#index.at(slot) : (this.#added[slot - indexed] as ActiveFile);
  }

  isRemoved(slot: number, epoch: number): boolean {
    const removedAt = this.#removedAt.get(slot);
    return removedAt !== undefined && removedAt <= epoch;
  }

  add(file: ActiveFile): void {
    const slot = this.slotEnd;
    const previous = this.#slotByPath.get(file.path);
    if (previous !== undefined) this.#previousSlots.set(slot, previous);
    this.#slotByPath.set(file.path, slot);
    this.#added.push(file);
  }

  remove(slot: number): void {
    this.#removedAt.set(slot, this.epoch);
    if (slot >= this.#index.fileCount) this.deadAddedCount += 1;
  }

  /** The slot of a path that the newest set holds. */
  newestSlotOf(path: string): number | undefined {
    for (const slot of this.slotsOf(path)) return this.#removedAt.has(slot) ? undefined : slot;
    return undefined;
  }

  /** Every slot of a path, the last one first. */
  *slotsOf(path: string): Generator<number, void, undefined> {
    let slot = this.#slotByPath.get(path);
    while (slot !== undefined) {
      yield slot;
      slot = this.#previousSlots.get(slot);
    }
    const indexed = this.#index.slotOf(path);
    if (indexed !== undefined) yield indexed;
  }

  copyAt(slotEnd: number, epoch: number): FileStorage {
    const indexed = this.#index.fileCount;
    const copy = new FileStorage(this.#index);
    for (const [slot, removedAt] of this.#removedAt) {
      if (slot < indexed && removedAt <= epoch) copy.remove(slot);
    }
    for (let slot = indexed; slot < slotEnd; slot += 1) {
      if (!this.isRemoved(slot, epoch)) copy.add(this.at(slot));
    }
    return copy;
  }
}
