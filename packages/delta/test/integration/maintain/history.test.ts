// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HistoryEntry } from "../../../src/maintain/history.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

async function historyOf(table: DeltaTable, limit?: number): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const entry of table.history(limit === undefined ? {} : { limit })) {
    entries.push(entry);
  }
  return entries;
}

describe("the history of a table", () => {
  test("names what each version did, the newest first", async (context) => {
    const location = await temporaryDirectory(context);
    let nowMs = 1000;
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT"),
      clock: () => nowMs++,
    });
    await table.appendRows([{ id: 1 }], { userMetadata: "first load" });
    await table.alter({ kind: "setProperties", properties: { "delta.appendOnly": "true" } });
    const [altered, written, created, ...rest] = await historyOf(table);
    assert.deepEqual(rest, []);
    assert.equal(altered?.operation, "SET TBLPROPERTIES");
    assert.equal(written?.operation, "WRITE");
    assert.equal(written.userMetadata, "first load");
    assert.equal(written.operationMetrics["numOutputRows"], "1");
    assert.equal(written.isBlindAppend, true);
    assert.equal(created?.operation, "CREATE TABLE");
    assert.deepEqual([altered.version, written.version, created.version], [2, 1, 0]);
    assert.ok(created.timestampMs < written.timestampMs);
    assert.deepEqual(
      (await historyOf(table, 1)).map(({ version }) => version),
      [2],
    );
  });

  test("refuses a limit that is no count", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    await rejectsWith(historyOf(table, -1), "invalid_argument", /limit is -1/);
  });
});
