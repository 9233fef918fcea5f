// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TableChange } from "../../../../src/alter/table-change.ts";
import type { InputRow } from "../../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../../src/schema/column-list.ts";
import type { DataType } from "../../../../src/schema/types.ts";
import { createTable } from "../../../../src/table/create-table.ts";
import type { DeltaTable } from "../../../../src/table/delta-table.ts";
import type { NewTable } from "../../../../src/table/table-definition.ts";

/** A table that uses some feature: how it is made, and what is done to it. */
interface FeatureTable {
  readonly columns: string;
  readonly options?: Omit<NewTable, "schema">;
  readonly loads: readonly (readonly InputRow[])[];
  readonly changes?: readonly TableChange[];
  /** Written after the changes. */
  readonly lateRows?: readonly InputRow[];
}

const EVERY_TYPE =
  "t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, b BOOLEAN, c STRING, r BINARY, y DATE, m TIMESTAMP, " +
  "e DECIMAL(9,2), g DECIMAL(18,3), h DECIMAL(38,10), o STRUCT<p: INT, q: STRUCT<u: STRING>>, a ARRAY<ARRAY<INT>>, " +
  "w MAP<STRING, ARRAY<BIGINT>>";

function fullRow(k: number): InputRow {
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
    y: `2024-02-${10 + k}`,
    m: BigInt(k) * 1_000_001n,
    e: `${k}.25`,
    g: `-${k}.125`,
    h: `${k}.0123456789`,
    o: { p: k, q: { u: `u${k}` } },
    a: [[k, null], []],
    w: new Map([["k", [BigInt(k), null]]]),
  };
}

const MIXED: readonly InputRow[] = [fullRow(1), {}, fullRow(2)];

function mappedBy(columnMapping: "name" | "id"): FeatureTable {
  const added = { name: "added", type: "string", nullable: true, metadata: {} } as const;
  return {
    columns: EVERY_TYPE,
    options: { columnMapping, partitionBy: ["c"] },
    loads: [MIXED],
    changes: [
      { kind: "renameColumn", column: "i", name: "a new, name" },
      { kind: "dropColumns", columns: ["t", ["o", "p"]] },
      { kind: "addColumns", columns: [{ field: added }] },
    ],
    lateRows: [{ "a new, name": 7, added: "x", o: { q: { u: "z" } } }],
  };
}

function changeOfType(column: string | readonly string[], type: DataType): TableChange {
  return { kind: "changeType", column, type };
}

