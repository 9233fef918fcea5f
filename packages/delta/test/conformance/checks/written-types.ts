// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { assertReads } from "../agreement.ts";
import { type Check, READERS } from "../check.ts";

export const FLAT_COLUMNS: string =
  "t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, b BOOLEAN, c STRING, r BINARY, y DATE, m TIMESTAMP, " +
  "e DECIMAL(9,2), g DECIMAL(18,3), h DECIMAL(38,10)";

export function flatRow(k: number): InputRow {
  return {
    t: k,
    s: -k,
    i: k * 1000,
    l: BigInt(k) * 10n ** 15n,
    f: k / 2,
    d: k / 3,
    b: k % 2 === 0,
    c: `text ${k} ü`,
    r: Uint8Array.of(k, 255),
    y: `2024-02-${10 + (k % 19)}`,
    m: BigInt(k) * 1_000_001n,
    e: `${k}.25`,
    g: `-${k}.125`,
    h: `${k}.0123456789`,
  };
}

const LEAST: InputRow = {
  t: -128,
  s: -32_768,
  i: -(2 ** 31),
  l: -(2n ** 63n),
  f: Math.fround(-3.4e38),
  d: -Number.MAX_VALUE,
  b: false,
  c: "",
  r: new Uint8Array(),
  y: "0001-01-01",
  m: -62_135_596_800_000_000n,
  e: "-9999999.99",
  g: "-999999999999999.999",
  h: `-${"9".repeat(28)}.${"9".repeat(10)}`,
};
const GREATEST: InputRow = {
  t: 127,
  s: 32_767,
  i: 2 ** 31 - 1,
  l: 2n ** 63n - 1n,
  f: Math.fround(3.4e38),
  d: Number.MAX_VALUE,
  b: true,
  c: `${"日本𝒳".repeat(700)}\u0001"\\`,
  r: new Uint8Array(300).fill(255),
  y: "9999-12-31",
  m: 253_402_300_799_999_999n,
  e: "9999999.99",
  g: "999999999999999.999",
  h: `${"9".repeat(28)}.${"9".repeat(10)}`,
};
const ODD: readonly InputRow[] = [
  { f: -0, d: -0, c: " ", m: -1n, y: "1969-12-31" },
  { f: Number.NaN, d: Number.NaN, c: "\n\t", m: 0n, y: "1970-01-01" },
  { f: Infinity, d: -Infinity, c: "NULL", m: 999n },
  { f: Math.fround(1e-45), d: Number.MIN_VALUE, c: "é vs e\u0301" },
];

/** Each set of columns that are NULL of which one or all but one are, and none, and all. */
export function nullPatterns(columns: readonly string[], full: InputRow): InputRow[] {
  const without = columns.map((column) => ({ ...full, [column]: null }));
  const alone = columns.map((column) => ({ [column]: full[column] }));
  return [full, {}, ...without, ...alone];
}

async function flat({ engine, location }: Parameters<Check["run"]>[0]): Promise<void> {
  const schema = parseColumnList(FLAT_COLUMNS);
  const table = await createTable({ location, schema });
  const columns = schema.fields.map(({ name }) => name);
  const loads = [
    nullPatterns(columns, flatRow(3)),
    [LEAST, GREATEST, ...ODD],
    // A file without a value in it, and one without a NULL.
    [{}, {}],
    Array.from({ length: 50 }, (_, k) => flatRow(k)),
  ];
  for (const rows of loads) await table.appendRows(rows);
  await assertReads(engine, table, loads.flat());
}

const NESTED_COLUMNS =
  "id INT, o STRUCT<p: INT, q: STRUCT<u: STRING, v: ARRAY<BIGINT>>>, a ARRAY<ARRAY<INT>>, " +
  "z ARRAY<STRUCT<x: DECIMAL(5,2), y: TIMESTAMP>>";

const NESTED_ROWS: readonly InputRow[] = [
  {
    id: 0,
    o: { p: 1, q: { u: "x", v: [1n, null] } },
    a: [[1, null], [], null],
    z: [{ x: "1.50", y: 5n }],
  },
  { id: 1, o: null, a: null, z: null },
  { id: 2, o: { p: null, q: null }, a: [], z: [] },
  { id: 3, o: { p: 2, q: { u: null, v: null } }, a: [null], z: [null] },
  {
    id: 4,
    o: { p: null, q: { u: "", v: [] } },
    a: [[null]],
    z: [{ x: null, y: null }, null, { x: "-0.01", y: -1n }],
  },
  { id: 5, o: { p: 3, q: { u: "y", v: [null, null] } }, a: [[], [], [7]], z: null },
];

