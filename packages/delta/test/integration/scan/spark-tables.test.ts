// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { readBlocks, storedFieldsOf } from "../../../src/scan/read-blocks.ts";
import type { DataType, StructType } from "../../../src/schema/types.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { plainValueOf } from "../../support/plain-values.ts";
import { runSpark, skipWithoutSpark } from "../../support/python.ts";
import { allRows } from "../../support/table-checks.ts";
import { rowsOfFile } from "../../support/memory-file.ts";

interface Reading {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const TABLES = [
  "deletion_vectors",
  "mapping_name",
  "mapping_id",
  "partitions",
  "type_widening",
  "variant",
  "old_forms",
  "nested",
] as const;

describe("tables that Spark makes", { skip: skipWithoutSpark }, () => {
  let directory = "";
  let readings: Readonly<Record<string, Reading>> = {};

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "sluice-spark-"));
    const output = runSpark("delta/spark_tables.py", directory);
    readings = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as typeof readings;
  });

  after(async () => rm(directory, { recursive: true, force: true }));

  for (const name of TABLES) {
    test(`are read as Spark reads them: ${name}`, async () => {
      const table = await openTable(join(directory, name));
      const reading = readings[name] as Reading;
      const { schema } = table.snapshot();
      assert.deepEqual(
        schema.fields.map((field) => field.name),
        reading.columns,
      );
      const own = (await allRows(table.scan())).map((row) =>
        schema.fields.map((field) => plainValueOf(row[field.name], field.type)),
      );
      assert.equal(own.length, await table.countRows());
      assert.deepEqual(sorted(own), sorted(reading.rows).map(withIsoTimestamps));
    });

    test(`are the same after their blocks have been written again: ${name}`, async () => {
      await assertRewritten(await openTable(join(directory, name)), join(directory, name));
    });
  }

  test("take our rows where Spark has widened the types, and Spark reads them", async () => {
    const table = await openTable(join(directory, "type_widening"));
    const { schema } = table.snapshot();
    const rows = await allRows(table.scan());
    assert.equal((await table.appendRows(rows)).kind, "committed");
    const column = "id";
    const widened = await table.alter({ kind: "changeType", column, type: "decimal(12,2)" });
    assert.equal(widened.kind, "committed");
    assert.deepEqual(table.snapshot().schema.fields.slice(1), schema.fields.slice(1));
    const own = (await allRows(table.scan())).map((row) =>
      table.snapshot().schema.fields.map(({ name, type }) => plainValueOf(row[name], type)),
    );
    assert.equal(own.length, rows.length * 2);
    const output = runSpark("delta/spark_features.py", directory, "type_widening");
    const lastLine = output.trimEnd().split("\n").at(-1) ?? "";
    const { type_widening: reading } = JSON.parse(lastLine) as Record<
      string,
      Pick<Reading, "rows">
    >;
    assert.deepEqual(sorted(reading?.rows ?? []), sorted(own));
  });
});

/** Writes the blocks of each file to a file of ours and compares what both hold. */
async function assertRewritten(table: DeltaTable, location: string): Promise<void> {
  const snapshot = table.snapshot();
  const schema: StructType = { type: "struct", fields: storedFieldsOf(snapshot) };
  const columns = schema.fields.map(({ name }) => name);
  const rewritten: unknown[][] = [];
  for (const file of snapshot.files) {
    const encoder = new ParquetFileEncoder(schema, { compression: "uncompressed" });
    const parts: Uint8Array[] = [];
    for await (const block of readBlocks(new LocalStore(location), file, snapshot)) {
      parts.push(...encoder.addRowGroup(block));
    }
    const bytes = Buffer.concat([...parts, ...encoder.finish().tail]);
    for (const row of await rowsOfFile(bytes, schema)) rewritten.push(row);
  }
  const original = (await allRows(table.scan({ columns }))).map((row) =>
    columns.map((name) => row[name]),
  );
  const plain = (rows: readonly (readonly unknown[])[]): string[] =>
    sorted(
      rows.map((row) => row.map((value, index) => plainValueOf(value, typeAt(schema, index)))),
    );
  assert.deepEqual(plain(rewritten), plain(original));
}

/** In variants, Spark puts a space between day and time, and an offset behind it; ours are as ISO 8601 has them. */
function withIsoTimestamps(row: string): string {
  return row.replace(/(\\"\d{4}-\d\d-\d\d) (\d\d:[\d:.]+)(\+00:00)?/g, (_, day, time, offset) => {
    return `${String(day)}T${String(time)}${offset === undefined ? "" : "Z"}`;
  });
}

function typeAt(schema: StructType, index: number): DataType {
  return (schema.fields[index] as (typeof schema.fields)[number]).type;
}

/** In an order of their own: each engine takes files in its own order. */
function sorted(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}
