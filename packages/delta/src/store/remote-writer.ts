// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { FinishedDataFile, ObjectWriter } from "./object-store.ts";
import { PART_BYTES } from "./part-bytes.ts";
import type { RemoteHead, RemoteUpload, UploadPart } from "./remote-api.ts";
import type { Creation, RemoteRequests } from "./remote-requests.ts";
import { WriterLife } from "./writer-state.ts";

/** The lowest bound among the services. */
const MAX_PART_COUNT = 10_000;

/** A part grows up to its size, so that small objects take little memory. */
const FIRST_BUFFER_BYTES = 64 * 1024;

/**
 * Collects bytes into parts, which are sent while more are taken. An object of one part is written in one request. Holds
 * at most one part more than may be under way at once.
 */
export class RemoteWriter implements ObjectWriter {
  readonly path: string;
  sizeBytes = 0;
  readonly #requests: RemoteRequests;
  readonly #writeId: string;
  readonly #life: WriterLife;
  readonly #abortion = new AbortController();
  #upload: RemoteUpload | undefined;
  #part = new Uint8Array(FIRST_BUFFER_BYTES);
  #partLength = 0;
  #partCount = 0;
  /** Parts being sent; each removes itself, and is never rejected. */
  readonly #sending = new Set<Promise<void>>();
  #sendError: unknown;

  constructor(path: string, requests: RemoteRequests, writeId: string) {
    this.path = path;
    this.#requests = requests;
    this.#writeId = writeId;
    this.#life = new WriterLife(path);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#life.on("write");
    await this.#life.run(async () => {
      for (let taken = 0; taken < bytes.length; ) {
        // A full part is sent only when more follows: the last one is sent by `finish`.
        if (this.#partLength === PART_BYTES) await this.#sendPart(false);
        const length = Math.min(bytes.length - taken, PART_BYTES - this.#partLength);
        this.#append(bytes.subarray(taken, taken + length));
        taken += length;
      }
    });
  }

  async finish(): Promise<FinishedDataFile> {
    this.#life.on("finish");
    return this.#life.run(async () => {
      const result = await (this.#partCount === 0 ? this.#putWhole() : this.#complete());
      if (result.kind === "exists") {
        throw new DeltaError(
          "already_exists",
          `cannot create ${JSON.stringify(this.path)} in ${this.#requests.api.location}: there is an object by that name already`,
          { details: { path: this.path } },
        );
      }
      const finished = await this.#look();
      this.#life.on("settle");
      return finished;
    });
  }

  async abort(): Promise<void> {
    this.#life.on("abort");
    if (this.#life.state === "finished") return;
    this.#part = new Uint8Array();
    this.#abortion.abort();
    // A part that arrives after the upload was removed would be kept by some services.
    await Promise.all(this.#sending);
    const upload = this.#upload;
    this.#upload = undefined;
    if (upload === undefined) return;
    try {
      await this.#requests.run(this.#action("remove the parts of"), async (signal) =>
        upload.abort(signal),
      );
    } catch {
      // What is left is no object. README says how a service removes it in time.
    }
  }

  async #putWhole(): Promise<{ readonly kind: "created" | "exists" }> {
    const { api } = this.#requests;
    const bytes = this.#part.subarray(0, this.#partLength);
    const condition = { writeId: this.#writeId, onlyIfAbsent: true };
    return this.#requests.create(this.#creation(bytes.length), async (signal) =>
      api.put(this.#requests.keyOf(this.path), bytes, condition, signal),
    );
  }

  async #complete(): Promise<{ readonly kind: "created" | "exists" }> {
    await this.#sendPart(true);
    await Promise.all(this.#sending);
    this.#throwSendError();
    const upload = await this.#started();
    // On some services the last part comes with the completion.
    return this.#requests.create(this.#creation(PART_BYTES), async (signal) =>
      upload.complete(signal),
    );
  }

  /** What the service has: nothing names the object before its size is known to be right. */
  async #look(): Promise<FinishedDataFile> {
    const { api } = this.#requests;
    let head: RemoteHead;
    try {
      head = await this.#requests.run(this.#action("look up"), async (signal) =>
        api.head(this.#requests.keyOf(this.path), signal),
      );
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      const { code, message, details } = error;
      throw new DeltaError(code, message, { cause: error, effect: "unknown", details });
    }
    if (head.sizeBytes !== this.sizeBytes) {
      throw new DeltaError(
        "data_loss",
        `${JSON.stringify(this.path)} in ${api.location} has ${head.sizeBytes} bytes; ${this.sizeBytes} were written`,
        { effect: "unknown", details: { path: this.path } },
      );
    }
    return { sizeBytes: head.sizeBytes, modificationTimeMs: head.modifiedAtMs };
  }

  #append(bytes: Uint8Array): void {
    const length = this.#partLength + bytes.length;
    if (length > this.#part.length) {
      const grown = new Uint8Array(Math.min(PART_BYTES, Math.max(length, this.#part.length * 4)));
      grown.set(this.#part.subarray(0, this.#partLength));
      this.#part = grown;
    }
    this.#part.set(bytes, this.#partLength);
    this.#partLength = length;
    this.sizeBytes += bytes.length;
  }

  async #sendPart(isLast: boolean): Promise<void> {
    if (this.#partCount === MAX_PART_COUNT) {
      throw new DeltaError(
        "unsupported",
        `${JSON.stringify(this.path)} would have more than ${MAX_PART_COUNT * PART_BYTES} bytes, the most that a writer sends; write several files`,
        { details: { path: this.path } },
      );
    }
    const upload = await this.#started();
    while (this.#sending.size >= this.#requests.api.partConcurrency) {
      await Promise.race(this.#sending);
    }
    this.#throwSendError();
    const part = {
      index: this.#partCount,
      bytes: this.#part.subarray(0, this.#partLength),
      isLast,
    };
    this.#partCount += 1;
    this.#part = new Uint8Array(isLast ? 0 : PART_BYTES);
    this.#partLength = 0;
    const sent: Promise<void> = this.#send(upload, part).finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }

  async #send(upload: RemoteUpload, part: UploadPart): Promise<void> {
    try {
      await this.#requests.run(
        { ...this.#action("write"), signal: this.#abortion.signal },
        async (signal) => upload.putPart(part, signal),
      );
    } catch (error) {
      this.#sendError ??= error;
    }
  }

  async #started(): Promise<RemoteUpload> {
    this.#upload ??= await this.#requests.run(this.#action("begin"), async (signal) =>
      this.#requests.api.startUpload(this.#requests.keyOf(this.path), this.#writeId, signal),
    );
    return this.#upload;
  }

  #throwSendError(): void {
    if (this.#sendError !== undefined) throw this.#sendError;
  }

  #creation(sentBytes: number): Creation {
    return { path: this.path, writeId: this.#writeId, sentBytes };
  }

  /** Parts are not seen before the upload is completed, so a part that may have been written has no effect. */
  #action(name: string): { readonly name: string; readonly path: string; readonly isWrite: false } {
    return { name, path: this.path, isWrite: false };
  }
}