const MAP_COLUMNS =
  "id INT, w MAP<STRING, ARRAY<BIGINT>>, k MAP<INT, STRUCT<x: STRING, y: MAP<STRING, DATE>>>";

const MAP_ROWS: readonly InputRow[] = [
  {
    id: 0,
    w: new Map([
      ["a", [1n, null]],
      ["b", null],
      ["", []],
    ]),
    k: new Map([[1, { x: "s", y: new Map([["d", "2024-02-29"]]) }]]),
  },
  { id: 1, w: null, k: null },
  { id: 2, w: new Map(), k: new Map() },
  {
    id: 3,
    w: new Map([["__proto__", [2n]]]),
    k: new Map([
      [-1, null],
      [2, { x: null, y: null }],
      [3, { x: "", y: new Map([["n", null]]) }],
    ]),
  },
];

function written(columns: string, rows: readonly InputRow[]): Check["run"] {
  return async ({ engine, location }) => {
    const table = await createTable({ location, schema: parseColumnList(columns) });
    await table.appendRows(rows);
    // Files of one row each, so that every pattern is a whole column too.
    for (const row of rows) await table.appendRows([row]);
    await assertReads(engine, table, [...rows, ...rows]);
  };
}

async function notNull({ engine, location }: Parameters<Check["run"]>[0]): Promise<void> {
  const columns =
    "id INT NOT NULL, s STRUCT<a: INT NOT NULL, b: STRING> NOT NULL, t STRUCT<c: BIGINT NOT NULL>";
  const table = await createTable({ location, schema: parseColumnList(columns) });
  const rows = [
    { id: 1, s: { a: 1, b: null }, t: null },
    { id: 2, s: { a: 2, b: "x" }, t: { c: 5n } },
  ];
  await table.appendRows(rows);
  await assertReads(engine, table, rows);
}

const VARIANTS: readonly unknown[] = [
  { k: [1, "x", null, 2.5, true, 2 ** 40], deep: { er: "y" } },
  "text",
  -7,
  [],
  {},
  [[{ a: [null] }]],
  "long é".repeat(50),
];

async function variant({ engine, location }: Parameters<Check["run"]>[0]): Promise<void> {
  const table = await createTable({ location, schema: parseColumnList("id INT, v VARIANT") });
  const rows = VARIANTS.map((v, id) => ({ id, v }));
  await table.appendRows([...(rows as InputRow[]), { id: 100 }]);
  const seen = (await engine.ask("read_variant", { location, column: "v" })) as unknown[][];
  const expected: unknown[][] = [...rows.map(({ id, v }) => [id, v]), [100, null]];
  assert.deepEqual(
    seen.toSorted(([one], [other]) => Number(one) - Number(other)),
    expected,
  );
}

export const TYPE_CHECKS: readonly Check[] = [
  { name: "flat types, every null pattern, extremes", engines: READERS, run: flat },
  {
    name: "structs and arrays, every null pattern",
    engines: READERS,
    run: written(NESTED_COLUMNS, NESTED_ROWS),
  },
  {
    name: "maps, every null pattern",
    engines: READERS,
    unable: { polars: "Polars has no MAP type" },
    run: written(MAP_COLUMNS, MAP_ROWS),
  },
  {
    name: "TIMESTAMP_NTZ",
    engines: READERS,
    run: written("id INT, n TIMESTAMP_NTZ, a ARRAY<TIMESTAMP_NTZ>", [
      { id: 1, n: 1_709_164_800_123_456n, a: [-1n, null] },
      { id: 2, n: null, a: null },
      { id: 3, n: -62_135_596_800_000_000n, a: [] },
    ]),
  },
  { name: "NOT NULL, inside of types too", engines: READERS, run: notNull },
  {
    name: "VARIANT",
    engines: READERS,
    unable: {
      deltalake: "delta-rs gives the bytes of a variant only",
      duckdb: "DuckDB's Delta extension does not read variantType",
      polars: "Polars has no VARIANT type",
    },
    run: variant,
  },
];
