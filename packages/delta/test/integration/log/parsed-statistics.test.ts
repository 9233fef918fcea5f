// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commitPath } from "../../../src/log/log-files.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

describe("a checkpoint with statistics as columns", () => {
  test("holds those of DECIMAL columns of every width, and partition values of them", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("p DECIMAL(5,1), a DECIMAL(9,2), b DECIMAL(18,3), c DECIMAL(38,4)"),
      partitionBy: ["p"],
      properties: {
        "delta.checkpoint.writeStatsAsStruct": "true",
        "delta.checkpoint.writeStatsAsJson": "false",
      },
    });
    const rows = [
      { p: "-1.5", a: "-9999999.99", b: "-1.000", c: "-1.0000" },
      { p: "2.0", a: "1.25", b: "1.125", c: "1.0625" },
    ];
    await table.appendRows(rows);
    const version = await table.checkpoint();
    for (let early = 0; early < version; early += 1)
      await unlink(join(location, commitPath(early)));
    const reopened = await openTable(location);
    assert.deepEqual(await allRows(reopened.scan()), rows);
    for (const where of ["p = -1.5", "a = -9999999.99", "b = -1", "c < 0"]) {
      assert.deepEqual(await allRows(reopened.scan({ where })), [rows[0]], where);
    }
  });
});
