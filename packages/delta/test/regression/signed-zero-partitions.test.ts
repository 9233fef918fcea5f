// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { createTable } from "../../src/table/create-table.ts";
import { allRows } from "../support/table-checks.ts";
import { temporaryDirectory } from "../support/table-files.ts";

test("a zero keeps its sign as a partition value", async (context) => {
  const location = await temporaryDirectory(context);
  const schema = parseColumnList("id INT, x DOUBLE");
  const table = await createTable({ location, schema, partitionBy: ["x"] });
  const rows = [
    { id: 1, x: -0 },
    { id: 2, x: 0 },
  ];
  await table.appendRows(rows);
  assert.deepStrictEqual(await allRows(table.scan()), rows);
});
