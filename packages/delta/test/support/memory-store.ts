// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../../src/delta-error.ts";
import type {
  FinishedDataFile,
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "../../src/store/object-store.ts";

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly modifiedAtMs: number;
}

/** A store in memory, for tests that make many tables. The times of its objects are those of its clock. */
export class MemoryStore implements ObjectStore {
  readonly location: string = "memory";
  readonly objects: Map<string, StoredObject> = new Map();
  /** Paths that listings do not give (yet), as those of a store that is slow to list. */
  readonly hidden: Set<string> = new Set();
  /** Every path that was read, in order. */
  readonly reads: string[] = [];
  /** How each listing was asked for. */
  readonly lists: (string | undefined)[] = [];
  nowMs: number = 1;

  async get(path: string): Promise<Uint8Array | undefined> {
    this.reads.push(path);
    return this.objects.get(path)?.bytes;
  }

  async getRange(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    this.reads.push(path);
    return this.objects.get(path)?.bytes.slice(start, end);
  }

  async head(path: string): Promise<ObjectEntry | undefined> {
    const object = this.objects.get(path);
    if (object === undefined) return undefined;
    return { path, sizeBytes: object.bytes.length, modifiedAtMs: object.modifiedAtMs };
  }

  async list(directory: string, { startAfter }: ListOptions = {}): Promise<readonly string[]> {
    this.lists.push(startAfter);
    const prefix = `${directory}/`;
    return [...this.objects.keys()]
      .filter((path) => path.startsWith(prefix) && !this.hidden.has(path))
      .map((path) => path.slice(prefix.length))
      .filter((name) => !name.includes("/") && (startAfter === undefined || name > startAfter))
      .toSorted();
  }

  async *listAll(directory: string): AsyncGenerator<ObjectEntry, void, undefined> {
    for (const [path, { bytes, modifiedAtMs }] of this.objects) {
      if (directory !== "" && !path.startsWith(`${directory}/`)) continue;
      yield { path, sizeBytes: bytes.length, modifiedAtMs };
    }
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<PutIfAbsentResult> {
    if (this.objects.has(path)) return { kind: "exists" };
    this.write(path, bytes);
    return { kind: "created" };
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    this.write(path, bytes);
  }

  async delete(path: string): Promise<void> {
    this.objects.delete(path);
  }

  async prepareDirectory(): Promise<void> {
    // There are no directories.
  }

  createWriter(path: string): ObjectWriter {
    return new MemoryWriter(this, path);
  }

  write(path: string, bytes: Uint8Array): void {
    this.objects.set(path, { bytes: new Uint8Array(bytes), modifiedAtMs: this.nowMs });
  }

  /** What the store holds, as another one. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [path, object] of this.objects) copy.objects.set(path, object);
    copy.nowMs = this.nowMs;
    return copy;
  }

  paths(prefix: string): string[] {
    return [...this.objects.keys()].filter((path) => path.startsWith(prefix)).toSorted();
  }
}

class MemoryWriter implements ObjectWriter {
  readonly path: string;
  readonly #store: MemoryStore;
  readonly #parts: Uint8Array[] = [];
  sizeBytes = 0;

  constructor(store: MemoryStore, path: string) {
    this.#store = store;
    this.path = path;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#parts.push(new Uint8Array(bytes));
    this.sizeBytes += bytes.length;
  }

  async finish(): Promise<FinishedDataFile> {
    const { kind } = await this.#store.putIfAbsent(this.path, Buffer.concat(this.#parts));
    if (kind === "exists") throw new DeltaError("already_exists", `${this.path} is there already`);
    return { sizeBytes: this.sizeBytes, modificationTimeMs: this.#store.nowMs };
  }

  async abort(): Promise<void> {
    this.#parts.length = 0;
  }
}
