// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { parsePredicate } from "../../../src/expression/bind-expression.ts";
import { compileBlockCheck } from "../../../src/expression/block-check.ts";
import { compileRowPredicate, type RowValues } from "../../../src/expression/row-predicate.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { blockOf } from "../../integration/parquet/support/blocks.ts";

const SCHEMA = parseColumnList(
  "Id BIGINT, n INT, s STRING, f DOUBLE, d DECIMAL(10,2), day DATE, at TIMESTAMP, ok BOOLEAN, raw BINARY, place STRUCT<City: STRING, at: STRUCT<x: INT>>, tags ARRAY<STRING>, v VARIANT",
);

const ROW: RowValues = {
  Id: 2n ** 53n + 1n,
  n: 3,
  s: "h\u{1f600}",
  f: Number.NaN,
  d: "1.50",
  day: "2024-02-29",
  at: 1_700_000_000_000_000n,
  ok: null,
  raw: Uint8Array.of(1),
  place: { City: "Bern", at: null },
  tags: [],
  v: null,
};

function resultOf(sql: string): boolean | null {
  return compileRowPredicate(parsePredicate(sql, SCHEMA))(ROW);
}

function refuses(sql: string, code: string, message: RegExp): void {
  assert.throws(
    () => parsePredicate(sql, SCHEMA),
    (error) => {
      assert.ok(error instanceof DeltaError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );
}

describe("predicates", () => {
  it("find columns regardless of case, fields of structs by dots", () => {
    assert.equal(resultOf("ID > 0 AND `N` = 3"), true);
    assert.equal(resultOf("PLACE.city = 'Bern'"), true);
    assert.equal(resultOf("place.at.x IS NULL AND place.at IS NULL AND place IS NOT NULL"), true);
    assert.equal(resultOf("tags IS NOT NULL AND v IS NULL"), true);
    assert.deepEqual(
      parsePredicate("n > 1 OR place.City = 'x' OR N < 0", SCHEMA).columns.map(({ name }) => name),
      ["n", "place.City"],
    );
  });

  it("compare exact numbers exactly, and as DOUBLE where one side is", () => {
    assert.equal(resultOf("Id = 9007199254740993"), true);
    assert.equal(resultOf("Id = 9007199254740993.0"), true);
    assert.equal(resultOf("Id = 9007199254740992"), false);
    assert.equal(resultOf("Id = 9007199254740992e0"), true);
    assert.equal(resultOf("d = 1.5 AND d > 1 AND d < 1.501 AND d = 15e-1"), true);
    assert.equal(resultOf("n < 3.5 AND n > 2.99999999999999999999"), true);
  });

  it("take NaN for equal to itself and above all numbers", () => {
    assert.equal(resultOf("f > 1e308 AND f = f AND f >= f AND NOT f < 1"), true);
  });

  it("read a text beside another type as one of that type", () => {
    assert.equal(resultOf("day = '2024-02-29' AND day < '2024-03-01'"), true);
    assert.equal(resultOf("at > '2023-11-14T22:13:19Z' AND at < '2023-11-15'"), true);
    assert.equal(resultOf("n = '3' AND d = '1.5' AND n IN ('1', '3')"), true);
  });

  it("leave NULL neither true nor false", () => {
    assert.equal(resultOf("ok"), null);
    assert.equal(resultOf("NOT ok"), null);
    assert.equal(resultOf("ok AND n = 3"), null);
    assert.equal(resultOf("ok AND n = 4"), false);
    assert.equal(resultOf("ok OR n = 3"), true);
    assert.equal(resultOf("n IN (1, NULL)"), null);
    assert.equal(resultOf("n IN (3, NULL)"), true);
    assert.equal(resultOf("n NOT IN (3, NULL)"), false);
    assert.equal(resultOf("ok IS NOT TRUE AND ok IS NOT FALSE AND ok IS NULL"), true);
    assert.equal(resultOf("ok <=> NULL"), true);
    assert.equal(resultOf("n BETWEEN NULL AND 2"), false);
    assert.equal(resultOf("s LIKE NULL"), null);
    assert.equal(resultOf("NULL"), null);
  });

  it("count characters of texts and bytes of BINARY", () => {
    assert.equal(resultOf("LENGTH(s) = 2 AND char_length(s) = 2 AND LENGTH(raw) = 1"), true);
    assert.equal(resultOf("s LIKE 'h_' AND s NOT LIKE 'h__'"), true);
  });

  it("evaluate from the left, and only as far as needed", () => {
    assert.equal(resultOf("n = 3 OR n / 0 > 1"), true);
    assert.equal(resultOf("n <> 3 AND n / 0 > 1"), false);
    assert.equal(resultOf("COALESCE(n, 1 / 0) = 3"), true);
  });

  it("fail where a value is not defined", () => {
    const failing = [
      ["n / 0 > 1", /division by zero/],
      ["n + 2147483647 > 1", /2147483650 does not fit integer/],
      ["Id * Id > 1", /does not fit BIGINT/],
      ["CAST(s AS INT) = 1", /cannot be cast to integer/],
      ["CAST(Id AS TINYINT) = 1", /does not fit byte/],
      ["CAST(f AS INT) = 1", /NaN does not fit integer/],
    ] as const;
    for (const [sql, message] of failing) {
      assert.throws(() => resultOf(sql), { code: "invalid_argument", message });
    }
  });

  it("refuse types that do not fit, naming them and the place", () => {
    refuses("n = TRUE", "invalid_argument", /cannot compare INT and BOOLEAN .* at position 0/);
    refuses("s > 1", "invalid_argument", /cannot compare STRING and INT/);
    refuses("raw = 'x'", "invalid_argument", /cannot compare BINARY and STRING/);
    refuses("day = 'soon'", "invalid_argument", /"soon" is no DATE at position 6/);
    refuses("n", "invalid_argument", /a condition must be BOOLEAN, and this is INT/);
    refuses("n AND ok", "invalid_argument", /must be BOOLEAN/);
    refuses("n LIKE 'x'", "invalid_argument", /expected STRING, found INT/);
    refuses("s LIKE 'x\\\\y'", "invalid_argument", /the escape character .* stands before "y"/);
    refuses("LENGTH(n) = 1", "invalid_argument", /expected STRING, found INT/);
    refuses("LENGTH(s, s) = 1", "invalid_argument", /LENGTH takes one argument, not 2/);
    refuses("-s = 1", "invalid_argument", /STRING has no sign/);
    refuses("n IN ()", "invalid_argument", /the list of IN is empty/);
    refuses("missing = 1", "invalid_argument", /there is no column "missing" .*"Id"/);
    refuses("place.zip = 1", "invalid_argument", /no column "zip" in "place"/);
    refuses("n.x = 1", "invalid_argument", /"n" is no STRUCT/);
  });

  it("name what they do not evaluate", () => {
    refuses("current_timestamp() > at", "unsupported", /the function CURRENT_TIMESTAMP/);
    refuses("current_date = day", "unsupported", /the function CURRENT_DATE/);
    refuses("size(tags) = 1", "unsupported", /the function SIZE/);
    refuses("tags = tags", "unsupported", /the column "tags" of type ARRAY<STRING>/);
    refuses("tags.x = 1", "unsupported", /a part of the ARRAY column "tags"/);
    refuses("v.x = 1", "unsupported", /a part of the VARIANT column "v"/);
    refuses("day + 1 > day", "unsupported", /DATE \+ INT/);
    refuses("s LIKE s", "unsupported", /a pattern of LIKE that is no literal/);
    refuses("CAST(s AS TIMESTAMP) > at", "unsupported", /CAST of STRING to TIMESTAMP/);
    refuses("CAST(f AS STRING) = 'x'", "unsupported", /CAST of DOUBLE to STRING/);
  });

  it("refuse a row whose value is not of its column's type", () => {
    const evaluate = compileRowPredicate(parsePredicate("Id = 1", SCHEMA));
    assert.throws(() => evaluate({ Id: 1 }), {
      code: "invalid_argument",
      message: /"Id" of type long/,
    });
    assert.equal(evaluate({}), null);
  });
});

describe("block checks", () => {
  const schema = parseColumnList("n INT, s STRING, place STRUCT<city: STRING>");
  const flat = parseColumnList("n INT, s STRING");
  const block = blockOf(flat, [
    [1, 2, null, 4],
    ["a", "bb", "ccc", null],
  ]);

  it("give the first row that is not true, NULL and failures among them", () => {
    const firstOf = (sql: string): number => compileBlockCheck(parsePredicate(sql, flat))(block);
    assert.equal(firstOf("n IS NULL OR n > 0"), -1);
    assert.equal(firstOf("n > 0"), 2);
    assert.equal(firstOf("LENGTH(s) < 3"), 2);
    assert.equal(firstOf("10 / (n - 2) < 0"), 1);
    assert.equal(firstOf("s LIKE 'a%' OR s LIKE '%b' OR s = 'ccc'"), 3);
  });

  it("look only at the rows asked for", () => {
    const check = compileBlockCheck(parsePredicate("s > 'a'", flat));
    assert.equal(check(block), 0);
    assert.equal(check(block, 1), 3);
    assert.equal(check(block, 1, 3), -1);
    assert.equal(check(block, 4), -1);
  });

  it("find columns by name in blocks of another schema", () => {
    const swapped = parseColumnList("s STRING, n INT");
    const rows = blockOf(swapped, [["a"], [7]]);
    const predicate = parsePredicate("n = 7 AND s = 'a'", flat);
    assert.equal(compileBlockCheck(predicate, { schema: swapped })(rows), -1);
    assert.throws(() => compileBlockCheck(predicate, { schema: parseColumnList("s STRING") }), {
      code: "invalid_argument",
      message: /no column "n"/,
    });
  });

  it("refuse nested columns by name", () => {
    for (const sql of ["place.city = 'x'", "place IS NOT NULL"]) {
      assert.throws(() => compileBlockCheck(parsePredicate(sql, schema)), {
        code: "unsupported",
        message: /the nested column "place/,
      });
    }
  });
});
