// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parquetMetadata, parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import {
  builtInZstdCompressor,
  createZstdCompressor,
  wasmZstdCompressor,
} from "../../../src/parquet/compressor.ts";
import type { ParquetFileOptions } from "../../../src/parquet/parquet-file-encoder.ts";
import { decimalOf } from "../../../src/schema/decimal.ts";
import { ANY_SCHEMA, anyRowGroups } from "./support/any-rows.ts";
import { encodeFile, type Value } from "./support/blocks.ts";
import { type ReaderCase, readerCases } from "./support/cases.ts";

describe("reading written files with hyparquet", () => {
  for (const readerCase of readerCases()) {
    it(`gives back ${readerCase.name}, uncompressed`, async () => {
      await assertRoundTrip(readerCase, { compression: "uncompressed" });
    });

    it(`gives back ${readerCase.name}, with zstd`, async () => {
      const compressor = await createZstdCompressor();
      await assertRoundTrip(readerCase, { compression: "zstd", compressor });
    });
  }

  it("gives back any rows in any pages", async () => {
    const pages = fc.record({
      pageRows: fc.integer({ min: 1, max: 60 }),
      pageBytes: fc.integer({ min: 1, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(anyRowGroups(), pages, async (rowGroups, limits) => {
        const readerCase = { name: "any rows", schema: ANY_SCHEMA, rowGroups, limits };
        await assertRoundTrip(readerCase, { compression: "uncompressed" });
      }),
      { numRuns: 60 },
    );
  });

  it("reads what either zstd compressor wrote", async (context) => {
    const readerCase = readerCases().find(({ name }) => name === "1000 rows") as ReaderCase;
    const wasm = await wasmZstdCompressor(3);
    await assertRoundTrip(readerCase, { compression: "zstd", compressor: wasm });
    const builtIn = builtInZstdCompressor(3);
    if (builtIn === null) {
      context.diagnostic("this Node has no zstd of its own");
      return;
    }
    await assertRoundTrip(readerCase, { compression: "zstd", compressor: builtIn });
  });
});

async function assertRoundTrip(readerCase: ReaderCase, options: ParquetFileOptions): Promise<void> {
  const { schema, rowGroups, limits } = readerCase;
  const { bytes, statistics } = encodeFile(schema, rowGroups, { ...options, ...limits });
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  const written = rowGroups.filter((rowGroup) => (rowGroup[0]?.length ?? 0) > 0);
  assert.deepEqual(
    metadata.row_groups.map((rowGroup) => Number(rowGroup.num_rows)),
    written.map((rowGroup) => rowGroup[0]?.length),
  );

  const rows = await rowsIn(file);
  assert.equal(rows.length, statistics.numRecords);
  for (const [index, { name, type }] of schema.fields.entries()) {
    const decimal = decimalOf(type);
    const expected = rowGroups.flatMap((rowGroup) => rowGroup[index] ?? []);
    if (decimal !== undefined) {
      assertCloseDecimals(
        rows.map((row) => row[index]),
        expected,
        decimal.scale,
      );
      continue;
    }
    assertSameValues(
      rows.map((row) => row[index]),
      expected,
      name,
    );
  }
}

async function rowsIn(file: ArrayBuffer): Promise<readonly Value[][]> {
  let rows: readonly Value[][] = [];
  await parquetRead({
    file: { byteLength: file.byteLength, slice: (start, end) => file.slice(start, end) },
    compressors,
    utf8: false,
    parsers: {
      timestampFromMicroseconds: (micros) => micros,
      dateFromDays: (days) => days,
    },
    onComplete: (read) => {
      rows = read;
    },
  });
  return rows;
}

/** This reader makes doubles of decimals; that they are exact is for the Python readers to say. */
function assertCloseDecimals(
  actual: readonly unknown[],
  expected: readonly Value[],
  scale: number,
): void {
  for (const [row, value] of expected.entries()) {
    const wanted = value === null ? null : Number(value) / 10 ** scale;
    const found = actual[row] ?? null;
    if (wanted === null || found === null) assert.equal(found, wanted);
    else assert.ok(Math.abs(Number(found) - wanted) <= Math.abs(wanted) * 1e-12, `row ${row}`);
  }
}

/** Compares with `Object.is`, so that the sign of a zero counts, and bytes by content. */
function assertSameValues(
  actual: readonly unknown[],
  expected: readonly Value[],
  name: string,
): void {
  assert.equal(actual.length, expected.length);
  for (const [row, value] of expected.entries()) {
    const found = actual[row];
    const isSame =
      value instanceof Uint8Array && found instanceof Uint8Array
        ? Buffer.compare(value, found) === 0
        : Object.is(found ?? null, value);
    if (!isSame) assert.deepEqual(found, value, `column ${name}, row ${row}`);
    assert.ok(isSame, `column ${name}, row ${row}`);
  }
}
