// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parsePredicate } from "../../../src/expression/bind-expression.ts";
import { compilePruner, type PrunerOptions } from "../../../src/expression/compile-pruner.ts";
import { parseStatistics } from "../../../src/expression/parse-statistics.ts";
import { compileRowPredicate } from "../../../src/expression/row-predicate.ts";
import { partitionValueToText } from "../../../src/partition/partition-values.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructField } from "../../../src/schema/types.ts";

const SCHEMA = parseColumnList(
  "n INT, l BIGINT, s STRING, f FLOAT, d DOUBLE, p DECIMAL(38,2), at TIMESTAMP, local TIMESTAMP_NTZ, day DATE, ok BOOLEAN, place STRUCT<city: STRING>, tags ARRAY<INT>, part STRING, hour INT",
);

type Stats = Readonly<Record<string, unknown>>;

function mayMatch(
  sql: string,
  stats: Stats | string | undefined,
  partitionValues: Readonly<Record<string, string | null>> = {},
  options: Partial<PrunerOptions> = {},
): boolean {
  const text = typeof stats === "object" ? JSON.stringify(stats) : stats;
  const prune = compilePruner(parsePredicate(sql, SCHEMA), {
    partitionColumns: ["part", "hour"],
    ...options,
  });
  return prune({ partitionValues, stats: parseStatistics(text) });
}

function bounds(column: string, min: unknown, max: unknown, more: Stats = {}): Stats {
  return {
    numRecords: 10,
    minValues: { [column]: min },
    maxValues: { [column]: max },
    nullCount: { [column]: 0 },
    ...more,
  };
}

/** Which of the conditions leave a file in. */
function kept(conditions: readonly string[], ...file: [Stats | string | undefined]): string[] {
  return conditions.filter((sql) => mayMatch(sql, ...file));
}

