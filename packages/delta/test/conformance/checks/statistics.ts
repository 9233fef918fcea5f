// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable } from "../../../src/table/delta-table.ts";
import { allRows } from "../../support/table-checks.ts";
import { plainRows, sortedRows } from "../agreement.ts";
import { type Check, type CheckContext, READERS } from "../check.ts";

interface Filter {
  /** SQL that every engine reads alike. */
  readonly where: string;
  /** The same in plain words, for rows as they were written. */
  readonly keeps: (row: Readonly<Record<string, unknown>>) => boolean;
}

const COLUMNS =
  "id INT, l BIGINT, d DOUBLE, c STRING, y DATE, e DECIMAL(9,2), n INT, o STRUCT<x: INT>";

/** Files in order of most columns, so that statistics tell one from another; the odd values are in files of their own. */
function loads(): InputRow[][] {
  const files: InputRow[][] = Array.from({ length: 8 }, (_, file) =>
    Array.from({ length: 10 }, (__, index) => {
      const k = file * 10 + index;
      return {
        id: k,
        l: BigInt(k) * 10n ** 16n,
        d: k / 4 - 5,
        // Longer than the text that statistics hold, with one beginning for all of a file.
        c: `${String.fromCharCode(97 + file)}${"é".repeat(40)}${String(index)}`,
        y: `2024-03-${String(1 + (k % 28)).padStart(2, "0")}`,
        e: `${k}.5${k % 10}`,
        n: file % 2 === 0 ? null : k,
        o: { x: k },
      };
    }),
  );
  files.push(
    [
      { id: 100, d: -0, c: "" },
      { id: 101, d: 0, c: "\u{10ffff}".repeat(40) },
    ],
    [
      { id: 102, l: 2n ** 63n - 1n, c: `${"z".repeat(31)}\u{d7ff}` },
      { id: 103, l: -(2n ** 63n) },
    ],
    [{ id: 104 }, { id: 105 }],
    [
      { id: 106, e: "-9999999.99", y: "0001-01-01" },
      { id: 107, e: "9999999.99", y: "9999-12-31" },
    ],
  );
  return files;
}

const number = (value: unknown): number =>
  value === null || value === undefined ? Number.NaN : Number(value);
const isNull = (value: unknown): boolean => value === null || value === undefined;
const text = (value: unknown): string | undefined => (isNull(value) ? undefined : String(value));

/** As engines compare text: by code points. */
function isAfter(one: string | undefined, other: string): boolean {
  return one !== undefined && Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0;
}

const FILTERS: readonly Filter[] = [
  { where: "id = 42", keeps: ({ id }) => id === 42 },
  { where: "id >= 35 AND id < 41", keeps: ({ id }) => number(id) >= 35 && number(id) < 41 },
  {
    where: "l > 700000000000000000",
    keeps: ({ l }) => !isNull(l) && (l as bigint) > 700_000_000_000_000_000n,
  },
  { where: "l = 9223372036854775807", keeps: ({ l }) => l === 2n ** 63n - 1n },
  { where: "d = 0", keeps: ({ d }) => number(d) === 0 },
  { where: "d < -4.5", keeps: ({ d }) => number(d) < -4.5 },
  { where: `c > 'c${"é".repeat(40)}4'`, keeps: ({ c }) => isAfter(text(c), `c${"é".repeat(40)}4`) },
  { where: `c = 'h${"é".repeat(40)}9'`, keeps: ({ c }) => c === `h${"é".repeat(40)}9` },
  { where: "c = ''", keeps: ({ c }) => c === "" },
  { where: `c > '${"z".repeat(31)}'`, keeps: ({ c }) => isAfter(text(c), "z".repeat(31)) },
  { where: "y >= CAST('2024-03-20' AS DATE)", keeps: ({ y }) => isAfter(text(y), "2024-03-19") },
  { where: "y = CAST('0001-01-01' AS DATE)", keeps: ({ y }) => y === "0001-01-01" },
  { where: "e > 75", keeps: ({ e }) => number(e) > 75 },
  { where: "n IS NULL", keeps: ({ n }) => isNull(n) },
  { where: "n IS NOT NULL AND id < 15", keeps: ({ n, id }) => !isNull(n) && number(id) < 15 },
  { where: "c IS NULL", keeps: ({ c }) => isNull(c) },
  { where: "id IN (3, 77, 104)", keeps: ({ id }) => [3, 77, 104].includes(number(id)) },
  { where: "id = 1000", keeps: () => false },
];

