// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TableSchema } from "@sluice/client";
import { columnValuesOf } from "../../../src/source/column-values.ts";
import { exactValues } from "../../../src/source/exact-json.ts";

const SCHEMA: TableSchema = {
  table: "a.b.c",
  columns: [
    { name: "id", type: { kind: "long" }, nullable: true },
    { name: "price", type: { kind: "decimal", precision: 38, scale: 4 }, nullable: true },
    { name: "ratio", type: { kind: "double" }, nullable: true },
    { name: "bin", type: { kind: "binary" }, nullable: true },
    { name: "doc", type: { kind: "variant" }, nullable: true },
    {
      name: "ids",
      type: { kind: "array", element: { kind: "long" }, containsNull: true },
      nullable: true,
    },
    { name: "text", type: { kind: "string" }, nullable: true },
  ],
};

function values(json: string): Record<string, unknown> {
  return columnValuesOf(SCHEMA)(exactValues({ line: 1, json }));
}

test("keeps every digit of long numbers, and nothing of numbers in texts", () => {
  assert.deepEqual(values('{"id":-9223372036854775808,"price":1234567890123456.7891}'), {
    id: -9_223_372_036_854_775_808n,
    price: "1234567890123456.7891",
  });
  assert.deepEqual(values('{"ids":[1,9007199254740993,null],"ratio":0.12345678901234568}'), {
    ids: [1, 9_007_199_254_740_993n, null],
    ratio: 0.12345678901234568,
  });
  const text = String.raw`{"text":"a \"12345678901234567890\" \\","id":12345678901234567}`;
  assert.deepEqual(values(text), {
    text: 'a "12345678901234567890" \\',
    id: 12_345_678_901_234_567n,
  });
});

test("takes the forms that the service has for values JSON lacks", () => {
  assert.deepEqual(values('{"bin":"AAEC","ratio":"NaN"}'), {
    bin: Buffer.from([0, 1, 2]),
    ratio: Number.NaN,
  });
  assert.deepEqual(values(String.raw`{"doc":"{\"a\":1}"}`), { doc: { a: 1 } });
  assert.deepEqual(values('{"doc":{"a":[1]}}'), { doc: { a: [1] } });
  assert.throws(() => values('{"doc":"{a"}'), /VARIANT/);
  assert.deepEqual(values('{"bin":"not base64!"}'), { bin: "not base64!" });
});
