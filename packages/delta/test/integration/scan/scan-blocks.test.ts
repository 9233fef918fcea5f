// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { createTable } from "../../../src/table/create-table.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import type { ScanOptions } from "../../../src/scan/scan-options.ts";
import { rowsOfFile } from "../../support/memory-file.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const SCHEMA = parseColumnList(
  "id BIGINT NOT NULL, day DATE, price DECIMAL(20,2), name STRING, tags ARRAY<STRING>, v VARIANT, part TIMESTAMP",
);

/** A table of two partitions in three versions, with nulls. */
async function partitionedTable(context: TestContext): Promise<DeltaTable> {
  const table = await createTable({
    location: await temporaryDirectory(context),
    schema: SCHEMA,
    partitionBy: ["day", "part"],
    columnMapping: "name",
  });
  for (let version = 0; version < 3; version += 1) {
    await table.appendRows([
      {
        id: BigInt(version * 2),
        day: "2024-01-31",
        price: "1234567890123456.70",
        name: `row ${version}`,
        tags: ["a", null],
        v: { a: [1, null] },
        part: BigInt(version),
      },
      { id: BigInt(version * 2 + 1), tags: [] },
    ]);
  }
  return table;
}

/** The rows of the blocks of a scan, after they have been a Parquet file. */
async function writtenRows(
  table: DeltaTable,
  options: ScanOptions,
): Promise<{ readonly rows: unknown[]; readonly blockCount: number }> {
  const { columns } = options;
  const all = table.snapshot().schema.fields;
  const chosen =
    columns === undefined ? all : columns.map((name) => all.find((field) => field.name === name));
  const schema: StructType = {
    type: "struct",
    fields: chosen.flatMap((field) =>
      field === undefined ? [] : [{ ...field, nullable: true, metadata: {} }],
    ),
  };
  const encoder = new ParquetFileEncoder(schema, { compression: "uncompressed" });
  const parts: Uint8Array[] = [];
  let blockCount = 0;
  for await (const block of table.scanBlocks(options)) {
    parts.push(...encoder.addRowGroup(block));
    blockCount += 1;
  }
  const bytes = Buffer.concat([...parts, ...encoder.finish().tail]);
  const rows = (await rowsOfFile(bytes, schema)).map((values) =>
    Object.fromEntries(schema.fields.map(({ name }, index) => [name, values[index]])),
  );
  return { rows, blockCount };
}

test("scans in blocks that make a file of the same rows, partition values among them", async (context) => {
  const table = await partitionedTable(context);
  const cases: readonly ScanOptions[] = [
    {},
    { columns: ["part", "v", "id"] },
    { where: "id > 1 AND day IS NOT NULL" },
    { where: "name LIKE 'row%'", columns: ["id"], limit: 2 },
    { limit: 3 },
    { limit: 0 },
    { version: 1 },
    { where: "id < 0" },
  ];
  for (const options of cases) {
    const { rows, blockCount } = await writtenRows(table, options);
    const expected = await allRows(table.scan(options));
    assert.deepEqual(rows, expected, JSON.stringify(options));
    // The files are small; a block of its own for each would make a row group of a row.
    assert.equal(blockCount, expected.length === 0 ? 0 : 1);
  }
});

test("counts the rows of a state, and those that meet a condition", async (context) => {
  const table = await partitionedTable(context);
  assert.equal(await table.countRows(), 6);
  assert.equal(await table.countRows({ version: 2 }), 4);
  assert.equal(await table.countRows({ where: "id >= 2" }), 4);
  assert.equal(await table.countRows({ where: "day = '2024-01-31'" }), 3);
  assert.equal(await table.countRows({ where: "day IS NULL", version: 1 }), 1);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(table.countRows({ signal }), /enough/);
  await assert.rejects(table.countRows({ signal, where: "id >= 2" }), /enough/);
});
