// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type FileStatistics, statisticsToJson } from "../../../src/parquet/file-statistics.ts";
import type { PrimitiveTypeName } from "../../../src/schema/types.ts";
import {
  encodeFile,
  field,
  schemaOf,
  type Value,
} from "../../integration/parquet/support/blocks.ts";

const UNCOMPRESSED = { compression: "uncompressed" } as const;

/** Statistics of one column `c` written in row groups. */
function statisticsOf(type: PrimitiveTypeName, ...rowGroups: Value[][]): FileStatistics {
  const schema = schemaOf(field("c", type, true));
  return encodeFile(
    schema,
    rowGroups.map((values) => [values]),
    UNCOMPRESSED,
  ).statistics;
}

function boundsOf(type: PrimitiveTypeName, ...rowGroups: Value[][]): [unknown, unknown] {
  const { minValues, maxValues } = statisticsOf(type, ...rowGroups);
  return [minValues["c"], maxValues["c"]];
}

const NONE = [undefined, undefined];
const MICROS_PER_MILLI = 1000n;

describe("file statistics", () => {
  it("count rows and nulls over all row groups", () => {
    const statistics = statisticsOf("integer", [1, null], [null], [3, -2]);
    assert.deepEqual(statistics, {
      numRecords: 5,
      minValues: { c: -2 },
      maxValues: { c: 3 },
      nullCount: { c: 2 },
    });
  });

  it("have no bounds for a column of nulls, and zeros for a file without rows", () => {
    assert.deepEqual(boundsOf("string", [null, null]), NONE);
    assert.deepEqual(statisticsOf("long"), {
      numRecords: 0,
      minValues: {},
      maxValues: {},
      nullCount: { c: 0 },
    });
  });

  it("take no bound from the slot of a null", () => {
    assert.deepEqual(boundsOf("integer", [5, null, 7]), [5, 7]);
    assert.deepEqual(boundsOf("long", [5n, null, 7n]), [5, 7]);
    assert.deepEqual(boundsOf("double", [5, null, 7]), [5, 7]);
    assert.deepEqual(boundsOf("boolean", [false, null]), [false, false]);
  });

  it("leave out a float column that has a NaN in any row group", () => {
    for (const type of ["float", "double"] as const) {
      assert.deepEqual(boundsOf(type, [1, 2], [Number.NaN]), NONE);
      assert.deepEqual(boundsOf(type, [Number.NaN], [1, 2]), NONE);
      assert.deepEqual(boundsOf(type, [null, Number.NaN, 1]), NONE);
    }
  });

  it("leave out an infinite bound and keep the other", () => {
    assert.deepEqual(boundsOf("double", [1, Infinity]), [1, undefined]);
    assert.deepEqual(boundsOf("float", [-Infinity, 1]), [undefined, 1]);
    assert.deepEqual(boundsOf("double", [Infinity]), NONE);
  });

  it("sign zeros so that they bound both", () => {
    for (const zeros of [[0], [-0], [0, -0]]) {
      const [min, max] = boundsOf("double", zeros);
      assert.ok(Object.is(min, -0));
      assert.ok(Object.is(max, 0));
    }
    const json = statisticsToJson(statisticsOf("float", [0]));
    assert.match(json, /"minValues":\{"c":-0\.0\},"maxValues":\{"c":0\}/);
  });

  it("write every BIGINT exactly", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 20 }), (values) => {
        const sorted = values.toSorted((left, right) => (left < right ? -1 : 1));
        const json = statisticsToJson(statisticsOf("long", values));
        const found = /"minValues":\{"c":(-?\d+)\},"maxValues":\{"c":(-?\d+)\}/.exec(json);
        assert.deepEqual([found?.[1], found?.[2]], [`${sorted[0]}`, `${sorted.at(-1)}`]);
      }),
    );
  });

  it("write timestamps in milliseconds that enclose the microseconds", () => {
    const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_000n });
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 10 }), (values) => {
        const [min, max] = boundsOf("timestamp", values).map((bound) => {
          assert.match(String(bound), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          return BigInt(Date.parse(bound as string)) * MICROS_PER_MILLI;
        }) as [bigint, bigint];
        const sorted = values.toSorted((left, right) => (left < right ? -1 : 1));
        const smallest = sorted[0] as bigint;
        const largest = sorted.at(-1) as bigint;
        assert.ok(min <= smallest && smallest - min < MICROS_PER_MILLI);
        assert.ok(max >= largest && max - largest < MICROS_PER_MILLI);
      }),
    );
  });

  it("round microseconds before 1970 the same way", () => {
    assert.deepEqual(boundsOf("timestamp", [-1n]), [
      "1969-12-31T23:59:59.999Z",
      "1970-01-01T00:00:00.000Z",
    ]);
  });

  it("write dates as days, and leave out years that are not of four digits", () => {
    assert.deepEqual(boundsOf("date", [-719_162, 19_723]), ["0001-01-01", "2024-01-01"]);
    assert.deepEqual(boundsOf("date", [-719_163, 2_932_896]), [undefined, "9999-12-31"]);
    assert.deepEqual(boundsOf("date", [-(2 ** 31), 2 ** 31 - 1]), NONE);
    assert.deepEqual(boundsOf("timestamp", [-(2n ** 63n), 2n ** 63n - 1n]), NONE);
    // The upper bound would round into the year 10000.
    assert.deepEqual(boundsOf("timestamp", [253_402_300_799_999_001n])[1], undefined);
  });

  it("order strings by code point, not by UTF-16 unit", () => {
    assert.deepEqual(boundsOf("string", ["\u{1f600}", "\uffff", "z"]), ["z", "\u{1f600}"]);
    assert.deepEqual(boundsOf("string", ["ab", "a", "", "b"]), ["", "b"]);
  });

  it("give booleans and no bytes as bounds", () => {
    assert.deepEqual(boundsOf("boolean", [true, false]), [false, true]);
    assert.deepEqual(boundsOf("boolean", [true, true], [true]), [true, true]);
    assert.deepEqual(boundsOf("binary", [Uint8Array.of(1)]), NONE);
  });

  it("keep the bounds of every row group", () => {
    const numbers = fc.array(fc.array(fc.option(fc.integer()), { maxLength: 8 }), { maxLength: 5 });
    fc.assert(
      fc.property(numbers, (rowGroups) => {
        const values = rowGroups.flat().filter((value) => value !== null);
        const expected = values.length === 0 ? NONE : [Math.min(...values), Math.max(...values)];

        assert.deepEqual(boundsOf("integer", ...rowGroups), expected);
      }),
    );
  });

  it("serialise to JSON that has any column name as it is", () => {
    const names = ["__proto__", 'quo"te', "a.b", "\u{1f600}"];
    const schema = schemaOf(...names.map((name) => field(name, "integer", false)));
    const { statistics } = encodeFile(schema, [names.map(() => [7])], UNCOMPRESSED);
    const json = statisticsToJson(statistics);
    for (const name of names) assert.ok(json.includes(`${JSON.stringify(name)}:7`), json);
    assert.deepEqual(Object.keys(JSON.parse(json).minValues), names);
  });

  it("cover the first 32 columns, or those asked for", () => {
    const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const schema = schemaOf(...names.map((name) => field(name, "integer", false)));
    const rows = [names.map(() => [1])];
    const byDefault = encodeFile(schema, rows, UNCOMPRESSED).statistics;
    assert.deepEqual(Object.keys(byDefault.nullCount), names.slice(0, 32));
    const chosen = encodeFile(schema, rows, { ...UNCOMPRESSED, statisticsColumns: ["c39"] });
    assert.deepEqual(Object.keys(chosen.statistics.maxValues), ["c39"]);
  });
});
