// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { sqlOfField } from "../../../src/schema/sql-type.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import type { Row } from "../../../src/scan/row.ts";
import type { ColumnValues } from "../parquet/support/blocks.ts";
import { hexOf } from "../../support/plain-values.ts";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "../../support/python.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory, writeDataFile } from "../../support/table-files.ts";

const EVERY_TYPE = parseColumnList(
  "id BIGINT NOT NULL, name STRING, at TIMESTAMP, day DATE, score DOUBLE, ok BOOLEAN NOT NULL, n INT, f FLOAT, raw BINARY",
);
const PLAIN = parseColumnList("id BIGINT, name STRING, at TIMESTAMP, day DATE");

/** What the engines agreed on. */
interface Reading {
  readonly version: number;
  readonly protocol: readonly number[];
  readonly schema: StructType;
  readonly name: string | null;
  readonly configuration: Record<string, string>;
  readonly operations: readonly string[];
  readonly adds: readonly Record<string, unknown>[];
  readonly rows: Readonly<Record<"deltalake" | "polars" | "duckdb", readonly unknown[][]>>;
}

function read(location: string): Reading {
  return JSON.parse(runPython("delta/read_table.py", location)) as Reading;
}

interface SparkReading {
  readonly schema: StructType;
  readonly count: number;
  readonly rows: readonly unknown[][];
  readonly operations: readonly string[];
}

/** Rows in an order of their own, since each engine takes the files in its own order. */
function sorted(rows: readonly unknown[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

async function ownRows(table: DeltaTable): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const row of table.scan()) rows.push(plainRow(table.snapshot().schema, row));
  return rows;
}

