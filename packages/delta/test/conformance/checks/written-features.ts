// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { StructField } from "../../../src/schema/types.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { assertReads, ownRows, plainRows } from "../agreement.ts";
import { type Check, type CheckContext, READERS } from "../check.ts";
import { EngineRefusal } from "../engine.ts";

function nullable(name: string, type: StructField["type"]): StructField {
  return { name, type, nullable: true, metadata: {} };
}

function mapped(columnMapping: "name" | "id"): Check["run"] {
  return async ({ engine, location }) => {
    const schema = parseColumnList(
      "p STRING, i INT, gone STRING, s STRUCT<a: INT, b: STRING, t: ARRAY<STRUCT<x: INT>>>",
    );
    const table = await createTable({ location, schema, columnMapping, partitionBy: ["p"] });
    await table.appendRows([
      { p: "v/=", i: 1, gone: "g", s: { a: 1, b: "one", t: [{ x: 1 }, null] } },
      { p: null, i: null, gone: null, s: null },
    ]);
    await table.alter({ kind: "renameColumn", column: "i", name: "a new, name" });
    await table.alter({ kind: "renameColumn", column: "p", name: "kind" });
    await table.alter({ kind: "renameColumn", column: ["s", "b"], name: "text" });
    await table.alter({ kind: "dropColumns", columns: ["gone", ["s", "a"]] });
    // The names of dropped columns again: the old values must not come back.
    await table.alter({
      kind: "addColumns",
      columns: [
        { field: nullable("gone", "string") },
        { parent: ["s"], field: nullable("a", "integer") },
      ],
    });
    await table.appendRows([
      { kind: "w", "a new, name": 2, gone: "new", s: { text: "two", t: [], a: 5 } },
    ]);
    await assertReads(engine, table, [
      {
        kind: "v/=",
        "a new, name": 1,
        gone: null,
        s: { text: "one", t: [{ x: 1 }, null], a: null },
      },
      { kind: null, "a new, name": null, gone: null, s: null },
      { kind: "w", "a new, name": 2, gone: "new", s: { text: "two", t: [], a: 5 } },
    ]);
  };
}

async function mappedLater({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({ location, schema: parseColumnList("a INT, s STRUCT<b: INT>") });
  await table.appendRows([{ a: 1, s: { b: 2 } }]);
  await table.alter({ kind: "setProperties", properties: { "delta.columnMapping.mode": "name" } });
  await table.alter({ kind: "renameColumn", column: "a", name: "z" });
  await table.appendRows([{ z: 5, s: null }]);
  await assertReads(engine, table, [
    { z: 1, s: { b: 2 } },
    { z: 5, s: null },
  ]);
}

async function constrained({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("a INT, b STRING, c DATE"),
    constraints: { positive: "a > 0" },
    defaults: { b: "'it\\'s'", c: "DATE '2024-02-29'" },
  });
  await table.appendRows([{ a: 1 }, { a: 2, b: null }]);
  await table.alter({
    kind: "addConstraint",
    name: "short",
    condition: "length(b) < 10 OR b IS NULL",
  });
  await table.alter({ kind: "setNotNull", column: "a" });
  await table.appendRows([{ a: 3, b: "x", c: null }]);
  await assertReads(engine, table, [
    { a: 1, b: "it's", c: "2024-02-29" },
    { a: 2, b: null, c: "2024-02-29" },
    { a: 3, b: "x", c: null },
  ]);
}

/** Spark heeds what we have written: takes what is right, fills in defaults, refuses the rest. */
async function enforced({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("a INT NOT NULL, b STRING"),
    constraints: { positive: "a > 0" },
    defaults: { b: "'d'" },
  });
  await table.appendRows([{ a: 1 }]);
  await engine.ask("sql", { location, statements: ["INSERT INTO TABLE_ (a) VALUES (2)"] });
  for (const value of ["0", "NULL"]) {
    const statements = [`INSERT INTO TABLE_ (a) VALUES (${value})`];
    await assert.rejects(engine.ask("sql", { location, statements }), EngineRefusal);
  }
  await assertReads(engine, table, [
    { a: 1, b: "d" },
    { a: 2, b: "d" },
  ]);
}

async function inCommitTimestamps({ engine, location }: CheckContext): Promise<void> {
  // A clock that goes back: the times of versions must not.
  const times = [5000, 4000, 4000, 9000];
  const table = await createTable({
    location,
    schema: parseColumnList("id INT"),
    properties: { "delta.enableInCommitTimestamps": "true" },
    clock: () => times.shift() ?? 9001,
  });
  for (const id of [1, 2]) await table.appendRows([{ id }]);
  await assertReads(engine, table, [{ id: 1 }, { id: 2 }]);
  if (engine.name !== "spark") return;
  const history = (await engine.ask("history", { location })) as [string, string, string][];
  const own: string[] = [];
  for await (const { timestampMs } of table.history()) own.push(`${timestampMs * 1000}us`);
  assert.deepEqual(
    history.map(([, , timestamp]) => timestamp),
    own,
  );
  assert.ok(own.length === 3 && new Set(own).size === 3);
}

