// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const DAY_MS = 86_400_000;

/** A table of three rows in a file each, compacted into one. */
async function compactedTable(context: TestContext, clock: () => number): Promise<DeltaTable> {
  const location = await temporaryDirectory(context);
  const table = await createTable({ location, schema: parseColumnList("id BIGINT"), clock });
  for (const id of [1, 2, 3]) await table.appendRows([{ id }]);
  const { removedFileCount } = await table.optimize();
  assert.equal(removedFileCount, 3);
  return table;
}

async function strayFile(table: DeltaTable, path: string, ageMs: number): Promise<string> {
  const file = join(table.location, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, "stray");
  const time = new Date(Date.now() - ageMs);
  await utimes(file, time, time);
  return file;
}

describe("vacuum", () => {
  test("keeps files that were removed within the retention, and deletes them after it", async (context) => {
    let nowMs = Date.now();
    const table = await compactedTable(context, () => nowMs);
    assert.equal((await table.vacuum()).fileCount, 0);
    nowMs += 6 * DAY_MS;
    assert.equal((await table.vacuum()).fileCount, 0);
    nowMs += 2 * DAY_MS;
    const dry = await table.vacuum({ dryRun: true });
    assert.equal(dry.fileCount, 3);
    assert.equal((await allRows(table.scan({ version: 3 }))).length, 3);
    const { fileCount, byteCount } = await table.vacuum();
    assert.equal(fileCount, 3);
    assert.ok(byteCount > 0);
    assert.deepEqual(
      (await allRows((await openTable(table.location)).scan())).map((row) => row["id"]),
      [1n, 2n, 3n],
    );
    assert.equal((await table.vacuum()).fileCount, 0);
  });

  test("knows what a checkpoint says was removed", async (context) => {
    let nowMs = Date.now();
    const table = await compactedTable(context, () => nowMs);
    await table.checkpoint();
    const reopened = await openTable(table.location, { clock: () => nowMs });
    nowMs += 6 * DAY_MS;
    assert.equal((await reopened.vacuum()).fileCount, 0);
    nowMs += 2 * DAY_MS;
    assert.equal((await reopened.vacuum()).fileCount, 3);
  });

  test("deletes old files that were never committed, and none that may still be", async (context) => {
    const table = await compactedTable(context, Date.now);
    const old = await strayFile(table, "part-old.parquet", 8 * DAY_MS);
    const nested = await strayFile(table, "p=1/part-old.parquet", 8 * DAY_MS);
    const young = await strayFile(table, "part-young.parquet", 6 * DAY_MS);
    const hidden = await strayFile(table, "_zerobus/table_rejected_parquets/a.parquet", 8 * DAY_MS);
    const leftOver = await strayFile(table, ".part-old.parquet.1.tmp", 8 * DAY_MS);
    const changeData = await strayFile(table, "_change_data/cdc-old.parquet", 8 * DAY_MS);
    const seen: string[] = [];
    const { fileCount } = await table.vacuum({ onFile: ({ path }) => seen.push(path) });
    assert.equal(fileCount, 4);
    assert.equal(seen.length, 4);
    assert.deepEqual(
      [old, nested, leftOver, changeData, young, hidden].map((file) => existsSync(file)),
      [false, false, false, false, true, true],
    );
  });

  test("stops after as many files as it may delete, and goes on in the next run", async (context) => {
    let nowMs = Date.now();
    const table = await compactedTable(context, () => nowMs);
    nowMs += 8 * DAY_MS;
    assert.equal((await table.vacuum({ maxFiles: 2 })).fileCount, 2);
    assert.equal((await table.vacuum({ maxFiles: 2 })).fileCount, 1);
  });

  test("keeps a file that the log names by an absolute path", async (context) => {
    const table = await compactedTable(context, Date.now);
    const path = "part-elsewhere.parquet";
    const file = await strayFile(table, path, 8 * DAY_MS);
    await table.commit({
      readSnapshot: table.snapshot(),
      reads: "nothing",
      operation: "WRITE",
      adds: [
        {
          path: file,
          encodedPath: `file://${file}`,
          sizeBytes: 5,
          modificationTimeMs: 1,
          rowCount: 1,
          partitionValues: {},
        },
      ],
    });
    assert.equal((await table.vacuum()).fileCount, 0);
    assert.ok(existsSync(file));
  });

  test("refuses a retention below the table's own unless it is allowed", async (context) => {
    const table = await compactedTable(context, Date.now);
    await rejectsWith(
      table.vacuum({ retentionMs: DAY_MS }),
      "invalid_argument",
      /24 hours is below the table's own of 168 hours/,
    );
    await rejectsWith(table.vacuum({ retentionMs: -1 }), "invalid_argument", /0 milliseconds/);
    await table.vacuum({ retentionMs: DAY_MS, allowShortRetention: true });
    await table.alter({
      kind: "setProperties",
      properties: { "delta.deletedFileRetentionDuration": "interval 1 hours" },
    });
    assert.equal((await table.vacuum()).retentionMs, 3_600_000);
  });
});
