// SPDX-License-Identifier: Apache-2.0
import type { Stats } from "node:fs";
import { type FileHandle, link, opendir, readdir, rename, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { DeltaError } from "../delta-error.ts";
import { isErrno, storeError } from "./local-errors.ts";
import {
  isTemporary,
  makeDirectory,
  openDisposable,
  removeQuietly,
  syncDirectory,
  temporaryFor,
} from "./local-files.ts";
import { LocalWriter } from "./local-writer.ts";
import type {
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "./object-store.ts";
import { localRootOf } from "./store-location.ts";
import { checkStorePath, directoryOf } from "./store-path.ts";

/**
 * A directory of the local file system as a store. An object is written to a temporary file beside its place, synced,
 * put in place with `link` (which fails if the name is taken) or `rename`, and the directory is synced: a reader sees
 * the whole object or none, and what was reported done survives a crash.
 *
 * The file system must have hard links; those without (some network and FAT file systems) are refused by name of the
 * failure at the first commit.
 */
export class LocalStore implements ObjectStore {
  readonly location: string;

  /** @param root the directory; it is made by the first {@link LocalStore.prepareDirectory}. */
  constructor(root: string) {
    this.location = localRootOf(root);
  }

  /** The path of an object in the file system. */
  resolve(objectPath: string): string {
    checkStorePath(objectPath);
    return path.join(this.location, objectPath);
  }

  async get(objectPath: string): Promise<Uint8Array | undefined> {
    return this.#read(objectPath, async (file) => file.readFile());
  }

  async getRange(objectPath: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return this.#read(objectPath, async (file) => readRange(file, start, end));
  }

  async head(objectPath: string): Promise<ObjectEntry | undefined> {
    checkStorePath(objectPath);
    return this.#file(objectPath);
  }

  async list(directory: string, options: ListOptions = {}): Promise<readonly string[]> {
    const { startAfter } = options;
    let names: string[];
    try {
      names = await readdir(this.#directoryPath(directory));
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
      throw storeError("list", directory, error);
    }
    return names
      .filter((name) => !isTemporary(name) && (startAfter === undefined || name > startAfter))
      .toSorted();
  }

  async *listAll(directory: string): AsyncGenerator<ObjectEntry, void, undefined> {
    const directories = [directory];
    for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
      for await (const { name, isDirectory } of this.#entriesOf(next)) {
        const entryPath = next === "" ? name : `${next}/${name}`;
        if (isDirectory) {
          directories.push(entryPath);
          continue;
        }
        const entry = await this.#file(entryPath);
        if (entry !== undefined) yield entry;
      }
    }
  }

  async putIfAbsent(objectPath: string, bytes: Uint8Array): Promise<PutIfAbsentResult> {
    const target = this.resolve(objectPath);
    const temporary = await this.#writeTemporary(objectPath, target, bytes);
    try {
      await link(temporary, target);
    } catch (error) {
      if (isErrno(error, "EEXIST")) return { kind: "exists" };
      throw storeError("create", objectPath, error);
    } finally {
      await removeQuietly(temporary);
    }
    await this.#syncAfterChange(objectPath, target);
    return { kind: "created" };
  }

  async put(objectPath: string, bytes: Uint8Array): Promise<void> {
    const target = this.resolve(objectPath);
    const temporary = await this.#writeTemporary(objectPath, target, bytes);
    try {
      await rename(temporary, target);
    } catch (error) {
      await removeQuietly(temporary);
      throw storeError("write", objectPath, error);
    }
    await this.#syncAfterChange(objectPath, target);
  }

  async delete(objectPath: string): Promise<void> {
    const target = this.resolve(objectPath);
    try {
      await unlink(target);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return;
      throw storeError("delete", objectPath, error);
    }
    await this.#syncAfterChange(objectPath, target);
  }

  createWriter(objectPath: string): ObjectWriter {
    return new LocalWriter(objectPath, this.resolve(objectPath));
  }

  async prepareDirectory(directory: string): Promise<void> {
    try {
      await makeDirectory(this.#directoryPath(directory));
    } catch (error) {
      throw storeError("make the directory", directory === "" ? this.location : directory, error);
    }
  }

  #directoryPath(directory: string): string {
    return directory === "" ? this.location : this.resolve(directory);
  }

  async *#entriesOf(
    directory: string,
  ): AsyncGenerator<{ name: string; isDirectory: boolean }, void, undefined> {
    try {
      for await (const entry of await opendir(this.#directoryPath(directory))) {
        yield { name: entry.name, isDirectory: entry.isDirectory() };
      }
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return;
      throw storeError("list", directory, error);
    }
  }

  /** A file, or what a link to a file leads to; `undefined` for anything else, and for what has gone meanwhile. */
  async #file(objectPath: string): Promise<ObjectEntry | undefined> {
    try {
      const status = await stat(path.join(this.location, objectPath));
      return status.isFile() ? entryOf(objectPath, status) : undefined;
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
      throw storeError("look up", objectPath, error);
    }
  }

  async #read<T>(
    objectPath: string,
    read: (file: FileHandle) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      await using file = await openDisposable(this.resolve(objectPath), "r");
      return await read(file.handle);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR", "EISDIR")) return undefined;
      throw storeError("read", objectPath, error);
    }
  }

  async #writeTemporary(objectPath: string, target: string, bytes: Uint8Array): Promise<string> {
    const temporary = temporaryFor(target);
    try {
      await using file = await openDisposable(temporary, "wx");
      await file.handle.writeFile(bytes);
      await file.handle.sync();
    } catch (error) {
      await removeQuietly(temporary);
      if (isErrno(error, "ENOENT")) {
        throw new DeltaError(
          "not_found",
          `cannot write ${JSON.stringify(objectPath)}: ${JSON.stringify(directoryOf(objectPath))} does not exist in ${this.location}`,
          { cause: error, details: { path: objectPath } },
        );
      }
      throw storeError("write", objectPath, error);
    }
    return temporary;
  }

  async #syncAfterChange(objectPath: string, target: string): Promise<void> {
    try {
      await syncDirectory(path.dirname(target));
    } catch (error) {
      throw storeError("make durable", objectPath, error, "unknown");
    }
  }
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function entryOf(objectPath: string, status: Stats): ObjectEntry {
  return { path: objectPath, sizeBytes: status.size, modifiedAtMs: Math.trunc(status.mtimeMs) };
}
