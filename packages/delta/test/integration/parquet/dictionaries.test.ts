// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type ColumnMetaData, type FileMetaData, parquetMetadata, parquetRead } from "hyparquet";
import type { ColumnBlock } from "../../../src/columns/column-block.ts";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { blockOf, encodeFile, field, schemaOf, type Value } from "./support/blocks.ts";
import { type ReaderCase, readerCases } from "./support/cases.ts";

const UNCOMPRESSED = { compression: "uncompressed" } as const;

describe("dictionaries in written files", () => {
  it("are where they pay, in each row group anew", () => {
    assert.deepEqual(hasDictionary("dictionaries"), [
      [true, true, true, false, true, true, true, false],
      [false, false, false, false, false, false, false, false],
      [true, true, true, false, true, true, true, true],
    ]);
    assert.ok(hasDictionary("bit widths").every(([isDictionary]) => isDictionary));
  });

  it("are said in the footer, with where they are", () => {
    const schema = schemaOf(field("c", "string", true));
    const values = Array.from({ length: 300 }, (_, row) => (row % 5 === 0 ? null : `v${row % 3}`));
    const { bytes } = encodeFile(schema, [[values]], { ...UNCOMPRESSED, pageRows: 100 });
    const column = chunkOf(metadataOf(bytes));
    assert.deepEqual(column?.encodings, ["PLAIN", "RLE", "RLE_DICTIONARY"]);
    assert.deepEqual(column?.encoding_stats, [
      { page_type: "DICTIONARY_PAGE", encoding: "PLAIN", count: 1 },
      { page_type: "DATA_PAGE", encoding: "RLE_DICTIONARY", count: 3 },
    ]);
    assert.equal(column?.dictionary_page_offset, 4n);
    assert.ok((column?.data_page_offset ?? 0n) > 4n + 3n * 6n);
    assert.equal(column?.num_values, 300n);
    const { min_value: min, max_value: max, null_count: nulls } = column?.statistics ?? {};
    assert.deepEqual([min, max, nulls], ["v0", "v2", 60n]);
  });

  it("make a row group smaller than the same with plain values", () => {
    const schema = schemaOf(field("c", "string", false));
    const values = Array.from({ length: 1000 }, (_, row) => `device ${row % 50}`);
    const options = { ...UNCOMPRESSED, pageRows: 1000 };
    const withDictionary = encodeFile(schema, [[values]], options).bytes.length;
    // A dictionary is no longer than a page may be.
    const plain = encodeFile(schema, [[values]], { ...options, pageBytes: 100 }).bytes.length;
    assert.ok(withDictionary < plain / 5, `${withDictionary} and ${plain} bytes`);
  });

  it("give back any rows of few values, in any pages", async () => {
    const pages = fc.record({
      pageRows: fc.integer({ min: 1, max: 200 }),
      pageBytes: fc.integer({ min: 200, max: 2000 }),
    });
    const text = fc.string({ unit: "binary", maxLength: 12 });
    const rows = fc
      .uniqueArray(text, { minLength: 1, maxLength: 12 })
      .chain((pool) => fc.array(fc.constantFrom(null, ...pool), { minLength: 1, maxLength: 400 }));
    const schema = schemaOf(field("c", "string", true));
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rows, { minLength: 1, maxLength: 3 }),
        pages,
        async (groups, limits) => {
          const rowGroups = groups.map((values) => [values]);
          const { bytes } = encodeFile(schema, rowGroups, { ...UNCOMPRESSED, ...limits });
          if (chunkOf(metadataOf(bytes))?.dictionary_page_offset !== undefined) found++;
          assert.deepEqual(await firstColumn(bytes), groups.flat());
        },
      ),
      { numRuns: 100 },
    );
    assert.ok(found > 0, "no dictionary at all");
  });

  it("serve the elements of arrays too", async () => {
    const rows = Array.from({ length: 500 }, (_, row) =>
      Array.from({ length: row % 4 }, (__, index) => `element ${(row + index) % 10}`),
    );
    const encoder = new ParquetFileEncoder(
      schemaOf(field("c", { type: "array", elementType: "string", containsNull: true }, true)),
      { ...UNCOMPRESSED, pageRows: 60 },
    );
    const parts = encoder.addRowGroup(arrayBlock(rows));
    const bytes = Buffer.concat([...parts, ...encoder.finish().tail]);
    const column = chunkOf(metadataOf(bytes));
    assert.ok(column?.encodings.includes("RLE_DICTIONARY"));
    assert.equal(column?.statistics?.null_count, 125n);
    assert.equal(column?.statistics?.max_value, "element 9");
    assert.deepEqual(await firstColumn(bytes), rows);
  });
});

function hasDictionary(name: string): boolean[][] {
  const { schema, rowGroups, limits } = readerCases().find(
    (readerCase) => readerCase.name === name,
  ) as ReaderCase;
  const { bytes } = encodeFile(schema, rowGroups, { ...UNCOMPRESSED, ...limits });
  return metadataOf(bytes).row_groups.map(({ columns }) =>
    columns.map((column) => column.meta_data?.dictionary_page_offset !== undefined),
  );
}

function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(new Uint8Array(bytes).buffer);
}

function chunkOf(metadata: FileMetaData): ColumnMetaData | undefined {
  return metadata.row_groups[0]?.columns[0]?.meta_data;
}

async function firstColumn(bytes: Uint8Array): Promise<unknown[]> {
  const file = new Uint8Array(bytes).buffer;
  const values: unknown[] = [];
  await parquetRead({
    file: { byteLength: file.byteLength, slice: (start, end) => file.slice(start, end) },
    onComplete: (rows: readonly unknown[][]) => {
      for (const row of rows) values.push(row[0] ?? null);
    },
  });
  return values;
}

/** A column of arrays of strings, none of them null: level 1 is an empty array, level 3 an element. */
function arrayBlock(rows: readonly string[][]): ColumnBlock {
  const elements: Value[] = rows.flat();
  const [values] = blockOf(schemaOf(field("element", "string", false)), [elements]).columns;
  assert.ok(values?.kind === "bytes");
  const ends = (countOf: (row: readonly string[]) => number): Uint32Array => {
    let end = 0;
    return Uint32Array.from(rows, (row) => (end += countOf(row)));
  };
  const leaf = {
    values,
    definitions: Uint8Array.from(
      rows.flatMap((row) => (row.length === 0 ? [1] : row.map(() => 3))),
    ),
    repetitions: Uint8Array.from(
      rows.flatMap((row) => (row.length === 0 ? [0] : row.map((_, index) => Math.min(index, 1)))),
    ),
    entryEnds: ends((row) => Math.max(1, row.length)),
    valueEnds: ends((row) => row.length),
  };
  return {
    rowCount: rows.length,
    columns: [{ kind: "nested", validity: null, leaves: [leaf] }],
  };
}