describe("a pruner", () => {
  it("compares with the bounds of a column", () => {
    const stats = bounds("n", 3, 7);
    const out = [
      "n < 3",
      "n > 7",
      "n = 2",
      "n >= 8",
      "n IN (1, 8)",
      "n BETWEEN 8 AND 9",
      "NOT n >= 3",
      "n IS NULL",
      "n <=> NULL",
      "n = NULL",
      "3 > n",
      "n < 2.5",
      "n > 7.0e0",
    ];
    assert.deepEqual(kept(out, stats), []);
    const stay = [
      "n < 4",
      "n > 6",
      "n = 3",
      "n >= 7",
      "n IN (1, 7)",
      "n <> 3",
      "n IS NOT NULL",
      "n + 1 < 0",
      "n % 2 = 5",
      "l = 1",
    ];
    assert.deepEqual(kept(stay, stats), stay);
    assert.deepEqual(kept(["n <> 3", "n NOT IN (3, 4)"], bounds("n", 3, 3)), []);
  });

  it("joins outcomes by AND, OR and NOT", () => {
    const stats = bounds("n", 3, 7);
    assert.deepEqual(
      kept(
        [
          "n < 3 AND s = 'x'",
          "n < 3 OR n > 7",
          "NOT (n >= 3 OR s = 'x')",
          "(n < 3) IS TRUE",
          "(n >= 3) IS FALSE",
          "(n < 3) = TRUE",
        ],
        stats,
      ),
      [],
    );
    const stay = [
      "n < 3 OR s = 'x'",
      "NOT (n < 3 AND s = 'x')",
      "(n < 3) IS FALSE",
      "(n < 3) IS NOT TRUE",
    ];
    assert.deepEqual(kept(stay, stats), stay);
  });

  it("keeps what it knows nothing of", () => {
    for (const stats of [undefined, "", "null", "[]", "{", "{}", { numRecords: 5 }]) {
      assert.ok(mayMatch("n = 1", stats));
    }
    assert.ok(mayMatch("n = 1", bounds("n", "x", {})));
    assert.ok(mayMatch("n = 1", bounds("n", 5.5, 9)), "a bound that is no INT");
    assert.ok(mayMatch("n = 1", bounds("n", 9, 5)), "bounds that contradict each other");
    assert.ok(mayMatch("s < 'a'", { numRecords: 1, minValues: { toString: 1 } }));
  });

  it("knows of columns without values, and of files without rows", () => {
    const allNull = { numRecords: 10, nullCount: { n: 10, tags: 10, place: { city: 10 } } };
    assert.deepEqual(
      kept(
        ["n = 1", "n <> 1", "n IS NOT NULL", "place.city LIKE '%x'", "tags IS NOT NULL"],
        allNull,
      ),
      [],
    );
    assert.deepEqual(kept(["n IS NULL", "n <=> NULL"], allNull), ["n IS NULL", "n <=> NULL"]);
    assert.ok(!mayMatch("n IS NULL OR TRUE", { numRecords: 0 }));
    // After deletions, counts between none and all say nothing.
    const loose = { numRecords: 10, nullCount: { n: 4 }, tightBounds: false };
    assert.deepEqual(kept(["n IS NULL", "n IS NOT NULL"], loose), ["n IS NULL", "n IS NOT NULL"]);
  });

  it("takes 64-bit and decimal bounds exactly", () => {
    const stats = `{"numRecords":1,"minValues":{"l":9007199254740993,"p":123456789012345678901234567890.12},"maxValues":{"l":9007199254740993,"p":123456789012345678901234567890.12}}`;
    assert.deepEqual(
      kept(
        [
          "l = 9007199254740992",
          "l < 9007199254740993",
          "p > 123456789012345678901234567890.12",
          "p = 123456789012345678901234567890.11",
        ],
        stats,
      ),
      [],
    );
    const stay = [
      "l = 9007199254740993",
      "l = 9007199254740992e0",
      "p = 123456789012345678901234567890.12",
    ];
    assert.deepEqual(kept(stay, stats), stay);
    assert.deepEqual(kept(["p < 0.5"], bounds("p", 1e-1, 0.1)), ["p < 0.5"]);
    assert.deepEqual(kept(["p < 0.1", "p > 0.1"], bounds("p", 0.1, "0.10")), []);
  });

  it("expects that strings were cut", () => {
    const long = "x".repeat(32);
    assert.deepEqual(kept([`s > '${long}a'`, "s LIKE 'x%'"], bounds("s", "a", long)), [
      `s > '${long}a'`,
      "s LIKE 'x%'",
    ]);
    assert.deepEqual(kept(["s > 'y'", `s = '${"x".repeat(31)}z'`], bounds("s", "a", long)), []);
    assert.deepEqual(kept(["s > 'b'"], bounds("s", "a", "b")), []);
    assert.ok(mayMatch("s > 'a'", bounds("s", "a", "\u{10ffff}".repeat(32))));
    assert.deepEqual(
      kept(
        ["s LIKE 'c%'", "s LIKE 'a_'", "s LIKE 'a'", "s NOT LIKE 'b%'"],
        bounds("s", "b1", "b9"),
      ),
      [],
    );
    assert.deepEqual(kept(["s LIKE '%c'", "s LIKE 'b%'", "s LIKE 'b_'"], bounds("s", "b1", "b9")), [
      "s LIKE '%c'",
      "s LIKE 'b%'",
      "s LIKE 'b_'",
    ]);
    // By code point: U+FFFF is below U+1F600.
    assert.ok(!mayMatch("s = '\u{1f600}'", bounds("s", "a", "\uffff")));
  });

  it("expects that timestamps were cut to milliseconds", () => {
    const stats = bounds("at", "2024-01-01T00:00:00.001Z", "2024-01-01T00:00:00.002Z");
    const at = (micros: string): string => `at > TIMESTAMP '2024-01-01T00:00:00.${micros}Z'`;
    assert.ok(mayMatch(at("002998"), stats));
    assert.ok(!mayMatch(at("002999"), stats));
    assert.ok(!mayMatch("at < '2024-01-01T00:00:00.001Z'", stats));
    const offset = bounds("at", "2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00.000+01:00");
    assert.ok(!mayMatch("at >= '2024-01-01T00:00:00Z'", offset));
    assert.ok(
      mayMatch("at >= '2024-01-02'", bounds("at", "2024-01-01 00:00:00", "2024-01-01 00:00:00")),
      "no zone",
    );
    assert.ok(
      !mayMatch(
        "local > '2024-01-02'",
        bounds("local", "2024-01-01T00:00:00.000", "2024-01-01T00:00:00.000"),
      ),
    );
    const days = bounds("day", "2024-01-01", "2024-01-02");
    assert.deepEqual(kept(["day = '2024-01-03'", "day < '2024'", "day > '2024-1-2'"], days), []);
  });

  it("expects a NaN where bounds may leave it out", () => {
    const stats = bounds("d", 1, 3);
    const conditions = ["d > 5", "d >= 5", "d <> 2", "d = 'NaN'", "NOT d < 5"];
    assert.deepEqual(kept(conditions, stats), conditions);
    assert.deepEqual(kept(["d < 1", "d = 5", "d <= 0.5", "d IN (4, 5)"], stats), []);
    const covered = (sql: string, max: unknown): boolean =>
      mayMatch(sql, bounds("d", 1, max), {}, { boundsCoverNan: true });
    assert.ok(!covered("d > 5", 3) && !covered("d = 'NaN'", 3));
    assert.ok(
      covered("d > 5", "NaN") && covered("d > 5", "Infinity") && covered("d = 'NaN'", undefined),
    );
    // The shortest text of a FLOAT is below the FLOAT itself.
    assert.ok(mayMatch("f > 0.1e0", bounds("f", 0.1, 0.1), {}, { boundsCoverNan: true }));
  });

  it("knows partition values exactly", () => {
    const values = { part: "a/b", hour: "7" };
    const file = (sql: string): boolean => mayMatch(sql, undefined, values);
    assert.ok(file("part = 'a/b' AND hour % 2 = 1 AND UPPER(part) = 'A/B'"));
    assert.ok(!file("part <> 'a/b'") && !file("hour + 1 = 7") && !file("PART = 'x' AND n = 1"));
    assert.ok(!file("hour NOT IN (7)") && !file("part IS NULL") && !file("hour > n AND hour < 7"));
    assert.ok(file("part = 'x' OR n = 1"));
    for (const nothing of [null, ""]) {
      assert.ok(mayMatch("part IS NULL", undefined, { part: nothing }));
      assert.ok(!mayMatch("part = 'a' OR part <> 'a'", undefined, { part: nothing }));
    }
    assert.ok(mayMatch("hour = 7", undefined, { hour: "seven" }), "left to the reader");
    assert.ok(mayMatch("part = 'a'", undefined, {}), "left to the reader");
    assert.ok(file("1 / (hour - 7) > 0"), "left to the reader");
  });

  it("finds columns by their physical names", () => {
    const physicalNameOf = ({ name }: StructField): string => `col-${name}`;
    const options = { physicalNameOf };
    const stats = bounds("col-place", { "col-city": "a" }, { "col-city": "b" });
    assert.ok(!mayMatch("place.city = 'c'", stats, {}, options));
    assert.ok(mayMatch("place.city = 'a'", stats, {}, options));
    assert.ok(!mayMatch("part = 'c'", undefined, { "col-part": "a" }, options));
  });

  it("agrees with rows on whatever a partition value is", () => {
    const hour = fc.option(fc.integer({ min: -3, max: 3 }), { nil: null });
    const condition = fc.constantFrom(
      "hour > 0",
      "hour <> 1",
      "hour IS NULL",
      "hour IN (1, NULL)",
      "NOT hour = 1",
      "hour <=> NULL OR hour = 2",
      "hour * 2 = 4",
      "hour > 0.5 AND hour < 2.5e0",
    );
    fc.assert(
      fc.property(hour, condition, (value, sql) => {
        const text = partitionValueToText(value, { name: "hour", type: "integer" });
        const row = compileRowPredicate(parsePredicate(sql, SCHEMA))({ hour: value });
        assert.equal(mayMatch(sql, undefined, { hour: text }), row === true);
      }),
    );
  });
});

