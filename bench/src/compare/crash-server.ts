// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openTable } from "@sluice/delta";
import { Service } from "../lib/child.ts";
import { DATA_ROOT } from "../lib/server-run.ts";
import { wallClockMs } from "../lib/wall-clock.ts";
import type { ServerJob, ServerReady } from "../load/server.ts";

export const CRASH_TABLE = "main.compare.events";

/** A real server process with one table, to be killed, stopped, and started again on its port and directory. */
export class CrashServer {
  readonly endpoint: string;
  readonly #job: ServerJob;
  readonly #location: string;
  #service: Service<ServerReady>;

  private constructor(job: ServerJob, service: Service<ServerReady>) {
    const { endpoint, locations } = service.ready;
    this.endpoint = endpoint;
    this.#location = locations[0] ?? "";
    this.#job = { ...job, port: Number(new URL(endpoint).port) };
    this.#service = service;
  }

  static async start(): Promise<CrashServer> {
    const job: ServerJob = {
      dataDirectory: await mkdtemp(join(DATA_ROOT, "compare-")),
      tables: [CRASH_TABLE],
      columns: "id BIGINT NOT NULL",
    };
    return new CrashServer(job, await Service.start<ServerReady>("load/server.js", job));
  }

  /** Kills the process; `pauseMs` later another one listens. @returns the wall clocks of both */
  async killAndRestart(pauseMs: number): Promise<{ killedAtMs: number; backAtMs: number }> {
    await this.#service.kill();
    const killedAtMs = wallClockMs();
    await sleep(pauseMs);
    this.#service = await Service.start<ServerReady>("load/server.js", this.#job);
    return { killedAtMs, backAtMs: this.#service.ready.listeningAtMs };
  }

  /** Makes a black hole of it: connections stay and are taken, and nothing is answered. */
  freeze(): void {
    this.#service.signal("SIGSTOP");
  }

  thaw(): void {
    this.#service.signal("SIGCONT");
  }

  /** @returns rows of the table, and how many different ids are among them */
  async countRows(): Promise<{ rowCount: number; distinctCount: number }> {
    await this.#service.ask({ kind: "flush" });
    const ids = new Set<number>();
    let rowCount = 0;
    for await (const row of (await openTable(this.#location)).scan()) {
      rowCount++;
      ids.add(Number(row["id"]));
    }
    return { rowCount, distinctCount: ids.size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.kill();
    await rm(this.#job.dataDirectory, { recursive: true, force: true });
  }
}
