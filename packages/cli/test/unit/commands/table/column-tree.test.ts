// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseColumnList, type StructType } from "@sluice/delta";
import { columnTree, describedColumns } from "../../../../src/commands/table/column-tree.ts";
import { pairsText } from "../../../../src/commands/table/history.ts";
import { isLocation } from "../../../../src/commands/table/target.ts";
import { PLAIN_STYLE } from "../../../../src/terminal/style.ts";

const PLAIN = { width: undefined, style: PLAIN_STYLE };

test("shows the fields of nested types below their column", () => {
  const schema = parseColumnList(
    "id BIGINT NOT NULL, v VARCHAR(3), a STRUCT<b: ARRAY<STRUCT<c: INT COMMENT 'deep'>>>, m MAP<STRING, INT>",
  );
  assert.deepEqual(columnTree(schema, PLAIN), [
    "column       type                        comment",
    "id           BIGINT            NOT NULL",
    "v            VARCHAR(3)",
    "a            STRUCT",
    "  b          ARRAY",
    "    element  STRUCT",
    "      c      INT                         deep",
    "m            MAP<STRING, INT>",
  ]);
});

test("says what a column has where a row does not give it", () => {
  const schema: StructType = {
    type: "struct",
    fields: [
      { name: "a", type: "string", nullable: true, metadata: { CURRENT_DEFAULT: "'x'" } },
      {
        name: "b",
        type: "date",
        nullable: true,
        metadata: { "delta.generationExpression": "CAST(at AS DATE)" },
      },
      { name: "c", type: "long", nullable: false, metadata: { "delta.identity.start": 1 } },
    ],
  };
  assert.deepEqual(
    describedColumns(schema).map((column) => column.default),
    ["'x'", "GENERATED AS (CAST(at AS DATE))", "IDENTITY"],
  );
});

test("shows what a version's writer has put down, in short", () => {
  assert.equal(
    pairsText({ mode: "Append", partitionBy: "[]", description: null, auto: false, n: "" }),
    "mode=Append auto=false",
  );
  assert.equal(pairsText({ p: "x".repeat(100) }).length, "p=".length + 48);
});

test("tells places from names", () => {
  for (const place of ["./t", "/data/t", "s3://b/t", "abfss://c@a/t", "a/b", ".", "..", "C:\\t"]) {
    assert.ok(isLocation(place), place);
  }
  for (const name of ["main.default.t", "t", "a.b"]) assert.ok(!isLocation(name), name);
});
