// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import type { NewTable } from "../../../src/table/table-definition.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

async function tableOf(
  context: TestContext,
  columns: string,
  options: Omit<NewTable, "schema"> = {},
): Promise<DeltaTable> {
  const location = await temporaryDirectory(context);
  return createTable({ location, schema: parseColumnList(columns), ...options });
}

async function rowsOf(table: DeltaTable): Promise<unknown[]> {
  return allRows((await openTable(table.location)).scan());
}

function dataFileNames(table: DeltaTable): string[] {
  return readdirSync(table.location, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".parquet") && !name.startsWith("_"))
    .toSorted();
}

describe("optimize", () => {
  test("writes small files together without a change of their rows", async (context) => {
    const table = await tableOf(
      context,
      "id BIGINT, text STRING, list ARRAY<STRUCT<a: INT, b: DECIMAL(20,3)>>, map MAP<STRING, DOUBLE>, v VARIANT",
    );
    for (let id = 0; id < 6; id += 1) {
      await table.appendRows([
        { id, text: null, list: [null, { a: id, b: "1.500" }], map: { x: -0 }, v: { id } },
        { id: id + 100, text: "ü", list: [], map: null, v: null },
      ]);
    }
    const before = await rowsOf(table);
    const progress: [written: number, done: number][] = [];
    const result = await table.optimize({
      onProgress: ({ writtenInputBytes, doneInputBytes, totalInputBytes }) =>
        progress.push([writtenInputBytes / totalInputBytes, doneInputBytes / totalInputBytes]),
    });
    assert.deepEqual(
      [result.removedFileCount, result.addedFileCount, result.conflictCount, result.versions],
      [6, 1, 0, [7]],
    );
    assert.deepEqual(progress, [
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    assert.deepEqual(await rowsOf(table), before);
    const actions = actionsAt(table.location, 7);
    for (const { add, remove } of actions) {
      assert.equal(add?.["dataChange"] ?? remove?.["dataChange"] ?? false, false);
    }
    const [file] = table.snapshot().files;
    assert.equal(file?.rowCount, 12);
    assert.match(file.stats ?? "", /"minValues":\{"id":0/);
    assert.deepEqual(await table.optimize(), {
      removedFileCount: 0,
      removedByteCount: 0,
      addedFileCount: 0,
      addedByteCount: 0,
      conflictCount: 0,
      versions: [],
      dryRun: false,
    });
  });

  test("keeps partitions apart, and takes only those that a condition names", async (context) => {
    const table = await tableOf(context, "id BIGINT, day DATE, name STRING", {
      partitionBy: ["day", "name"],
    });
    for (let id = 0; id < 3; id += 1) {
      await table.appendRows([
        { id, day: "2026-01-01", name: "a/b" },
        { id, day: "2026-01-02", name: null },
      ]);
    }
    const before = await rowsOf(table);
    const result = await table.optimize({ where: "day = DATE '2026-01-02'" });
    assert.deepEqual([result.removedFileCount, result.addedFileCount], [3, 1]);
    assert.equal(table.snapshot().files.fileCount, 4);
    await table.optimize();
    assert.equal(table.snapshot().files.fileCount, 2);
    const sort = (rows: unknown[]): string[] =>
      rows.map((row) => JSON.stringify(row, (_, value: unknown) => String(value))).toSorted();
    assert.deepEqual(sort(await rowsOf(table)), sort(before));
    await rejectsWith(table.optimize({ where: "id = 1" }), "invalid_argument", /id/);
  });

  test("writes a table with mapped columns by their physical names", async (context) => {
    const table = await tableOf(context, "id BIGINT, old STRING", { columnMapping: "name" });
    for (let id = 0; id < 3; id += 1) await table.appendRows([{ id, old: `n${id}` }]);
    await table.alter({ kind: "renameColumn", column: ["old"], name: "renamed" });
    await table.optimize();
    assert.equal(table.snapshot().files.fileCount, 1);
    assert.deepEqual(
      (await rowsOf(table)).map((row) => (row as Record<string, unknown>)["renamed"]),
      ["n0", "n1", "n2"],
    );
  });

  test("lets another writer's removal stand, and leaves no file behind", async (context) => {
    const table = await tableOf(context, "id BIGINT");
    for (let id = 0; id < 4; id += 1) await table.appendRows([{ id }]);
    const other = await openTable(table.location);
    // The other writer compacts the same files while this run has written its file and not committed it.
    const racing = table.optimize();
    const first = await other.optimize();
    const second = await racing;
    assert.equal(first.versions.length + second.versions.length, 1);
    assert.equal(first.conflictCount + second.conflictCount, 1);
    assert.equal((await table.refresh()).files.fileCount, 1);
    assert.equal(dataFileNames(table).length, 5);
    assert.equal((await rowsOf(table)).length, 4);
  });

  test("goes on over appends of others", async (context) => {
    const table = await tableOf(context, "id BIGINT");
    for (let id = 0; id < 4; id += 1) await table.appendRows([{ id }]);
    const other = await openTable(table.location);
    const [result] = await Promise.all([table.optimize(), other.appendRows([{ id: 9 }])]);
    assert.equal(result.conflictCount, 0);
    assert.equal((await rowsOf(table)).length, 5);
  });

  test("tells what it would do, and reads no more than it may", async (context) => {
    const table = await tableOf(context, "id BIGINT, p INT", { partitionBy: ["p"] });
    for (let id = 0; id < 4; id += 1) {
      await table.appendRows([
        { id, p: 1 },
        { id, p: 2 },
      ]);
    }
    const dry = await table.optimize({ dryRun: true });
    assert.deepEqual([dry.removedFileCount, dry.addedFileCount, dry.versions], [8, 2, []]);
    const limited = await table.optimize({ maxInputBytes: 1 });
    assert.deepEqual([limited.removedFileCount, limited.addedFileCount], [4, 1]);
  });

  test("ends with the reason of its signal, and leaves no file behind", async (context) => {
    const table = await tableOf(context, "id BIGINT");
    for (let id = 0; id < 3; id += 1) await table.appendRows([{ id }]);
    const reason = new Error("enough");
    await assert.rejects(table.optimize({ signal: AbortSignal.abort(reason) }), reason);
    assert.equal(dataFileNames(table).length, 3);
    assert.equal((await table.refresh()).version, 3);
  });

  test("refuses wrong options and tables that track rows", async (context) => {
    const table = await tableOf(context, "id BIGINT");
    await rejectsWith(
      table.optimize({ targetFileBytes: 0 }),
      "invalid_argument",
      /targetFileBytes/,
    );
    await rejectsWith(
      table.optimize({ maxDeletedShare: 2 }),
      "invalid_argument",
      /maxDeletedShare is 2/,
    );
    const tracked = await tableOf(context, "id BIGINT", {
      properties: { "delta.enableRowTracking": "true" },
    });
    await tracked.appendRows([{ id: 1 }]);
    await rejectsWith(tracked.optimize(), "unsupported", /tracks rows/);
  });
});
