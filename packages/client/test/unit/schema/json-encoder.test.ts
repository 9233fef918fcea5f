// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileJsonEncoder } from "@sluice/client";
import { arrayOf, column, DECIMAL, failsWith, mapOf, schemaOf, structOf } from "./support.ts";

const SCHEMA = schemaOf(
  column("id", "long", false),
  column("name", "string"),
  column("d", "double"),
  column("price", DECIMAL),
  column("raw", "binary"),
  column("day", "date"),
  column("at", "timestamp"),
  column("doc", "variant"),
  column("tags", arrayOf({ kind: "string" })),
  column("grid", arrayOf(arrayOf({ kind: "integer" }))),
  column("strict", { kind: "array", element: { kind: "integer" }, containsNull: false }),
  column("counts", mapOf({ kind: "long" }, { kind: "boolean" })),
  column("place", structOf(column("x", "double", false))),
);

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

describe("a JSON encoder with a schema", () => {
  const encoder = compileJsonEncoder<unknown>(SCHEMA);

  it("writes each value in the form that the service takes", () => {
    const record = {
      id: 2n ** 63n - 1n,
      name: 'é"\\\n\u{1f600}',
      d: -0,
      price: 12.5,
      raw: Uint8Array.of(0, 255),
      day: "1970-01-02",
      at: new Date("1970-01-01T00:00:01Z"),
      doc: { a: "x" },
      tags: ["a", null],
      grid: [[1, 2], []],
      strict: [],
      counts: { "-5": true, "9007199254740993": false },
      place: { x: 1e21 },
    };
    assert.equal(
      textOf(encoder.encode(record)),
      '{"id":9223372036854775807,"name":"é\\"\\\\\\n\u{1f600}","d":-0,"price":"12.5","raw":"AP8=","day":1,' +
        '"at":1000000,"doc":"{\\"a\\":\\"x\\"}","tags":["a",null],"grid":[[1,2],[]],"strict":[],' +
        '"counts":{"-5":true,"9007199254740993":false},"place":{"x":1e+21}}',
    );
    assert.equal(textOf(encoder.encode({ id: 1, name: undefined, d: null })), '{"id":1}');
  });

  const refused: readonly (readonly [string, unknown, string, RegExp])[] = [
    ["NaN", { id: 1, d: Number.NaN }, "d", /JSON has no form for the number NaN/],
    ["an infinity", { id: 1, d: Number.POSITIVE_INFINITY }, "d", /Infinity/],
    ["null in an array that has none", { id: 1, strict: [1, null] }, "strict[1]", /NOT NULL/],
    ["undefined in an array", { id: 1, tags: [undefined] }, "tags[0]", /undefined/],
    ["a missing NOT NULL column", {}, "id", /NOT NULL/],
    ["an unknown key", { id: 1, place: { x: 1, y: 2 } }, "place.y", /no such column/],
    ["a wrong type deep inside", { id: 1, grid: [[1], [2, "3"]] }, "grid[1][1]", /the string "3"/],
    ["half of a surrogate pair", { id: 1, name: "\udc00" }, "name", /surrogate/],
  ];
  for (const [what, record, path, text] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => encoder.encode(record), failsWith("invalid_argument", text, path));
    });
  }
});

describe("a JSON encoder without a schema", () => {
  const encoder = compileJsonEncoder<unknown>();

  it("writes what JSON.stringify writes where that loses nothing", () => {
    const record = {
      a: 1.5,
      b: [true, null, "x"],
      c: undefined,
      d: () => 1,
      e: Symbol("s"),
      f: { toJSON: () => ({ nested: 1 }) },
      'k"': {},
      g: -0,
    };
    assert.equal(textOf(encoder.encode(record)), JSON.stringify(record));
  });

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ["NaN", Number.NaN, /NaN/],
    ["a bigint", 1n, /JSON has no bigint; give the encoder the table's schema/],
    ["a Date", new Date(0), /microseconds since 1970 for a TIMESTAMP and days for a DATE/],
    ["a Map", new Map(), /class Map/],
    ["a Set", new Set(), /class Set/],
    ["bytes", Buffer.from("x"), /class Buffer/],
    ["undefined in an array", [undefined], /not undefined/],
    ["a function in an array", [() => 1], /not a function/],
  ];
  for (const [what, value, text] of refused) {
    it(`refuses ${what}, and names the place`, () => {
      const path = Array.isArray(value) ? "a.b[0]" : "a.b";
      assert.throws(
        () => encoder.encode({ a: { b: value } }),
        failsWith("invalid_argument", text, path),
      );
    });
  }

  it("refuses what is no record", () => {
    for (const record of [null, 1, "x", [], new Map(), undefined]) {
      assert.throws(
        () => encoder.encode(record),
        failsWith("invalid_argument", /expected an object/),
      );
    }
  });
});
