// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerJob, ServerQuestion, ServerReady, ServerUsage } from "../load/server.ts";
import { Service } from "./child.ts";
import { columnListOf, READINGS, type RecordShape } from "./record-set.ts";
import { checkValues, waitForRows } from "./table-check.ts";

export interface ServerRunOptions {
  readonly tables: readonly string[];
  /** Of the records of every table. @default readings */
  readonly shape?: RecordShape;
  /** Whether profiles may be asked for. */
  readonly profiled?: boolean;
}

/** A server on a fresh data directory for one run, with what it used. */
export interface ServerRun {
  readonly endpoint: string;
  readonly tables: readonly string[];
  /** Directory of each table. */
  readonly locations: readonly string[];
  /** A directory on the server's disk that is removed after the run. */
  readonly directory: string;
  usage(): Promise<ServerUsage>;
  ask(question: ServerQuestion): Promise<unknown>;
  /**
   * Waits until every table has exactly the rows acknowledged, as a reader of the Delta log sees it, and compares values.
   * @param rowCounts by table.
   * @returns the wall clock when the last row was visible.
   * @throws Error when rows are missing, too many, or different.
   */
  expectRows(rowCounts: readonly number[]): Promise<number>;
}

/** Where data goes: a directory of the checkout, so that the disk measured is the one in use and not a memory file system. */
export const DATA_ROOT = "bench/.data";

/** Where there are many tables, each is looked at less often: the reader shares the machine with the server. */
const MIN_POLL_INTERVAL_MS = 10;

export async function withServer<Result>(
  options: ServerRunOptions,
  run: (server: ServerRun) => Promise<Result>,
): Promise<Result> {
  const { tables, shape = READINGS } = options;
  const directory = await mkdtemp(join(DATA_ROOT, "run-"));
  const columns = columnListOf(shape);
  const job: ServerJob = { dataDirectory: join(directory, "data"), tables, columns };
  const service = await Service.start<ServerReady>(
    "load/server.js",
    job,
    options.profiled === true ? { execArgv: ["--import", profileModule()] } : {},
  );
  const { endpoint, locations } = service.ready;
  try {
    return await run({
      endpoint,
      tables,
      locations,
      directory,
      usage: () => service.ask({ kind: "usage" }),
      ask: (question) => service.ask(question),
      async expectRows(rowCounts) {
        const pollIntervalMs = Math.max(MIN_POLL_INTERVAL_MS, locations.length);
        const visibleAtMs = await Promise.all(
          locations.map((location, index) =>
            waitForRows(location, rowCounts[index] ?? 0, pollIntervalMs),
          ),
        );
        for (const [index, location] of locations.entries()) {
          if ((rowCounts[index] ?? 0) > 0) await checkValues(location, shape);
        }
        return Math.max(...visibleAtMs);
      },
    });
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function profileModule(): string {
  return fileURLToPath(new URL("./profile-channel.js", import.meta.url));
}
