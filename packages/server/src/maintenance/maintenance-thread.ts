// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import { ServerError } from "../errors.ts";
import type {
  MaintenanceRequest,
  MaintenanceResponse,
  MaintenanceResult,
} from "./maintenance-protocol.ts";

/** Does maintenance, one task at a time. */
export interface MaintenanceRunner {
  /** @throws ServerError when the task has failed, or the runner was closed meanwhile. */
  run(request: MaintenanceRequest): Promise<MaintenanceResult>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (result: MaintenanceResult) => void;
  readonly reject: (reason: ServerError) => void;
}

/** Does maintenance in a thread of its own, which is started for the first task and again if it is lost. */
export class MaintenanceThread implements MaintenanceRunner {
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;
  #isClosed = false;

  async run(request: MaintenanceRequest): Promise<MaintenanceResult> {
    if (this.#isClosed) throw closed();
    if (this.#waiting !== undefined) {
      throw new ServerError("internal", "another maintenance task is under way");
    }
    const worker = (this.#worker ??= this.#start());
    const result = new Promise<MaintenanceResult>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    worker.postMessage(request);
    return result;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#fail(closed());
  }

  #start(): Worker {
    const script = new URL("./maintenance-worker.js", import.meta.url);
    const worker = new Worker(script, { name: "sluice-maintenance" });
    worker.on("message", (response: MaintenanceResponse) => {
      if (response.kind === "failed") {
        this.#fail(new ServerError("unavailable", response.message));
        return;
      }
      this.#waiting?.resolve(response.result);
      this.#waiting = undefined;
    });
    worker.on("error", (cause) => this.#onLost(worker, cause));
    worker.on("exit", () => this.#onLost(worker, undefined));
    return worker;
  }

  #onLost(worker: Worker, cause: Error | undefined): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const message = `the maintenance thread was lost: ${cause?.message ?? "it exited"}`;
    this.#fail(new ServerError("internal", message, {}, cause));
  }

  #fail(reason: ServerError): void {
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }
}

function closed(): ServerError {
  return new ServerError("closed", "the server was closed");
}
