// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const DAY_MS = 86_400_000;

async function idsOf(table: DeltaTable): Promise<bigint[]> {
  const rows = await allRows((await openTable(table.location)).scan({ columns: ["id"] }));
  return rows.map((row) => row["id"] as bigint).toSorted((left, right) => Number(left - right));
}

describe("restore", () => {
  test("goes back to the files and the schema of a version, and forward again", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    await table.appendRows([{ id: 1 }]);
    await table.alter({
      kind: "addColumns",
      columns: [{ field: { name: "name", type: "string", nullable: true, metadata: {} } }],
    });
    await table.appendRows([{ id: 2, name: "two" }]);
    const back = await table.restore({ version: 1 });
    assert.deepEqual(back, {
      kind: "restored",
      version: 4,
      restoredVersion: 1,
      restoredFileCount: 0,
      removedFileCount: 1,
    });
    assert.deepEqual(await idsOf(table), [1n]);
    assert.deepEqual(
      table.snapshot().schema.fields.map(({ name }) => name),
      ["id"],
    );
    const info = actionsAt(location, 4)[0]?.["commitInfo"];
    assert.equal(info?.["operation"], "RESTORE");
    const forth = await table.restore({ version: 3 });
    assert.equal(forth.kind, "restored");
    assert.deepEqual(await idsOf(table), [1n, 2n]);
    assert.deepEqual(await table.restore({ version: 3 }), { kind: "unchanged", version: 5 });
  });

  test("takes the newest version that is not younger than a time", async (context) => {
    const location = await temporaryDirectory(context);
    let nowMs = Date.now() - 10_000;
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT"),
      properties: { "delta.enableInCommitTimestamps": "true" },
      clock: () => nowMs,
    });
    nowMs += 1000;
    await table.appendRows([{ id: 1 }]);
    const between = nowMs + 500;
    nowMs += 1000;
    await table.appendRows([{ id: 2 }]);
    nowMs += 1000;
    const result = await table.restore({ timestampMs: between });
    assert.ok(result.kind === "restored");
    assert.equal(result.restoredVersion, 1);
    assert.deepEqual(await idsOf(table), [1n]);
  });

  test("refuses a version whose files a vacuum has deleted, naming one", async (context) => {
    const location = await temporaryDirectory(context);
    let nowMs = Date.now();
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT"),
      clock: () => nowMs,
    });
    for (const id of [1, 2]) await table.appendRows([{ id }]);
    await table.optimize();
    nowMs += 8 * DAY_MS;
    await table.vacuum();
    const { version } = table.snapshot();
    await rejectsWith(table.restore({ version: 2 }), "data_loss", /needs the file "part-/);
    assert.equal((await table.refresh()).version, version);
  });

  test("refuses to take rows from a table that only grows", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT"),
      properties: { "delta.appendOnly": "true" },
    });
    await table.appendRows([{ id: 1 }]);
    await rejectsWith(table.restore({ version: 0 }), "invalid_argument", /append-only/);
  });

  test("refuses a version that there never was", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    await rejectsWith(table.restore({ version: 7 }), "not_found", /7/);
  });
});