async function assertFiltered(
  { engine, location }: CheckContext,
  table: DeltaTable,
  rows: readonly InputRow[],
  filters: readonly Filter[],
): Promise<void> {
  const { schema } = await table.refresh();
  for (const { where, keeps } of filters) {
    const expected = plainRows(schema, rows.filter(keeps));
    assert.deepEqual(plainRows(schema, await allRows(table.scan({ where }))), expected, where);
    const { rows: seen } = await engine.read(location, { where });
    assert.deepEqual(sortedRows(seen), expected, `${engine.name} where ${where}`);
  }
}

async function filtered(context: CheckContext): Promise<void> {
  const { location } = context;
  const table = await createTable({ location, schema: parseColumnList(COLUMNS) });
  const files = loads();
  for (const rows of files) await table.appendRows(rows);
  await assertFiltered(context, table, files.flat(), FILTERS);
  const { engine } = context;
  if (engine.name === "spark" || engine.name === "duckdb") {
    const nested = {
      where: "o.x = 17",
      keeps: ({ id }: Readonly<Record<string, unknown>>) => id === 17,
    };
    await assertFiltered(context, table, files.flat(), [nested]);
  }
}

/** Statistics hold milliseconds: the last microseconds of a file must not be skipped. */
async function filteredByTime(context: CheckContext): Promise<void> {
  const { location, engine } = context;
  const table = await createTable({ location, schema: parseColumnList("id INT, m TIMESTAMP") });
  const base = 1_709_164_800_123_000n;
  const rows = [-1n, 0n, 1n, 999n, 1000n].map((micros, id) => ({ id, m: base + micros }));
  for (const row of rows) await table.appendRows([row]);
  const type = engine.name === "duckdb" ? "TIMESTAMPTZ" : "TIMESTAMP";
  const literal = (micros: string): string =>
    `m >= CAST('2024-02-29 00:00:00.${micros}+00:00' AS ${type})`;
  for (const [micros, first] of [
    ["122999", 0],
    ["123000", 1],
    ["123001", 2],
    ["123999", 3],
    ["124000", 4],
    ["124001", 5],
  ] as const) {
    const { rows: seen } = await engine.read(location, { where: literal(micros), columns: ["id"] });
    assert.deepEqual(
      sortedRows(seen),
      sortedRows(rows.slice(first).map(({ id }) => [String(id)])),
      `from .${micros}`,
    );
  }
}

async function filteredAfterMaintenance(context: CheckContext): Promise<void> {
  const { location } = context;
  const table = await createTable({
    location,
    schema: parseColumnList(COLUMNS),
    properties: { "delta.checkpoint.writeStatsAsStruct": "true" },
  });
  const files = loads();
  for (const rows of files) await table.appendRows(rows);
  await table.optimize({ targetFileBytes: 4000, minFileBytes: 4000 });
  await table.checkpoint();
  await assertFiltered(context, table, files.flat(), FILTERS);
}

export const STATISTICS_CHECKS: readonly Check[] = [
  { name: "filters skip no row by our statistics", engines: READERS, run: filtered },
  {
    name: "filters by microseconds skip no row",
    engines: READERS,
    unable: { polars: "its SQL has no timestamps with a time zone" },
    run: filteredByTime,
  },
  {
    name: "filters after optimize and checkpoint",
    engines: READERS,
    run: filteredAfterMaintenance,
  },
];
