// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type {
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "./object-store.ts";
import type { PageRequest, RemoteApi, RemoteObject, RemotePage } from "./remote-api.ts";
import { RemoteRequests } from "./remote-requests.ts";
import { RemoteWriter } from "./remote-writer.ts";
import {
  DEFAULT_RETRY_POLICY,
  type RetryEnvironment,
  type RetryPolicy,
  SYSTEM_RETRY_ENVIRONMENT,
} from "./retry.ts";
import { checkStorePath, isStorePath } from "./store-path.ts";

export interface RemoteStoreOptions {
  /** @default 8 tries within 60 s, waits of up to 100 ms, doubled with each try up to 10 s */
  readonly retry?: Partial<RetryPolicy>;
  /**
   * One try of one request is given up after this many milliseconds; a part of a data file has 8 MiB.
   * @default 30000
   */
  readonly requestTimeoutMs?: number;
  /** Time and chance of the retries, for tests. */
  readonly retryEnvironment?: Partial<RetryEnvironment>;
  /** @default crypto.randomUUID */
  readonly randomUuid?: () => string;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;

/**
 * An object store behind the network. Requests that failed in a way that may pass are tried again; a conditional write
 * whose answer was lost is told from another writer's by an id that is stored with each object.
 */
export class RemoteStore implements ObjectStore {
  readonly location: string;
  readonly #api: RemoteApi;
  readonly #requests: RemoteRequests;
  readonly #randomUuid: () => string;

  constructor(api: RemoteApi, options: RemoteStoreOptions = {}) {
    this.location = api.location;
    this.#api = api;
    this.#requests = new RemoteRequests(
      api,
      {
        retry: { ...DEFAULT_RETRY_POLICY, ...options.retry },
        requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      },
      { ...SYSTEM_RETRY_ENVIRONMENT, ...options.retryEnvironment },
    );
    this.#randomUuid = options.randomUuid ?? randomUUID;
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(path);
    return this.#requests.find(reading(path), async (signal) =>
      this.#api.get(key, undefined, signal),
    );
  }

  async getRange(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(path);
    if (end <= start) return (await this.head(path)) === undefined ? undefined : new Uint8Array();
    return this.#requests.find(reading(path), async (signal) => {
      try {
        return await this.#api.get(key, { start, end }, signal);
      } catch (error) {
        if (this.#api.classify(error).kind === "outOfRange") return new Uint8Array();
        throw error;
      }
    });
  }

  async head(path: string): Promise<ObjectEntry | undefined> {
    const key = this.#keyOf(path);
    const head = await this.#requests.find(
      { name: "look up", path, isWrite: false },
      async (signal) => this.#api.head(key, signal),
    );
    return head === undefined ? undefined : this.#entryOf(head);
  }

  async list(directory: string, options: ListOptions = {}): Promise<readonly string[]> {
    const { startAfter } = options;
    const prefix = this.#prefixOf(directory);
    const names = new Set<string>();
    // Services sort by UTF-8, which is the same order as long as no surrogate is met.
    const isPushedDown = startAfter !== undefined && !/[\uD800-\uFFFF]/.test(startAfter);
    const request: PageRequest = {
      prefix,
      isDelimited: true,
      ...(isPushedDown ? { startAfter: prefix + startAfter } : {}),
    };
    for await (const { objects, prefixes } of this.#pages(directory, request)) {
      for (const { key } of objects) names.add(key.slice(prefix.length));
      for (const key of prefixes) names.add(key.slice(prefix.length, -1));
    }
    return [...names]
      .filter((name) => isStorePath(name) && (startAfter === undefined || name > startAfter))
      .toSorted();
  }

  async *listAll(directory: string): AsyncGenerator<ObjectEntry, void, undefined> {
    const request = { prefix: this.#prefixOf(directory), isDelimited: false };
    for await (const { objects } of this.#pages(directory, request)) {
      for (const object of objects) {
        const entry = this.#entryOf(object);
        // What stands for a directory in some tools, and other names that no path can reach.
        if (isStorePath(entry.path)) yield entry;
      }
    }
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<PutIfAbsentResult> {
    const key = this.#keyOf(path);
    const condition = { writeId: this.#randomUuid(), onlyIfAbsent: true };
    const attempt = async (signal: AbortSignal): Promise<void> =>
      this.#api.put(key, bytes, condition, signal);
    const result = await this.#requests.create(path, condition.writeId, attempt);
    if (result.kind === "created") await this.#requests.proveConditions(path, attempt);
    return result;
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const key = this.#keyOf(path);
    const condition = { writeId: this.#randomUuid(), onlyIfAbsent: false };
    await this.#requests.run({ name: "write", path, isWrite: true }, async (signal) =>
      this.#api.put(key, bytes, condition, signal),
    );
  }

  async delete(path: string): Promise<void> {
    const key = this.#keyOf(path);
    await this.#requests.find({ name: "delete", path, isWrite: true }, async (signal) =>
      this.#api.delete(key, signal),
    );
  }

  createWriter(path: string): ObjectWriter {
    checkStorePath(path);
    return new RemoteWriter(path, this.#requests, this.#randomUuid());
  }

  /** Directories are only parts of names. */
  async prepareDirectory(directory: string): Promise<void> {
    if (directory !== "") checkStorePath(directory);
  }

  async *#pages(
    directory: string,
    request: PageRequest,
  ): AsyncGenerator<RemotePage, void, undefined> {
    const action = { name: "list", path: directory, isWrite: false };
    let token: string | undefined;
    do {
      const pageRequest = token === undefined ? request : { ...request, token };
      const page = await this.#requests.run(action, async (signal) =>
        this.#api.listPage(pageRequest, signal),
      );
      yield page;
      token = page.nextToken;
    } while (token !== undefined);
  }

  #keyOf(path: string): string {
    checkStorePath(path);
    return this.#requests.keyOf(path);
  }

  #prefixOf(directory: string): string {
    return directory === "" ? this.#api.keyPrefix : `${this.#keyOf(directory)}/`;
  }

  #entryOf({ key, sizeBytes, modifiedAtMs }: RemoteObject): ObjectEntry {
    return { path: key.slice(this.#api.keyPrefix.length), sizeBytes, modifiedAtMs };
  }
}

function reading(path: string): {
  readonly name: string;
  readonly path: string;
  readonly isWrite: false;
} {
  return { name: "read", path, isWrite: false };
}
