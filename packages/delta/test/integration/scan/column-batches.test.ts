// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isoDateOf } from "../../../src/scan/calendar.ts";
import type { BatchColumn } from "../../../src/scan/scan-columns.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import type { ScanOptions } from "../../../src/scan/scan-options.ts";
import { MadeTable } from "../../support/made-table.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import { readerCases, type ReaderCase } from "../parquet/support/cases.ts";

/** The value that a row has for a slot of a batch. */
function rowValueAt({ type, values, validity }: BatchColumn, row: number): unknown {
  if (validity !== null && validity[row] === 0) return null;
  if (type === "boolean" && values instanceof Uint8Array) return values[row] === 1;
  if (type === "date" && values instanceof Int32Array) return isoDateOf(values[row] as number);
  return values[row];
}

async function rowsOfBatches(table: DeltaTable, options: ScanOptions): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const { rowCount, columns } of table.scanColumns(options)) {
    for (let row = 0; row < rowCount; row += 1) {
      rows.push(
        Object.fromEntries(columns.map((column) => [column.name, rowValueAt(column, row)])),
      );
    }
  }
  return rows;
}

describe("batches of columns", () => {
  test("hold the values that rows have", async (context) => {
    for (const name of ["many pages and row groups", "hostile names"]) {
      const { schema, rowGroups } = readerCases().find((one) => one.name === name) as ReaderCase;
      const made = new MadeTable(await temporaryDirectory(context), schema);
      made.commit([await made.file(rowGroups)]);
      const table = await openTable(made.location);
      for (const options of [{}, { limit: 705 }, { columns: [schema.fields[0]?.name ?? ""] }]) {
        assert.deepEqual(await rowsOfBatches(table, options), await allRows(table.scan(options)));
      }
    }
  });

  test("hold the rows that a condition keeps, its own columns too", async (context) => {
    const made = new MadeTable(
      await temporaryDirectory(context),
      {
        type: "struct",
        fields: [
          { name: "part", type: "date", nullable: true, metadata: {} },
          { name: "n", type: "integer", nullable: true, metadata: {} },
          { name: "t", type: "string", nullable: true, metadata: {} },
        ],
      },
      { partitionColumns: ["part"] },
    );
    const stored = { type: "struct", fields: made.schema.fields.slice(1) } as const;
    const columns = [
      [1, null, 3, 4, null, 6],
      ["a", "b", null, "d", "e", "f"],
    ];
    made.commit([
      await made.file([columns, columns], { partitionValues: { part: "2024-02-29" } }, stored),
      await made.file([columns], { partitionValues: { part: null } }, stored),
    ]);
    const table = await openTable(made.location);
    for (const where of [
      "n > 2",
      "t IS NULL OR n IS NULL",
      "part IS NULL",
      "part = DATE'2024-02-29'",
    ]) {
      const rows = await allRows(table.scan({ where }));
      assert.ok(rows.length > 0);
      assert.deepEqual(await rowsOfBatches(table, { where }), rows, where);
    }
  });
});
