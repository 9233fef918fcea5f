// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { readBlocks, storedFieldsOf } from "../../../src/scan/read-blocks.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { MadeTable } from "../../support/made-table.ts";
import { rowsOfFile } from "../../support/memory-file.ts";
import { allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import { readerCases } from "../parquet/support/cases.ts";

/** The rows of a table's files after their blocks have been written again. */
async function rewrittenRows(location: string): Promise<unknown[]> {
  const snapshot = (await openTable(location)).snapshot();
  const schema: StructType = { type: "struct", fields: storedFieldsOf(snapshot) };
  const rows: unknown[] = [];
  for (const file of snapshot.files) {
    const encoder = new ParquetFileEncoder(schema, { compression: "uncompressed" });
    const parts: Uint8Array[] = [];
    for await (const block of readBlocks(new LocalStore(location), file, snapshot)) {
      parts.push(...encoder.addRowGroup(block));
    }
    const bytes = Buffer.concat([...parts, ...encoder.finish().tail]);
    for (const values of await rowsOfFile(bytes, schema)) {
      rows.push(Object.fromEntries(schema.fields.map(({ name }, index) => [name, values[index]])));
    }
  }
  return rows;
}

describe("blocks of data files", () => {
  for (const { name, schema, rowGroups } of readerCases()) {
    test(`are written again as they were: ${name}`, async (context) => {
      const made = new MadeTable(await temporaryDirectory(context), schema);
      made.commit([await made.file(rowGroups)]);
      const table = await openTable(made.location);
      assert.deepEqual(await rewrittenRows(made.location), await allRows(table.scan()));
    });
  }

  test("are null where the file lacks a column, and refuse that in a NOT NULL one", async (context) => {
    const stored = parseColumnList("id BIGINT");
    const rows = [[[1n, null, 3n]]];
    const wider = parseColumnList("a STRING, id BIGINT, b ARRAY<STRUCT<x: INT, v: VARIANT>>");
    const made = new MadeTable(await temporaryDirectory(context), wider);
    made.commit([await made.file(rows, {}, stored)]);
    assert.deepEqual(await rewrittenRows(made.location), [
      { a: null, id: 1n, b: null },
      { a: null, id: null, b: null },
      { a: null, id: 3n, b: null },
    ]);
    for (const columns of [
      "id BIGINT NOT NULL",
      "id BIGINT, c STRING NOT NULL",
      "id BIGINT, d ARRAY<INT> NOT NULL",
    ]) {
      const strict = new MadeTable(await temporaryDirectory(context), parseColumnList(columns));
      const file = await strict.file(rows, {}, stored);
      strict.commit([file]);
      await rejectsWith(
        rewrittenRows(strict.location),
        "data_loss",
        new RegExp(`${file.add.path}.*null that the table does not allow in the column "[icd]`),
      );
    }
  });
});
