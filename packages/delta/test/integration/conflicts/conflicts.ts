// SPDX-License-Identifier: Apache-2.0
// Processes at odds over one table, run over each kind of store.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { commitName, LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import { openStore, type StoreOptions } from "../../../src/store/open-store.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { Engine, skipWithoutEngine } from "../../conformance/engine.ts";
import type { ConflictReport, ConflictTask } from "../../support/conflict-process.ts";
import { CONFLICT_SCHEMA } from "../../support/conflict-rows.ts";

export interface ConflictTarget {
  readonly name: string;
  readonly skip: string | false;
  readonly locate: () => Promise<{
    readonly location: string;
    readonly storeOptions: StoreOptions;
    /** How delta-rs opens it; `undefined` where it cannot. */
    readonly deltaRsOptions: Readonly<Record<string, string>> | undefined;
  }>;
}

const PROCESS = fileURLToPath(new URL("../../support/conflict-process.js", import.meta.url));
const SEED = Number(process.env["SLUICE_CONFLICT_SEED"] ?? 20_260);

/** Of 25 versions that come whatever happens, those that need something to work on wait for some. */
const TASKS: readonly Pick<ConflictTask, "role" | "name" | "count" | "start">[] = [
  { role: "append", name: "one", count: 5 },
  { role: "append", name: "two", count: 5 },
  { role: "append", name: "three", count: 5 },
  { role: "append", name: "four", count: 5 },
  { role: "alter", name: "alterer", count: 5 },
  { role: "compact", name: "compactor", count: 4, start: { version: 4, step: 5 } },
  { role: "delete", name: "deleter", count: 3, start: { version: 6, step: 6 } },
  { role: "checkpoint", name: "checkpointer", count: 4, start: { version: 3, step: 5 } },
];

export function testConflictsIn({ name, skip, locate }: ConflictTarget): void {
  describe(`eight processes on one table in ${name}`, { skip }, () => {
    test(`lose no commit, repeat none, and leave what each reports (seed ${SEED})`, async () => {
      const { location, storeOptions, deltaRsOptions } = await locate();
      const table = await createTable({
        location,
        schema: CONFLICT_SCHEMA,
        partitionBy: ["part"],
        storeOptions,
      });
      const reports = await Promise.all(
        TASKS.map(async (task, index) =>
          runTask({ ...task, location, storeOptions, seed: SEED + index }),
        ),
      );
      const versions = reports.flatMap((report) => report.versions).toSorted((a, b) => a - b);
      // Each version was made by exactly one process, and says so.
      assert.deepEqual(
        versions,
        versions.map((_, index) => index + 1),
      );
      const store = await openStore(location, storeOptions);
      const names = await store.list(LOG_DIRECTORY);
      const commits = names.filter((file) => /^\d{20}\.json$/.test(file));
      assert.deepEqual(commits, [0, ...versions].map(commitName));

      const rows = await rowsOf(location, storeOptions);
      const deleted = new Set(reports.flatMap((report) => report.deleted));
      const appended = reports.flatMap((report) => report.appended);
      const expected = appended.filter((id) => !deleted.has(id)).toSorted();
      assert.deepEqual(rows, expected);
      assert.equal((await table.refresh()).version, versions.length);
      assert.equal(await table.countRows(), expected.length);
      assert.ok(reports.some(({ repeatCount }) => repeatCount > 0));
      assert.ok(deleted.size > 0);
      const [compactor] = reports.filter((_, index) => TASKS[index]?.role === "compact");
      assert.ok(compactor !== undefined && compactor.versions.length + compactor.conflictCount > 0);
      assert.ok(names.some((file) => /\.checkpoint\./.test(file)));
      if (deltaRsOptions !== undefined && skipWithoutEngine("deltalake") === false) {
        await using engine = await Engine.start("deltalake");
        const columns = ["id"];
        const reading = await engine.read(location, { columns, storage_options: deltaRsOptions });
        assert.deepEqual(reading.rows.map(([id]) => String(id)).toSorted(), expected);
      }
    });
  });
}

async function rowsOf(location: string, storeOptions: StoreOptions): Promise<string[]> {
  const table = await openTable(location, { storeOptions });
  const ids: string[] = [];
  for await (const { id } of table.scan({ columns: ["id"] })) ids.push(String(id));
  return ids.toSorted();
}

async function runTask(task: ConflictTask): Promise<ConflictReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--enable-source-maps",
    PROCESS,
    JSON.stringify(task),
  ]);
  return JSON.parse(stdout) as ConflictReport;
}