/** A row in the form that `read_table.py` prints. */
function plainRow(schema: StructType, row: Row): unknown[] {
  return schema.fields.map(({ name, type }) => {
    const value = row[name];
    if (typeof value === "bigint") return type === "timestamp" ? `${value}us` : String(value);
    if (typeof value === "number") return type === "integer" ? String(value) : hexOf(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
  });
}

async function assertEnginesAgree(location: string, table: DeltaTable): Promise<Reading> {
  const reading = read(location);
  const own = sorted(await ownRows(table));
  assert.equal(reading.version, table.snapshot().version);
  assert.equal(await table.countRows(), own.length);
  for (const engine of ["deltalake", "polars", "duckdb"] as const) {
    assert.deepEqual(sorted(reading.rows[engine]), own, engine);
  }
  return reading;
}

function manyRows(count: number, from: number): ColumnValues {
  const ids = Array.from({ length: count }, (_, index) => from + index);
  return [
    ids.map(BigInt),
    ids.map((id) => (id % 7 === 0 ? null : `name ${id % 100} é`)),
    ids.map((id) => (id % 5 === 0 ? null : 1_600_000_000_000_000n + BigInt(id) * 1_000_001n)),
    ids.map((id) => (id % 11 === 0 ? null : id - 500)),
    ids.map((id) => (id % 3 === 0 ? null : id / 7)),
    ids.map((id) => id % 2 === 0),
    ids.map((id) => (id % 13 === 0 ? null : -id)),
    ids.map((id) => id * 0.5),
    ids.map((id) => (id % 4 === 0 ? null : Uint8Array.of(id & 255, 0))),
  ];
}

function isPartitionRefusal(error: unknown): boolean {
  return (
    error instanceof DeltaError && error.code === "unsupported" && /partition/.test(error.message)
  );
}

describe("independent engines", { skip: skipWithoutPython }, () => {
  test("read every value of a table that we wrote", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: EVERY_TYPE,
      name: "every type",
      properties: { "delta.appendOnly": "true", mine: "x" },
    });
    const files = [
      await writeDataFile(location, EVERY_TYPE, [manyRows(1000, 0), manyRows(500, 1000)]),
      await writeDataFile(location, EVERY_TYPE, [
        [
          [2n ** 63n - 1n, -(2n ** 63n)],
          ["", null],
          [-1n, null],
          [-719_162, null],
          [-0, null],
          [true, false],
          [2 ** 31 - 1, null],
          [0, null],
          [new Uint8Array(), null],
        ],
      ]),
    ];
    await table.append({ files, txn: { appId: "log", version: 7 } });
    await table.append({ files: [await writeDataFile(location, EVERY_TYPE, [manyRows(3, 5000)])] });
    const reading = await assertEnginesAgree(location, table);
    assert.deepEqual(reading.protocol, [1, 2]);
    assert.deepEqual(reading.schema, EVERY_TYPE);
    assert.equal(reading.name, "every type");
    assert.deepEqual(reading.configuration, { "delta.appendOnly": "true", mine: "x" });
    assert.deepEqual(reading.operations, ["WRITE", "STREAMING UPDATE", "CREATE TABLE"]);
    const big = reading.adds.find((add) => add["num_records"] === "2");
    assert.equal(big?.["max.id"], String(2n ** 63n - 1n));
    assert.equal(big?.["min.id"], String(-(2n ** 63n)));
    assert.equal(big?.["null_count.name"], "1");
  });

  test("read an empty table", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT, `ä-b` STRING COMMENT 'c'"),
    });
    await assertEnginesAgree(location, table);
  });

  test("write tables that we read", async (context) => {
    const location = await temporaryDirectory(context);
    runPython("delta/write_table.py", location, "create");
    const table = await openTable(location);
    assert.equal(await table.countRows(), 4);
    await assertEnginesAgree(location, table);
    runPython("delta/write_table.py", location, "append", "txn", "delete");
    await table.refresh();
    assert.deepEqual(table.snapshot().txns.get("other-app")?.version, 7);
    await assertEnginesAgree(location, table);
    runPython("delta/write_table.py", location, "overwrite");
    await table.refresh();
    assert.equal(await table.countRows(), 2);
    await assertEnginesAgree(location, table);
  });

  test("append in turns with us", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: PLAIN });
    for (let round = 0; round < 3; round += 1) {
      const file = await writeDataFile(location, PLAIN, [manyRows(10, round * 10).slice(0, 4)]);
      const result = await table.append({ files: [file], txn: { appId: "log", version: round } });
      assert.deepEqual(result, { kind: "committed", version: round * 2 + 1 });
      runPython("delta/write_table.py", location, "append");
    }
    await table.refresh();
    assert.equal(await table.countRows(), 36);
    await assertEnginesAgree(location, table);
  });

  test("leave checkpoints that we start from, also when the commits before them are gone", async (context) => {
    const location = await temporaryDirectory(context);
    runPython("delta/write_table.py", location, "create", "txn", "delete", "checkpoint");
    const stale = await openTable(location);
    const before = await ownRows(stale);
    for (const name of [
      "00000000000000000000.json",
      "00000000000000000001.json",
      "00000000000000000002.json",
    ]) {
      unlinkSync(join(location, "_delta_log", name));
    }
    const table = await openTable(location);
    assert.equal(table.snapshot().version, 3);
    assert.deepEqual(await ownRows(table), before);
    assert.equal(table.snapshot().txns.get("other-app")?.version, 7);
    assert.deepEqual(table.snapshot().metadata, stale.snapshot().metadata);
    await assertEnginesAgree(location, table);
    const file = await writeDataFile(location, PLAIN, [manyRows(10, 1000).slice(0, 4)]);
    assert.deepEqual(await table.append({ files: [file], writtenFor: stale.snapshot() }), {
      kind: "committed",
      version: 4,
    });
    await stale.refresh();
    await assertEnginesAgree(location, stale);
  });

  test("move a table on past what an old snapshot knows", async (context) => {
    const location = await temporaryDirectory(context);
    runPython("delta/write_table.py", location, "create");
    const table = await openTable(location);
    runPython("delta/write_table.py", location, "append", "checkpoint");
    const log = join(location, "_delta_log");
    for (const name of readdirSync(log))
      if (/^0{19}[01]\.json$/.test(name)) unlinkSync(join(log, name));
    unlinkSync(join(log, "00000000000000000002.json"));
    assert.equal((await table.refresh()).version, 2);
    await assertEnginesAgree(location, table);
  });

  test("make partitioned tables, which we read and refuse to append to", async (context) => {
    const location = await temporaryDirectory(context);
    runPython("delta/write_table.py", location, "partition");
    const table = await openTable(location);
    await assertEnginesAgree(location, table);
    assert.deepEqual(await allRows(table.scan({ columns: ["id"], where: "name = 'row 2'" })), [
      { id: 2n },
    ]);
    const file = await writeDataFile(location, PLAIN, [manyRows(1, 1).slice(0, 4)]);
    await assert.rejects(table.append({ files: [file] }), isPartitionRefusal);
  });
});

describe("Spark", { skip: skipWithoutSpark }, () => {
  test("reads every value of a table that we wrote, and appends what we read", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList(
      `${EVERY_TYPE.fields.map(sqlOfField).join(", ")}, code VARCHAR(5)`,
    );
    const table = await createTable({ location, schema });
    const codes = Array.from({ length: 100 }, (_, id) => (id % 2 === 0 ? null : `c${id}`));
    const file = await writeDataFile(location, schema, [[...manyRows(100, 0), codes]]);
    await table.append({ files: [file], txn: { appId: "log", version: 3 } });
    const own = sorted(await ownRows(table));
    const lastLine =
      runSpark("delta/spark_round_trip.py", location).trimEnd().split("\n").at(-1) ?? "";
    const reading = JSON.parse(lastLine) as SparkReading;
    assert.equal(reading.count, 100);
    assert.deepEqual(sorted(reading.rows), own);
    assert.deepEqual(reading.operations, ["STREAMING UPDATE", "CREATE TABLE"]);
    assert.deepEqual(
      reading.schema.fields.map(({ name }) => name),
      schema.fields.map(({ name }) => name),
    );
    await table.refresh();
    assert.equal(table.snapshot().version, 2);
    assert.equal(await table.countRows(), 200);
    assert.deepEqual(sorted(await ownRows(table)), [...own, ...own].toSorted());
  });
});