describe("parseStatistics", () => {
  it("keeps long numbers as text, wherever they stand, and texts as they are", () => {
    const parsed = parseStatistics(
      String.raw`{"numRecords":2,"minValues":{"a":-9223372036854775808,"b":{"c":0.12345678901234567},"d":"\"1234567890123456789\"","e":12345678901234567e-3,"f":1.5}}`,
    );
    assert.deepEqual(parsed?.minValues, {
      a: "-9223372036854775808",
      b: { c: "0.12345678901234567" },
      d: '"1234567890123456789"',
      e: "12345678901234567e-3",
      f: 1.5,
    });
    assert.equal(parsed?.tightBounds, true);
    assert.equal(parseStatistics('{"tightBounds":false}')?.tightBounds, false);
  });

  it("reads any JSON as JSON.parse does, but for long numbers", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (tree) => {
        const text = JSON.stringify({ minValues: tree });
        const quoted = JSON.stringify({ minValues: tree, long: 1 }).replace(
          '"long":1',
          '"long":12345678901234567890',
        );
        const plain = parseStatistics(text)?.minValues;
        const isShort = !/\d(?:\.?\d){15}/.test(text);
        if (isShort) assert.deepEqual(parseStatistics(quoted)?.minValues, plain);
        assert.equal(Object.keys(plain ?? {}).length, Object.keys(tree).length);
      }),
    );
  });
});