async function rowTracking({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("id INT"),
    properties: { "delta.enableRowTracking": "true" },
  });
  await table.appendRows([{ id: 10 }, { id: 11 }]);
  await table.appendRows([{ id: 12 }]);
  await table.alter({ kind: "addColumns", columns: [{ field: nullable("more", "string") }] });
  await table.appendRows([{ id: 13 }, { id: 14 }, { id: 15 }]);
  await assertReads(engine, table);
  if (engine.name !== "spark") return;
  const ids = async (): Promise<unknown[]> => {
    const seen = (await engine.ask("row_ids", { location, column: "id" })) as number[][];
    return seen.toSorted(([one = 0], [other = 0]) => one - other);
  };
  const before = [
    [10, 0, 1],
    [11, 1, 1],
    [12, 2, 2],
    [13, 3, 4],
    [14, 4, 4],
    [15, 5, 4],
  ];
  assert.deepEqual(await ids(), before);
  // Spark goes on from our high-water mark, and we from its.
  await engine.ask("sql", { location, statements: ["INSERT INTO TABLE_ VALUES (16, 'x')"] });
  await table.refresh();
  await table.appendRows([{ id: 17 }]);
  assert.deepEqual(await ids(), [...before, [16, 6, 5], [17, 7, 6]]);
}

async function evolution({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("id INT, s STRUCT<a: INT>, l ARRAY<STRUCT<x: INT>>"),
  });
  await table.appendRows([
    { id: 1, s: { a: 1 }, l: [{ x: 1 }, null] },
    { id: 2, s: null, l: null },
  ]);
  await table.alter({
    kind: "addColumns",
    columns: [
      { field: nullable("d", "decimal(20,3)") },
      { parent: ["s"], field: nullable("b", "string") },
    ],
  });
  await table.alter({
    kind: "addColumns",
    columns: [{ parent: ["l", "element"], field: nullable("y", "date") }],
  });
  await table.appendRows([
    { id: 3, s: { a: null, b: "x" }, l: [{ x: null, y: "2024-02-29" }], d: "1.500" },
  ]);
  await assertReads(engine, table, [
    { id: 1, s: { a: 1, b: null }, l: [{ x: 1, y: null }, null], d: null },
    { id: 2, s: null, l: null, d: null },
    { id: 3, s: { a: null, b: "x" }, l: [{ x: null, y: "2024-02-29" }], d: "1.500" },
  ]);
}

async function clustered({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("a INT, b STRING, s STRUCT<c: INT>"),
    clusterBy: ["b", ["s", "c"]],
    properties: {
      "delta.dataSkippingNumIndexedCols": "1",
      "delta.parquet.compression.codec": "gzip",
    },
  });
  await table.appendRows([{ a: 1, b: "x", s: { c: 1 } }, { a: 2 }]);
  await assertReads(engine, table, [
    { a: 1, b: "x", s: { c: 1 } },
    { a: 2, b: null, s: null },
  ]);
}

/** The engine appends what it has read; the rows are there twice then, for it and for us. */
async function appendsToFeatures({ engine, location }: CheckContext): Promise<void> {
  const table = await createTable({
    location,
    schema: parseColumnList("p STRING, i INT NOT NULL, c STRING, s STRUCT<a: INT>"),
    partitionBy: ["p"],
    constraints: { positive: "i > 0" },
    properties: { "delta.enableInCommitTimestamps": engine.name === "spark" ? "true" : "false" },
  });
  const rows = [
    { p: "a/b %=é", i: 1, c: "x", s: { a: 1 } },
    { p: null, i: 2, c: null, s: null },
  ];
  await table.appendRows(rows);
  await engine.ask("append_copy", { location });
  await assertReads(engine, table, [...rows, ...rows]);
  assert.deepEqual(await ownRows(location), plainRows(table.snapshot().schema, [...rows, ...rows]));
}

const NO_MAPPING = { polars: "Polars does not support column mapping" } as const;

export const FEATURE_CHECKS: readonly Check[] = [
  {
    name: "column mapping by name, renamed and dropped",
    engines: READERS,
    unable: NO_MAPPING,
    run: mapped("name"),
  },
  {
    name: "column mapping by id, renamed and dropped",
    engines: READERS,
    unable: NO_MAPPING,
    run: mapped("id"),
  },
  { name: "column mapping begun later", engines: READERS, unable: NO_MAPPING, run: mappedLater },
  { name: "CHECK, NOT NULL, defaults", engines: READERS, run: constrained },
  { name: "CHECK, NOT NULL and defaults are heeded", engines: ["spark"], run: enforced },
  { name: "in-commit timestamps", engines: READERS, run: inCommitTimestamps },
  { name: "row tracking", engines: READERS, run: rowTracking },
  { name: "schema evolution", engines: READERS, run: evolution },
  { name: "clustering, gzip, few statistics", engines: READERS, run: clustered },
  {
    name: "appends what it reads to our table",
    engines: ["deltalake", "spark"],
    run: appendsToFeatures,
  },
];
