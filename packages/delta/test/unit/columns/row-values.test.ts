// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSqlType } from "../../../src/schema/column-list.ts";
import { valueReaderOf } from "../../../src/table/row-values.ts";

describe("values of rows", () => {
  it("give decimals all their digits, whatever Parquet keeps them in", () => {
    const small = valueReaderOf(parseSqlType("DECIMAL(9,2)"));
    const medium = valueReaderOf(parseSqlType("DECIMAL(18,3)"));
    const large = valueReaderOf(parseSqlType("DECIMAL(38,0)"));
    assert.equal(small?.(-5), "-0.05");
    assert.equal(medium?.(123456789012345678n), "123456789012345.678");
    assert.equal(large?.(Uint8Array.of(0xff, 0xfe)), "-2");
    assert.equal(
      large?.(new Uint8Array(16).fill(0x01)),
      String(0x01010101010101010101010101010101n),
    );
    assert.equal(large?.(null), null);
  });

  it("reach decimals in nested values, and leave the rest alone", () => {
    const reader = valueReaderOf(
      parseSqlType("STRUCT<a: ARRAY<DECIMAL(4,1)>, m: MAP<STRING, DECIMAL(3,0)>, s: STRING>"),
    );
    assert.deepEqual(reader?.({ a: [15, null], m: { k: 7 }, s: "text" }), {
      a: ["1.5", null],
      m: { k: "7" },
      s: "text",
    });
    assert.equal(valueReaderOf(parseSqlType("ARRAY<BIGINT>")), undefined);
  });

  it("name every field of a struct, also those without a value", () => {
    const reader = valueReaderOf(parseSqlType("STRUCT<a: INT, b: STRUCT<c: INT>>"));
    assert.deepEqual(reader?.({ a: 1 }), { a: 1, b: null });
    assert.deepEqual(reader?.({ b: {} }), { a: null, b: { c: null } });
  });
});
