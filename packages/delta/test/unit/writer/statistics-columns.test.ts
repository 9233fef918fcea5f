// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { assignColumnIds, physicalSchemaOf } from "../../../src/schema/column-mapping.ts";
import { statisticsColumnsOf } from "../../../src/writer/statistics-columns.ts";

const SCHEMA = parseColumnList("a INT, s STRUCT<b: INT, c: INT>, l ARRAY<INT>, `d.e` INT, f INT");

function columns(
  configuration: Record<string, string>,
  clustering: readonly string[][] = [],
): string[] {
  return statisticsColumnsOf(configuration, SCHEMA, SCHEMA, clustering).map((path) =>
    path.join("/"),
  );
}

describe("statisticsColumnsOf", () => {
  test("takes the first columns without parts, fields of structs one by one", () => {
    assert.deepEqual(columns({}), ["a", "s/b", "s/c", "l", "d.e", "f"]);
    const first = { "delta.dataSkippingNumIndexedCols": "2" };
    assert.deepEqual(columns(first), ["a", "s/b"]);
    assert.deepEqual(columns({ "delta.dataSkippingNumIndexedCols": "0" }), []);
    assert.equal(columns({ "delta.dataSkippingNumIndexedCols": "-1" }).length, 6);
  });

  test("takes the columns that are named instead, regardless of case", () => {
    const named = {
      "delta.dataSkippingNumIndexedCols": "1",
      "delta.dataSkippingStatsColumns": " F, s.c ,`d.e`, s",
    };
    assert.deepEqual(columns(named), ["f", "s/c", "d.e", "s"]);
    assert.throws(
      () => columns({ "delta.dataSkippingStatsColumns": "a, nowhere" }),
      /names "nowhere", which is no column/,
    );
    assert.throws(() => columns({ "delta.dataSkippingStatsColumns": "a b" }), /"a b"/);
  });

  test("adds the columns that the table is clustered by", () => {
    const first = { "delta.dataSkippingNumIndexedCols": "1" };
    assert.deepEqual(columns(first, [["f"], ["a"]]), ["a", "f"]);
  });

  test("gives physical names where columns are mapped", () => {
    let next = 0;
    const { schema } = assignColumnIds(SCHEMA, 0, () => `col-${(next += 1)}`);
    const paths = statisticsColumnsOf(
      { "delta.dataSkippingStatsColumns": "s.c" },
      schema,
      physicalSchemaOf(schema, "name"),
      [],
    );
    assert.deepEqual(paths, [["col-2", "col-4"]]);
  });
});
