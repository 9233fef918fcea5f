// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import type { ColumnBlock, StructType } from "@sluice/delta";
import { ServerError } from "../errors.ts";
import { SpareBlocks } from "./spare-blocks.ts";
import type { FileLayout } from "./file-layout.ts";
import type { EncodedFile, EncoderRequest, EncoderResponse } from "./encoder-protocol.ts";

/** A data file that is being written by a worker. */
export interface EncodingFile {
  /** Hands the block over: its memory is shared, and nobody else's than the worker's from now on. */
  addBlock(block: ColumnBlock): void;
  /** Completes and syncs the file, or those of its partitions. Rejects when any step of it has failed. */
  finish(): Promise<readonly EncodedFile[]>;
  /** Gives the file up and removes it. */
  abort(): void;
}

interface OpenFile {
  readonly worker: Worker;
  readonly shape: string;
  readonly settle: (result: readonly EncodedFile[] | ServerError) => void;
  /** Blocks that the worker has not written yet, in order. */
  readonly pendingBlocks: ColumnBlock[];
}

/** Blocks that may wait for the workers at one time; above it the sources are held back. Bounds the memory they take. */
const MAX_PENDING_BLOCKS_PER_WORKER = 6;

/** Workers that are started in place of lost ones. A budget: what kills them all will kill the next as well. */
const MAX_REPLACEMENTS = 16;

/** Writes Parquet files off the main thread. */
export class EncoderPool {
  readonly #workers: Worker[] = [];
  readonly #maxOpenPartitions: number;
  readonly #files = new Map<number, OpenFile>();
  readonly #relief = new Set<() => void>();
  readonly #spares: SpareBlocks = new SpareBlocks();
  #pendingBlocks = 0;
  #nextFileId = 1;
  #replacements = 0;
  #closed = false;

  /** @param maxOpenPartitions files that the rows of one partitioned table may go to at one time. */
  constructor(workerCount: number, maxOpenPartitions: number) {
    this.#maxOpenPartitions = maxOpenPartitions;
    for (let index = 0; index < workerCount; index++) this.#startWorker();
  }

  /** Files that are not finished, of all tables. */
  get openFileCount(): number {
    return this.#files.size;
  }

  /** Whether the workers are behind: sources must pause until {@link EncoderPool.whenRelieved}. */
  get isSaturated(): boolean {
    const workerCount = Math.max(1, this.#workers.length);
    return this.#pendingBlocks >= MAX_PENDING_BLOCKS_PER_WORKER * workerCount;
  }

  /** Runs `callback` once when the workers have caught up. */
  whenRelieved(callback: () => void): void {
    this.#relief.add(callback);
  }

  /** A block that was written and whose buffers can be used again; see `BlockBuilder.seal`. */
  takeSpare(schema: StructType): ColumnBlock | undefined {
    return this.#spares.take(shapeOf(schema));
  }

  /** @param path relative to the table. @default a new data file's name */
  open(tableLocation: string, layout: FileLayout, path?: string): EncodingFile {
    const fileId = this.#nextFileId++;
    const worker = this.#workers[fileId % this.#workers.length];
    if (worker === undefined) {
      throw new ServerError("unavailable", "no encoder worker is left; restart the server");
    }
    const result = new Promise<readonly EncodedFile[]>((resolve, reject) => {
      const settle = (outcome: readonly EncodedFile[] | ServerError): void => {
        if (outcome instanceof ServerError) reject(outcome);
        else resolve(outcome);
      };
      this.#files.set(fileId, { worker, shape: shapeOf(layout.schema), settle, pendingBlocks: [] });
    });
    // The owner may learn of a failure only at `finish`; until then nobody waits for it.
    result.catch(() => undefined);
    const maxOpenPartitions = this.#maxOpenPartitions;
    post(worker, { kind: "open", fileId, tableLocation, layout, path, maxOpenPartitions });
    return {
      addBlock: (block) => {
        const file = this.#files.get(fileId);
        if (file === undefined) return;
        file.pendingBlocks.push(block);
        this.#pendingBlocks++;
        post(worker, { kind: "block", fileId, block });
      },
      finish: () => {
        if (this.#files.has(fileId)) post(worker, { kind: "finish", fileId });
        return result;
      },
      abort: () => {
        if (!this.#files.has(fileId)) return;
        post(worker, { kind: "abort", fileId });
        this.#settle(fileId, new ServerError("cancelled", "the file was given up"));
      },
    };
  }

  /** Stops the workers. Files that are not finished fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    for (const fileId of this.#files.keys()) {
      this.#settle(fileId, new ServerError("closed", "the server was closed"));
    }
  }

  #onResponse(response: EncoderResponse): void {
    switch (response.kind) {
      case "blockWritten": {
        const file = this.#files.get(response.fileId);
        if (file === undefined) return;
        const block = file.pendingBlocks.shift();
        if (block === undefined) return;
        this.#pendingBlocks--;
        this.#spares.put(file.shape, block);
        this.#relieve();
        return;
      }
      case "finished":
        this.#settle(response.fileId, response.files);
        return;
      case "failed":
        this.#settle(response.fileId, new ServerError("unavailable", response.message));
    }
  }

  #onWorkerLost(worker: Worker, cause: Error | undefined): void {
    if (this.#closed) return;
    const index = this.#workers.indexOf(worker);
    // Both `error` and `exit` come for the same loss.
    if (index < 0) return;
    this.#workers.splice(index, 1);
    for (const [fileId, file] of this.#files) {
      if (file.worker !== worker) continue;
      const message = `an encoder worker was lost: ${cause?.message ?? "it exited"}`;
      this.#settle(fileId, new ServerError("internal", message, {}, cause));
    }
    if (this.#replacements < MAX_REPLACEMENTS) {
      this.#replacements++;
      this.#startWorker();
    }
    this.#relieve();
  }

  #startWorker(): void {
    const script = new URL("./encoder-worker.js", import.meta.url);
    const worker = new Worker(script, { name: "sluice-encoder" });
    worker.on("message", (response: EncoderResponse) => this.#onResponse(response));
    worker.on("error", (cause) => this.#onWorkerLost(worker, cause));
    worker.on("exit", () => this.#onWorkerLost(worker, undefined));
    this.#workers.push(worker);
  }

  #settle(fileId: number, outcome: readonly EncodedFile[] | ServerError): void {
    const file = this.#files.get(fileId);
    if (file === undefined) return;
    this.#files.delete(fileId);
    this.#pendingBlocks -= file.pendingBlocks.length;
    file.settle(outcome);
    this.#relieve();
  }

  #relieve(): void {
    if (this.#relief.size === 0 || this.isSaturated) return;
    const callbacks = [...this.#relief];
    this.#relief.clear();
    for (const callback of callbacks) callback();
  }
}

/** Blocks of schemas of one shape have columns of the same kinds. */
function shapeOf(schema: StructType): string {
  let shape = shapes.get(schema);
  if (shape === undefined) {
    shape = JSON.stringify(schema.fields.map((field) => [field.type, field.nullable]));
    shapes.set(schema, shape);
  }
  return shape;
}

const shapes = new WeakMap<StructType, string>();

function post(worker: Worker, request: EncoderRequest): void {
  worker.postMessage(request);
}