export const FEATURE_TABLES: Readonly<Record<string, FeatureTable>> = {
  every: { columns: EVERY_TYPE, loads: [MIXED] },
  partitioned: {
    columns: EVERY_TYPE,
    options: { partitionBy: ["c", "y", "m", "e", "b", "i"] },
    loads: [MIXED, [fullRow(3)]],
  },
  mappedByName: mappedBy("name"),
  mappedById: mappedBy("id"),
  mappedLater: {
    columns: "a INT, s STRUCT<b: INT>",
    loads: [[{ a: 1, s: { b: 2 } }]],
    changes: [
      { kind: "setProperties", properties: { "delta.columnMapping.mode": "name" } },
      { kind: "renameColumn", column: "a", name: "z" },
    ],
    lateRows: [{ z: 5, s: null }],
  },
  checked: {
    columns: "a INT, b STRING",
    options: { constraints: { positive: "a > 0" }, defaults: { a: "7", b: "'x'" } },
    loads: [[{}, { a: 1, b: null }]],
    changes: [
      { kind: "addConstraint", name: "short", condition: "length(b) < 10 OR b IS NULL" },
      { kind: "setNotNull", column: "a" },
    ],
  },
  tracked: {
    columns: "a INT, b TIMESTAMP_NTZ",
    options: {
      properties: {
        "delta.enableRowTracking": "true",
        "delta.enableInCommitTimestamps": "true",
        "delta.enableDeletionVectors": "true",
        "delta.enableChangeDataFeed": "true",
      },
    },
    loads: [[{ a: 1, b: 5n }], [{ a: 2 }, { a: 3 }]],
  },
  trackedLater: {
    columns: "a INT",
    loads: [[{ a: 1 }, { a: 2 }]],
    changes: [
      {
        kind: "setProperties",
        properties: {
          "delta.enableRowTracking": "true",
          "delta.enableInCommitTimestamps": "true",
        },
      },
    ],
  },
  widened: {
    columns:
      "p INT, t TINYINT, i INT, l BIGINT, f FLOAT, x INT, y DATE, e DECIMAL(5,2), n INT, o STRUCT<p: INT>, a ARRAY<INT>, w MAP<STRING, SMALLINT>",
    options: {
      partitionBy: ["p"],
      properties: {
        "delta.enableTypeWidening": "true",
        "delta.checkpoint.writeStatsAsStruct": "true",
      },
    },
    loads: [
      [
        {
          p: 1,
          t: 127,
          i: -5,
          l: 2n ** 62n,
          f: Math.fround(0.1),
          x: 7,
          y: "2024-02-29",
          e: "123.45",
          n: -42,
          o: { p: 1 },
          a: [1, null],
          w: new Map([["k", 3]]),
        },
        {},
      ],
    ],
    changes: [
      changeOfType("p", "long"),
      changeOfType("t", "integer"),
      changeOfType("i", "long"),
      changeOfType("l", "decimal(22,1)"),
      changeOfType("f", "double"),
      changeOfType("x", "double"),
      changeOfType("y", "timestamp_ntz"),
      changeOfType("e", "decimal(30,10)"),
      changeOfType("n", "decimal(12,2)"),
      changeOfType(["o", "p"], "long"),
      changeOfType(["a", "element"], "long"),
      changeOfType(["w", "value"], "integer"),
    ],
    lateRows: [
      {
        p: 2n ** 40n,
        t: 70_000,
        i: 2n ** 62n,
        l: "123456789012345678901.5",
        f: 0.1,
        x: 0.5,
        y: 86_400_000_001n,
        e: "12345678901234567890.0123456789",
        n: "1234567890.12",
        o: { p: 2n ** 40n },
        a: [2n ** 40n],
        w: new Map([["k", 70_000]]),
      },
    ],
  },
  clustered: {
    columns: "a INT, b STRING, s STRUCT<c: INT>",
    options: {
      clusterBy: ["b", ["s", "c"]],
      properties: { "delta.dataSkippingNumIndexedCols": "1" },
    },
    loads: [[{ a: 1, b: "x", s: { c: 1 } }]],
  },
  gzip: {
    columns: "a INT, c STRING",
    options: { properties: { "delta.parquet.compression.codec": "gzip" } },
    loads: [Array.from({ length: 3000 }, (_, a) => ({ a, c: `text ${a % 50}` }))],
  },
  variant: {
    columns: "a INT, v VARIANT",
    loads: [
      [
        { a: 1, v: { k: [1, "x", null, 2.5, true, 2 ** 40], deep: { er: "y" } } },
        { a: 2, v: "text" },
        { a: 3 },
      ],
    ],
  },
  v2Checkpoint: {
    columns: "a INT",
    options: { properties: { "delta.checkpointPolicy": "v2" }, features: ["vacuumProtocolCheck"] },
    loads: [[{ a: 1 }]],
  },
};

/** Makes a table below a directory, by its name. */
export async function makeFeatureTable(directory: string, name: string): Promise<DeltaTable> {
  const made = FEATURE_TABLES[name];
  assert.ok(made !== undefined, name);
  const { columns, options = {}, loads, changes = [], lateRows } = made;
  const location = join(directory, name);
  const table = await createTable({ location, schema: parseColumnList(columns), ...options });
  for (const rows of loads) assert.equal((await table.appendRows(rows)).kind, "committed");
  for (const change of changes) assert.equal((await table.alter(change)).kind, "committed");
  if (lateRows !== undefined) await table.appendRows(lateRows);
  return table;
}
