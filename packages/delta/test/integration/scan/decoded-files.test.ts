// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { createZstdCompressor } from "../../../src/parquet/compressor.ts";
import type { ParquetFileOptions } from "../../../src/parquet/parquet-file-encoder.ts";
import { isoDateOf } from "../../../src/scan/calendar.ts";
import { decimalOf, decimalText } from "../../../src/schema/decimal.ts";
import type { DataType } from "../../../src/schema/types.ts";
import { ANY_SCHEMA, anyRowGroups } from "../parquet/support/any-rows.ts";
import { encodeFile, type Value } from "../parquet/support/blocks.ts";
import { type ReaderCase, readerCases } from "../parquet/support/cases.ts";
import { rowsOfFile } from "../../support/memory-file.ts";

describe("columns decoded from files", () => {
  for (const readerCase of readerCases()) {
    it(`are ${readerCase.name}, uncompressed`, async () => {
      await assertRead(readerCase, { compression: "uncompressed" });
    });

    it(`are ${readerCase.name}, with zstd`, async () => {
      const compressor = await createZstdCompressor();
      await assertRead(readerCase, { compression: "zstd", compressor });
    });
  }

  it("are any rows in any pages", async () => {
    const pages = fc.record({
      pageRows: fc.integer({ min: 1, max: 60 }),
      pageBytes: fc.integer({ min: 1, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(anyRowGroups(), pages, async (rowGroups, limits) => {
        const readerCase = { name: "any rows", schema: ANY_SCHEMA, rowGroups, limits };
        await assertRead(readerCase, { compression: "uncompressed" });
      }),
      { numRuns: 60 },
    );
  });
});

async function assertRead(readerCase: ReaderCase, options: ParquetFileOptions): Promise<void> {
  const { schema, rowGroups, limits } = readerCase;
  const { bytes } = encodeFile(schema, rowGroups, { ...options, ...limits });
  const rows = await rowsOfFile(bytes, schema);
  for (const [index, { name, type }] of schema.fields.entries()) {
    const expected = rowGroups.flatMap((rowGroup) => rowGroup[index] ?? []);
    const found = rows.map((row) => row[index]);
    assert.equal(found.length, expected.length);
    for (const [row, value] of expected.entries()) {
      const wanted = rowValueOf(value, type);
      if (Object.is(found[row], wanted)) continue;
      assert.deepEqual(asPlain(found[row]), asPlain(wanted), `column ${name}, row ${row}`);
    }
  }
}

/** Buffers and arrays of bytes are alike. */
function asPlain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

function rowValueOf(value: Value, type: DataType): unknown {
  if (value === null) return null;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalText(value as bigint, decimal.scale);
  if (type === "date") return isoDateOf(value as number);
  return value;
}
