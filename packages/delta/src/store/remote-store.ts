// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type {
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "./object-store.ts";
import type { ByteRange, PageRequest, RemoteApi, RemoteObject, RemotePage } from "./remote-api.ts";
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
   * One try of one request is given up after this many milliseconds; where it sends more than 8 MiB, after so many for
   * each 8 MiB.
   * @default 30000
   */
  readonly requestTimeoutMs?: number;
  /**
   * Names that one request of a listing asks for.
   * @default the most that the service gives: 1000, on Azure 5000
   */
  readonly listPageSize?: number;
  /** Time and chance of the retries, for tests. */
  readonly retryEnvironment?: Partial<RetryEnvironment>;
  /** @default crypto.randomUUID */
  readonly randomUuid?: () => string;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;

/** The most that one request reads. */
const READ_BYTES = 16 * 1024 * 1024;

/**
 * An object store behind the network. Requests that failed in a way that may pass are tried again; a conditional write
 * whose answer was lost is told from another writer's by an id that is stored with each object.
 */
export class RemoteStore implements ObjectStore {
  readonly location: string;
  readonly #api: RemoteApi;
  readonly #requests: RemoteRequests;
  readonly #randomUuid: () => string;
  readonly #listPageSize: number | undefined;

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
    this.#listPageSize = options.listPageSize;
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    return this.#read(path, 0, Number.MAX_SAFE_INTEGER);
  }

  async getRange(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return end <= start ? this.#emptyIfThere(path) : this.#read(path, start, end);
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
    const creation = { path, writeId: condition.writeId, sentBytes: bytes.length };
    const attempt = async (signal: AbortSignal): Promise<void> =>
      this.#api.put(key, bytes, condition, signal);
    const result = await this.#requests.create(creation, attempt);
    if (result.kind === "created") await this.#requests.proveConditions(creation, attempt);
    return result;
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const key = this.#keyOf(path);
    const condition = { writeId: this.#randomUuid(), onlyIfAbsent: false };
    const action = { name: "write", path, isWrite: true, sentBytes: bytes.length };
    await this.#requests.run(action, async (signal) =>
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

  /**
   * Reads in requests of bounded size, so that a try has an end that does not depend on the object's. An object that is
   * replaced meanwhile could be seen in parts of both; what tables replace fits into one request.
   */
  async #read(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    for (let at = start; at < end; at += READ_BYTES) {
      const range = { start: at, end: Math.min(end, at + READ_BYTES) };
      const chunk = await this.#readOnce(path, range);
      if (chunk === undefined) return undefined;
      if (at === start && chunk.length < READ_BYTES) return chunk;
      chunks.push(chunk);
      if (chunk.length < READ_BYTES) break;
    }
    return Buffer.concat(chunks);
  }

  async #readOnce(path: string, range: ByteRange): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(path);
    const action = { name: "read", path, isWrite: false };
    const bytes = await this.#requests.find(action, async (signal) => {
      try {
        return await this.#api.get(key, range, signal);
      } catch (error) {
        if (this.#api.classify(error).kind === "outOfRange") return "outOfRange";
        throw error;
      }
    });
    // An object that is empty, or no longer; what stands for a directory looks the same.
    return bytes === "outOfRange" ? this.#emptyIfThere(path) : bytes;
  }

  async #emptyIfThere(path: string): Promise<Uint8Array | undefined> {
    return (await this.head(path)) === undefined ? undefined : new Uint8Array();
  }

  async *#pages(
    directory: string,
    request: PageRequest,
  ): AsyncGenerator<RemotePage, void, undefined> {
    const action = { name: "list", path: directory, isWrite: false };
    let token: string | undefined;
    do {
      const pageRequest = {
        ...request,
        ...(this.#listPageSize === undefined ? {} : { pageSize: this.#listPageSize }),
        ...(token === undefined ? {} : { token }),
      };
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
