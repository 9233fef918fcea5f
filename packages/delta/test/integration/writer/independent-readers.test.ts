// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import type { Row } from "../../../src/scan/row.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { plainValueOf } from "../../support/plain-values.ts";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "../../support/python.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import { FEATURE_TABLES, makeFeatureTable } from "./support/feature-tables.ts";

interface Reading {
  readonly deltalake: readonly unknown[][];
  /** `null` where files do not hold all columns by their names. */
  readonly duckdb: readonly unknown[][] | null;
}

interface SparkReading {
  readonly rows: readonly unknown[][];
  readonly rowIds: readonly (readonly number[])[] | null;
  readonly operations: readonly string[];
}

/** Features that delta-rs does not read, and a type of which it gives only the bytes. */
const NOT_FOR_DELTA_RS: ReadonlySet<string> = new Set(["v2Checkpoint", "variant", "widened"]);

function plainRow({ fields }: StructType, row: Row): unknown[] {
  return fields.map(({ name, type }) => {
    const value = plainValueOf(row[name], type);
    return type === "variant" && typeof value === "string" ? JSON.parse(value) : value;
  });
}

/** Rows in an order of their own, since each engine takes the files in its own order. */
function sortedRows(rows: readonly unknown[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

async function ownRows(table: DeltaTable): Promise<string[]> {
  const rows: unknown[][] = [];
  for await (const row of table.scan()) rows.push(plainRow(table.snapshot().schema, row));
  return sortedRows(rows);
}

async function madeTables(
  directory: string,
  names: readonly string[],
): Promise<readonly (readonly [name: string, table: DeltaTable])[]> {
  const made: (readonly [string, DeltaTable])[] = [];
  for (const name of names) made.push([name, await makeFeatureTable(directory, name)]);
  return made;
}

describe("delta-rs and DuckDB", { skip: skipWithoutPython }, () => {
  test("read every value of tables that use features of the protocol", async (context) => {
    const directory = await temporaryDirectory(context);
    const names = Object.keys(FEATURE_TABLES).filter((name) => !NOT_FOR_DELTA_RS.has(name));
    const tables = await madeTables(directory, names);
    const printed = runPython("delta/read_features.py", directory, ...names);
    const readings = JSON.parse(printed) as Record<string, Reading>;
    let duckdbCount = 0;
    for (const [name, table] of tables) {
      const own = await ownRows(table);
      assert.ok(own.length > 0, name);
      assert.deepEqual(sortedRows(readings[name]?.deltalake ?? []), own, name);
      const duckdb = readings[name]?.duckdb ?? null;
      if (duckdb === null) continue;
      duckdbCount += 1;
      assert.deepEqual(sortedRows(duckdb), own, `${name} in DuckDB`);
    }
    assert.ok(duckdbCount >= 5, "DuckDB has read tables too");
  });
});

describe("Spark", { skip: skipWithoutSpark }, () => {
  test("reads every value of tables that use features of the protocol, and appends to them", async (context) => {
    const directory = await temporaryDirectory(context);
    const names = Object.keys(FEATURE_TABLES);
    const tables = await madeTables(directory, names);
    const before = new Map<string, string[]>();
    for (const [name, table] of tables) before.set(name, await ownRows(table));
    const printed = runSpark("delta/spark_features.py", directory, ...names);
    const lastLine = printed.trimEnd().split("\n").at(-1) ?? "";
    const readings = JSON.parse(lastLine) as Record<string, SparkReading>;
    for (const [name, table] of tables) {
      const own = before.get(name) ?? [];
      assert.deepEqual(sortedRows(readings[name]?.rows ?? []), own, name);
      const after = await ownRows(await openTable(table.location));
      assert.deepEqual(after, [...own, ...own].toSorted(), `${name} with what Spark has appended`);
    }
    assert.deepEqual(readings["tracked"]?.rowIds?.toSorted(byFirst), [
      [0, 1],
      [1, 2],
      [2, 2],
    ]);
    assert.deepEqual(readings["trackedLater"]?.rowIds?.toSorted(byFirst), [
      [0, 2],
      [1, 2],
    ]);
    assert.deepEqual(readings["checked"]?.operations, [
      "CHANGE COLUMN",
      "ADD CONSTRAINT",
      "WRITE",
      "CREATE TABLE",
    ]);
  });
});

function byFirst([left = 0]: readonly number[], [right = 0]: readonly number[]): number {
  return left - right;
}
