// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServerJob, ServerReady, ServerUsage, TableRows } from "../load/server.ts";
import { Service } from "./child.ts";

/** A server on a fresh data directory for one run, with what it used. */
export interface ServerRun {
  readonly endpoint: string;
  readonly directory: string;
  usage(): Promise<ServerUsage>;
  /** Flushes and reads the table's snapshot. @throws Error when it has another number of rows. */
  expectRows(table: string, rowCount: number): Promise<TableRows>;
}

/** Where data goes: a directory of the checkout, so that the disk measured is the one in use and not a memory file system. */
export const DATA_ROOT = "bench/.data";

export async function withServer<Result>(
  tables: readonly string[],
  run: (server: ServerRun) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(DATA_ROOT, "run-"));
  const job: ServerJob = { dataDirectory: join(directory, "data"), tables };
  const service = await Service.start<ServerReady>("load/server.js", job);
  try {
    return await run({
      endpoint: service.ready.endpoint,
      directory,
      usage: () => service.ask({ kind: "usage" }),
      async expectRows(table, rowCount) {
        const rows = await service.ask<TableRows>({ kind: "rows", table });
        if (rows.rowCount !== rowCount) {
          throw new Error(`${table} has ${rows.rowCount} rows; ${rowCount} were acknowledged`);
        }
        return rows;
      },
    });
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
