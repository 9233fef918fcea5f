// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseColumnList, parseSqlType } from "@sluice/delta";
import { jsonWriterOf, objectWriterOf } from "../../../src/export/json-values.ts";

function written(type: string, value: unknown): string {
  return jsonWriterOf(parseSqlType(type))(value);
}

test("writes values of every type without a loss", () => {
  const cases: readonly (readonly [type: string, value: unknown, expected: string])[] = [
    ["BIGINT", 2n ** 63n - 1n, "9223372036854775807"],
    ["INT", -5, "-5"],
    ["BOOLEAN", true, "true"],
    ["DOUBLE", 1e-300, "1e-300"],
    ["DOUBLE", -0, "-0.0"],
    ["DOUBLE", Number.NaN, '"NaN"'],
    ["FLOAT", -Infinity, '"-Infinity"'],
    [
      "DECIMAL(38,2)",
      "123456789012345678901234567890123456.70",
      '"123456789012345678901234567890123456.70"',
    ],
    ["STRING", '\u2028"\n', '"\u2028\\"\\n"'],
    ["DATE", "-000001-01-01", '"-000001-01-01"'],
    ["TIMESTAMP", 1_706_696_430_123_456n, '"2024-01-31T10:20:30.123456Z"'],
    ["TIMESTAMP", -1n, '"1969-12-31T23:59:59.999999Z"'],
    ["TIMESTAMP", 2n ** 63n - 1n, '"+294247-01-10T04:00:54.775807Z"'],
    ["TIMESTAMP_NTZ", 0n, '"1970-01-01T00:00:00"'],
    ["BINARY", Uint8Array.of(1, 2, 255), '"AQL/"'],
    ["ARRAY<BIGINT>", [1n, null], "[1,null]"],
    ["MAP<INT, STRING>", new Map([[1, "a"]]), '{"1":"a"}'],
    ["MAP<STRING, TIMESTAMP>", new Map([["k", 0n]]), '{"k":"1970-01-01T00:00:00Z"}'],
    ["STRUCT<a: INT, b: STRUCT<c: STRING>>", { a: 1, b: null }, '{"a":1,"b":null}'],
    ["VARIANT", '{"n":12345678901234567890}', '{"n":12345678901234567890}'],
    ["STRING", null, "null"],
  ];
  for (const [type, value, expected] of cases) assert.equal(written(type, value), expected, type);
});

test("writes an object of all fields, in their order", () => {
  const write = objectWriterOf(parseColumnList("`a-b` INT, c STRING").fields);
  assert.equal(write({ c: "x", "a-b": 1 }), '{"a-b":1,"c":"x"}');
  assert.equal(write({}), '{"a-b":null,"c":null}');
  assert.equal(objectWriterOf([])({}), "{}");
});
