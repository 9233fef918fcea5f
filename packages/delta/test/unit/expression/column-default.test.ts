// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { columnDefaultOf } from "../../../src/expression/column-default.ts";
import { tableConstraintsOf } from "../../../src/expression/table-constraints.ts";
import { parseColumnList, parseSqlType } from "../../../src/schema/column-list.ts";
import type { StructType } from "../../../src/schema/types.ts";

function defaultOf(type: string, text: unknown): unknown {
  return columnDefaultOf({
    name: "c",
    type: parseSqlType(type),
    metadata: { CURRENT_DEFAULT: text },
  });
}

describe("columnDefaultOf", () => {
  it("gives the value as rows have it", () => {
    assert.equal(defaultOf("INT", "42"), 42);
    assert.equal(defaultOf("BIGINT", "42"), 42n);
    assert.equal(defaultOf("TINYINT", "-128"), -128);
    assert.equal(defaultOf("DECIMAL(10,3)", "1.50"), "1.500");
    assert.equal(defaultOf("DOUBLE", "1.5"), 1.5);
    assert.equal(defaultOf("FLOAT", "0.1"), Math.fround(0.1));
    assert.equal(defaultOf("STRING", String.raw`'it\'s'`), "it's");
    assert.equal(defaultOf("BOOLEAN", "true"), true);
    assert.equal(defaultOf("DATE", "DATE '2024-02-29'"), "2024-02-29");
    assert.equal(defaultOf("TIMESTAMP", "TIMESTAMP '1970-01-01 00:00:01'"), 1_000_000n);
    assert.equal(defaultOf("TIMESTAMP", "DATE '1970-01-02'"), 86_400_000_000n);
    assert.deepEqual(defaultOf("BINARY", "X'01ff'"), Uint8Array.of(1, 255));
    assert.equal(defaultOf("ARRAY<INT>", "NULL"), null);
    assert.equal(defaultOf("INT", "CAST(NULL AS INT)"), null);
    assert.equal(defaultOf("INT", "1 + 2"), 3);
    assert.equal(columnDefaultOf({ name: "c", type: "integer", metadata: {} }), undefined);
  });

  it("refuses what is no constant, naming it and the column", () => {
    const unsupported = (text: string, message: RegExp): void => {
      assert.throws(() => defaultOf("TIMESTAMP", text), { code: "unsupported", message });
    };
    unsupported("current_timestamp()", /column "c" .*the function CURRENT_TIMESTAMP/);
    unsupported("CURRENT_TIMESTAMP", /the function CURRENT_TIMESTAMP/);
    unsupported("uuid()", /the function UUID/);
    assert.throws(() => defaultOf("INT", "other + 1"), {
      code: "invalid_argument",
      message: /there is no column "other"/,
    });
  });

  it("refuses a value that does not fit the column", () => {
    for (const [type, text] of [
      ["INT", "'42'"],
      ["INT", "1.5"],
      ["TINYINT", "128"],
      ["DECIMAL(3,2)", "12.5"],
      ["DECIMAL(3,1)", "1.25"],
      ["DATE", "'2024-01-01'"],
      ["DATE", "TIMESTAMP '2024-01-01 10:00:00'"],
      ["STRING", "1"],
      ["BOOLEAN", "1"],
      ["ARRAY<INT>", "1"],
      ["INT", "1 / 0"],
      ["INT", "+"],
      ["INT", 1],
    ] as const) {
      assert.throws(() => defaultOf(type, text), {
        code: "invalid_argument",
        message: /column "c"/,
      });
    }
  });
});

describe("tableConstraintsOf", () => {
  const invariant = (sql: string): Record<string, string> => ({
    "delta.invariants": JSON.stringify({ expression: { expression: sql } }),
  });

  it("finds CHECK constraints and invariants, nested ones too", () => {
    const city = {
      name: "City",
      type: "string",
      nullable: true,
      metadata: invariant("place.city <> ''"),
    } as const;
    const schema: StructType = {
      type: "struct",
      fields: [
        { name: "n", type: "integer", nullable: true, metadata: invariant("n > 3") },
        { name: "place", type: { type: "struct", fields: [city] }, nullable: true, metadata: {} },
      ],
    };
    const found = tableConstraintsOf(schema, {
      "delta.constraints.small": "n < 10",
      "delta.appendOnly": "true",
    });
    assert.deepEqual(
      found.map(({ kind, name, predicate }) => [kind, name, predicate.text]),
      [
        ["check", "small", "n < 10"],
        ["invariant", "n", "n > 3"],
        ["invariant", "place.City", "place.city <> ''"],
      ],
    );
  });

  it("names the constraint that cannot be enforced", () => {
    const schema = parseColumnList("n INT");
    assert.throws(() => tableConstraintsOf(schema, { "delta.constraints.odd": "rand() > n" }), {
      code: "unsupported",
      message: /CHECK constraint "odd" \(rand\(\) > n\) .* the function RAND/,
    });
    for (const text of ["", "{", "null", "{}", '{"expression":{"expression":1}}']) {
      const field = {
        name: "n",
        type: "integer",
        nullable: true,
        metadata: { "delta.invariants": text },
      } as const;
      assert.throws(() => tableConstraintsOf({ type: "struct", fields: [field] }, {}), {
        code: "invalid_argument",
        message: /the invariant of column "n"/,
      });
    }
  });
});
