// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BlockBuilder } from "../../../src/columns/block-builder.ts";
import { columnSpecsOf } from "../../../src/columns/column-specs.ts";
import { DeltaError } from "../../../src/delta-error.ts";
import { type InputRow, RowEncoder } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";

function encoderFor(
  columns: string,
  defaults = new Map<string, unknown>(),
): {
  readonly builder: BlockBuilder;
  readonly write: (...rows: InputRow[]) => number;
} {
  const schema = parseColumnList(columns);
  const builder = new BlockBuilder(columnSpecsOf(schema), 2);
  const encoder = new RowEncoder(schema, builder, defaults);
  return {
    builder,
    write: (...rows) =>
      encoder.write({ rows, indexOf: (position) => position + 10 }, 0, rows.length),
  };
}

function first(count: number, values: Uint8Array | Uint32Array | null | undefined): number[] {
  return [...(values ?? [])].slice(0, count);
}

function problemOf(columns: string, row: InputRow): string {
  const { builder, write } = encoderFor(columns);
  try {
    write({}, row);
  } catch (error) {
    assert.ok(error instanceof DeltaError, String(error));
    assert.equal(error.code, "invalid_argument");
    assert.equal(error.details["rowIndex"], 11);
    assert.equal(builder.rowCount, 0);
    return error.message;
  }
  return "taken";
}

describe("RowEncoder", () => {
  test("puts values into columns, and grows them", () => {
    const { builder, write } = encoderFor("a BIGINT, b STRING, c INT");
    assert.equal(write({ a: 1, b: "x", c: 1 }, { a: -1n, b: "é", c: null }, { b: "" }), 3);
    const [a, b, c] = builder.columns;
    assert.deepEqual(
      [...((a as { values: Int32Array }).values ?? []).subarray(0, 4)],
      [1, 0, -1, -1],
    );
    assert.deepEqual(first(3, a?.validity), [1, 1, 0]);
    assert.deepEqual([...(b as { ends: Uint32Array }).ends.subarray(0, 3)], [5, 11, 15]);
    assert.deepEqual(first(3, c?.validity), [1, 0, 0]);
  });

  test("takes a default where a row gives nothing, and NULL where it gives null", () => {
    const { builder, write } = encoderFor("a INT", new Map([["a", 7]]));
    write({}, { a: null }, { a: 1 });
    const [column] = builder.columns;
    assert.deepEqual(first(3, column?.validity), [1, 0, 1]);
    assert.equal((column as { values: Int32Array }).values[0], 7);
  });

  const refusals: readonly [columns: string, row: InputRow, message: RegExp][] = [
    ["a INT", { b: 1 }, /^row 11, column "b": the table has no such column$/],
    ["a TINYINT", { a: 128 }, /128 is not a whole number from -128 to 127/],
    ["a SMALLINT", { a: -32_769 }, /from -32768 to 32767/],
    ["a INT", { a: 1.5 }, /1\.5 is not a whole number/],
    ["a INT", { a: "1" }, /"1" is not a whole number/],
    ["a BIGINT", { a: 2 ** 53 }, /beyond 2\^53 and may have been rounded; give a bigint/],
    ["a BIGINT", { a: 2n ** 63n }, /does not fit into 64 bits/],
    ["a FLOAT", { a: 1e39 }, /beyond the range of FLOAT/],
    ["a DOUBLE", { a: "1" }, /"1" is not a number/],
    ["a DECIMAL(4,2)", { a: "1.234" }, /more than the 2 digits behind the point/],
    ["a DECIMAL(4,2)", { a: "123.4" }, /more digits than DECIMAL\(4,2\)/],
    ["a DECIMAL(4,2)", { a: Number.NaN }, /NaN is not a decimal number/],
    ["a DATE", { a: "2023-02-29" }, /is not a day/],
    ["a DATE", { a: new Date(1) }, /is not midnight in UTC/],
    ["a DATE", { a: new Date(Number.NaN) }, /is not midnight in UTC/],
    ["a TIMESTAMP", { a: 5 }, /the number 5 has no unit/],
    ["a TIMESTAMP", { a: "2024-01-01T00:00:00" }, /has no time zone/],
    ["a TIMESTAMP", { a: "2024-01-01T00:00:00.1234567Z" }, /at most six digits/],
    ["a TIMESTAMP_NTZ", { a: "2024-01-01T00:00:00Z" }, /has a time zone/],
    ["a BOOLEAN", { a: 1 }, /1 is not a boolean/],
    ["a BINARY", { a: "x" }, /is not a Uint8Array/],
    ["a STRING", { a: "\ud800" }, /half a surrogate pair/],
    ["a VARCHAR(2)", { a: "a\u{1f600}b" }, /more than the 2 characters of VARCHAR\(2\)/],
    ["a STRUCT<b: INT>", { a: { c: 1 } }, /column "a": it has no field "c"/],
    ["a STRUCT<b: INT>", { a: [] }, /an array of 0 is not an object/],
    ["a STRUCT<b: INT NOT NULL>", { a: {} }, /column "a\.b": it is NOT NULL and has no value/],
    ["a ARRAY<INT>", { a: [1, "x"] }, /column "a\.element": "x" is not a whole number/],
    ["a MAP<STRING, INT>", { a: [1] }, /neither a Map nor an object/],
    ["a MAP<STRING, INT>", { a: new Map([[null, 1]]) }, /column "a\.key": it is NOT NULL/],
    ["a MAP<BINARY, INT>", { a: { x: 1 } }, /give a Map/],
    ["a VARIANT", { a: { b: () => 1 } }, /a function has no form in a VARIANT/],
  ];
  for (const [columns, row, message] of refusals) {
    test(`refuses what ${columns} cannot hold: ${message.source}`, () => {
      assert.match(problemOf(columns, row), message);
    });
  }

  test("refuses a missing value of a NOT NULL column", () => {
    const { write } = encoderFor("a INT NOT NULL");
    assert.throws(() => write({ a: 1 }, { a: null }), /row 11, column "a": it is NOT NULL/);
    assert.throws(() => write({}), /row 10, column "a": it is NOT NULL/);
  });

  test("goes on after a refusal as if the rows had not come", () => {
    const { builder, write } = encoderFor("a STRING, b ARRAY<INT>");
    write({ a: "x", b: [1] });
    assert.throws(() => write({ a: "long text", b: [1, 2, 3] }, { a: "y", b: ["z"] }));
    write({ a: "y", b: [2] });
    const [a, b] = builder.seal().columns;
    assert.ok(a?.kind === "bytes" && b?.kind === "nested");
    assert.deepEqual([...a.ends.subarray(0, 2)], [5, 10]);
    const [leaf] = b.leaves;
    assert.deepEqual(first(2, leaf?.valueEnds), [1, 2]);
  });
});
