// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellText } from "../../../src/commands/cell-text.ts";
import { columnsText, parseTableOption } from "../../../src/commands/table-definition.ts";
import { jsonText } from "../../../src/terminal/json-text.ts";

test("reads a table's definition", () => {
  const { name, schema } = parseTableOption(
    "Main.default.t = id BIGINT NOT NULL, `a-b` STRING COMMENT 'x=y'",
  );
  assert.equal(name, "main.default.t");
  assert.equal(columnsText(schema), "id BIGINT NOT NULL, `a-b` STRING COMMENT 'x=y'");
});

test("says what is wrong with a table's definition", () => {
  assert.throws(() => parseTableOption("main.default.t"), /has no columns/);
  assert.throws(() => parseTableOption("t=id INT"), /must have three parts/);
  assert.throws(() => parseTableOption("a.b.c=id BIGNUM"), /table a\.b\.c: .*BIGNUM/);
});

test("shows values for a person", () => {
  assert.equal(cellText(null, "string"), "null");
  assert.equal(cellText(1_706_696_430_123_456n, "timestamp"), "2024-01-31 10:20:30.123456Z");
  assert.equal(cellText(1_706_696_430_123_000n, "timestamp_ntz"), "2024-01-31 10:20:30.123");
  assert.equal(cellText(-1n, "timestamp"), "1969-12-31 23:59:59.999999Z");
  assert.equal(cellText(0n, "timestamp"), "1970-01-01 00:00:00Z");
  assert.equal(cellText(2n ** 63n - 1n, "timestamp"), "9223372036854775807 µs");
  assert.equal(cellText(Uint8Array.of(1, 255), "binary"), "0x01ff");
  assert.equal(cellText(9_007_199_254_740_993n, "long"), "9007199254740993");
  assert.equal(cellText(true, "boolean"), "true");
  assert.equal(cellText(Number.NaN, "double"), "NaN");
});

test("writes values as JSON without losing any", () => {
  const row = { id: 2n ** 63n - 1n, x: Infinity, b: Uint8Array.of(1, 2), l: [1n, null], s: '"' };
  assert.equal(
    jsonText(row),
    '{"id":9223372036854775807,"x":"Infinity","b":"AQI=","l":[1,null],"s":"\\""}',
  );
});
