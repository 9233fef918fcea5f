// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaErrorCode } from "../../src/delta-error.ts";
import type {
  FinishedDataFile,
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "../../src/store/object-store.ts";

export type StoreOperation =
  | "get"
  | "getRange"
  | "head"
  | "list"
  | "listAll"
  | "putIfAbsent"
  | "put"
  | "delete"
  | "prepareDirectory"
  | "writer.write"
  | "writer.finish"
  | "writer.abort";

/** One failure of one operation. */
export interface StoreFault {
  /** @default every operation */
  readonly operation?: StoreOperation;
  /** Which paths it is about. @default all */
  readonly path?: RegExp;
  /** The how-manieth of the operations that match fails, from 1. */
  readonly nth: number;
  /**
   * - `before`: nothing happens in the store.
   * - `after`: it happens, and is reported as failed with `effect: "unknown"`.
   * - `torn`: of a `put`, half of the bytes are written, as on a store whose writes are not atomic; reported like
   *   `after`.
   */
  readonly moment: "before" | "after" | "torn";
  /** @default "unavailable" */
  readonly code?: DeltaErrorCode;
}

export interface StoreCall {
  readonly operation: StoreOperation;
  readonly path: string;
}

/** A store that fails where it is told to, and remembers what was asked of it. */
export class FailingStore implements ObjectStore {
  readonly location: string;
  /** Every call, in order, the failed ones too. */
  readonly calls: StoreCall[] = [];
  readonly #inner: ObjectStore;
  readonly #faults: readonly { readonly fault: StoreFault; matchedCount: number }[];

  constructor(inner: ObjectStore, faults: readonly StoreFault[] = []) {
    this.location = inner.location;
    this.#inner = inner;
    this.#faults = faults.map((fault) => {
      if (fault.moment === "torn" && fault.operation !== "put") {
        throw new Error('only a put can be torn: give operation: "put"');
      }
      return { fault, matchedCount: 0 };
    });
  }

  /** How often an operation was asked for. */
  count(operation: StoreOperation): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    return this.#run("get", path, async () => this.#inner.get(path));
  }

  async getRange(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return this.#run("getRange", path, async () => this.#inner.getRange(path, start, end));
  }

  async head(path: string): Promise<ObjectEntry | undefined> {
    return this.#run("head", path, async () => this.#inner.head(path));
  }

  async list(directory: string, options?: ListOptions): Promise<readonly string[]> {
    return this.#run("list", directory, async () => this.#inner.list(directory, options));
  }

  /** A fault `after` comes when all entries have been given. */
  async *listAll(directory: string): AsyncGenerator<ObjectEntry, void, undefined> {
    const fault = this.#next("listAll", directory);
    if (fault?.moment === "before") throw failure(fault, "listAll", directory);
    yield* this.#inner.listAll(directory);
    if (fault !== undefined) throw failure(fault, "listAll", directory);
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<PutIfAbsentResult> {
    return this.#run("putIfAbsent", path, async () => this.#inner.putIfAbsent(path, bytes));
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const half = bytes.subarray(0, bytes.length >> 1);
    return this.#run("put", path, async (isTorn) => this.#inner.put(path, isTorn ? half : bytes));
  }

  async delete(path: string): Promise<void> {
    return this.#run("delete", path, async () => this.#inner.delete(path));
  }

  async prepareDirectory(directory: string): Promise<void> {
    return this.#run("prepareDirectory", directory, async () =>
      this.#inner.prepareDirectory(directory),
    );
  }

  createWriter(path: string): ObjectWriter {
    const writer = this.#inner.createWriter(path);
    const run = this.#run.bind(this);
    return {
      path,
      get sizeBytes() {
        return writer.sizeBytes;
      },
      write: async (bytes: Uint8Array): Promise<void> =>
        run("writer.write", path, async () => writer.write(bytes)),
      finish: async (): Promise<FinishedDataFile> =>
        run("writer.finish", path, async () => writer.finish()),
      abort: async (): Promise<void> => run("writer.abort", path, async () => writer.abort()),
    };
  }

  async #run<T>(
    operation: StoreOperation,
    path: string,
    call: (isTorn: boolean) => Promise<T>,
  ): Promise<T> {
    const fault = this.#next(operation, path);
    if (fault?.moment === "before") throw failure(fault, operation, path);
    const result = await call(fault?.moment === "torn");
    if (fault !== undefined) throw failure(fault, operation, path);
    return result;
  }

  /** Remembers a call and gives the fault that is due for it; of several, the first given. */
  #next(operation: StoreOperation, path: string): StoreFault | undefined {
    this.calls.push({ operation, path });
    let due: StoreFault | undefined;
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (fault.path?.test(path) === false) continue;
      entry.matchedCount += 1;
      if (entry.matchedCount === fault.nth) due ??= fault;
    }
    return due;
  }
}

function failure(fault: StoreFault, operation: StoreOperation, path: string): DeltaError {
  const { code = "unavailable", moment } = fault;
  return new DeltaError(code, `${operation} of ${JSON.stringify(path)} fails, as told`, {
    effect: moment === "before" ? "none" : "unknown",
    details: { path },
  });
}
