// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, describe, it } from "node:test";
import { type ColumnMetaData, parquetMetadata } from "hyparquet";
import { type Compressor, createZstdCompressor } from "../../../src/parquet/compressor.ts";
import type { DataType } from "../../../src/schema/types.ts";
import { encodeFile, field, schemaOf, type Value } from "./support/blocks.ts";
import { type ReaderCase, readerCases } from "./support/cases.ts";

const ROWS = 4000;

let compressor: Compressor;
before(async () => {
  compressor = await createZstdCompressor();
});

/** What the footer says of a single column. */
function written(
  type: DataType,
  values: readonly Value[],
  options: { minCompressionSaving?: number } = {},
): ColumnMetaData {
  const schema = schemaOf({ ...field("c", "string", true), type });
  const { bytes } = encodeFile(schema, [[values]], { compression: "zstd", compressor, ...options });
  const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
  return metadata.row_groups[0]?.columns[0]?.meta_data as ColumnMetaData;
}

const rows = <T>(valueOf: (row: number) => T): T[] =>
  Array.from({ length: ROWS }, (_, row) => valueOf(row));

describe("deltas in written files", () => {
  it("are in every column of the case that readers are given", () => {
    const { schema, rowGroups, limits } = readerCases().find(
      ({ name }) => name === "deltas",
    ) as ReaderCase;
    const { bytes } = encodeFile(schema, rowGroups, { compression: "uncompressed", ...limits });
    const { columns = [] } = parquetMetadata(new Uint8Array(bytes).buffer).row_groups[0] ?? {};
    for (const { meta_data: column } of columns) {
      assert.deepEqual(column?.encodings, ["DELTA_BINARY_PACKED", "RLE"]);
      assert.deepEqual(column?.encoding_stats, [
        { page_type: "DATA_PAGE", encoding: "DELTA_BINARY_PACKED", count: 8 },
      ]);
    }
    assert.equal(columns.length, schema.fields.length);
  });

  it("are where they take less than the codec makes of the values", () => {
    const sequence = written(
      "timestamp",
      rows((row) => 1_700_000_000_000_000n + BigInt(row) * 1000n),
    );
    assert.ok(sequence.encodings.includes("DELTA_BINARY_PACKED"));
    // Two values far apart: the codec needs a bit for each, a delta 40.
    const two = written(
      "long",
      rows((row) => (row % 97 < 48 ? 0n : 2n ** 40n)),
    );
    assert.deepEqual(two.encodings, ["PLAIN", "RLE"]);
  });

  it("are not where a delta would not be exact, or readers seldom see them", () => {
    const wide = rows((row) => (row === ROWS - 1 ? 2n ** 62n : BigInt(row)));
    assert.deepEqual(written("long", wide).encodings, ["PLAIN", "RLE"]);
    const wide32 = rows((row) => (row === ROWS - 1 ? -1 : 2 ** 31 - 1 - row));
    assert.deepEqual(written("integer", wide32).encodings, ["PLAIN", "RLE"]);
    assert.deepEqual(
      written(
        "short",
        rows((row) => row),
      ).encodings,
      ["PLAIN", "RLE"],
    );
    const decimals = rows((row) => BigInt(row));
    assert.deepEqual(written("decimal(18,2)", decimals).encodings, ["PLAIN", "RLE"]);
  });
});

describe("the codec of a column chunk", () => {
  const noise = (bytes: number): Uint8Array[] => rows(() => randomBytes(bytes));
  const doubles = rows(() => Math.random());

  it("is none where compression saves too little", () => {
    assert.equal(written("double", doubles).codec, "UNCOMPRESSED");
    assert.equal(written("binary", noise(40)).codec, "UNCOMPRESSED");
    assert.equal(
      written(
        "boolean",
        rows(() => Math.random() < 0.5),
      ).codec,
      "UNCOMPRESSED",
    );
    assert.equal(written("string", ["short", "short"]).codec, "UNCOMPRESSED");
  });

  it("is zstd where it pays", () => {
    assert.equal(
      written(
        "string",
        rows((row) => `a text and its number ${row}`),
      ).codec,
      "ZSTD",
    );
    assert.equal(
      written(
        "double",
        rows((row) => row % 10),
      ).codec,
      "ZSTD",
    );
  });

  it("goes by the dictionary and the indices together", () => {
    const pool = Array.from({ length: 60 }, () => randomBytes(30));
    const random = rows(() => pool[Math.floor(Math.random() * pool.length)] as Uint8Array);
    const incompressible = written("binary", random);
    assert.ok(incompressible.encodings.includes("RLE_DICTIONARY"));
    assert.equal(incompressible.codec, "UNCOMPRESSED");
    const texts = pool.map((_, index) => `${index} ${"and so on, ".repeat(100)}`);
    const repeated = written(
      "string",
      rows(() => texts[Math.floor(Math.random() * 60)] as string),
    );
    assert.ok(repeated.encodings.includes("RLE_DICTIONARY"));
    assert.equal(repeated.codec, "ZSTD");
  });

  it("is what the least saving asks for", () => {
    const numbers = rows((row) => row % 10);
    assert.equal(written("double", numbers, { minCompressionSaving: 1 }).codec, "UNCOMPRESSED");
    assert.equal(written("double", doubles, { minCompressionSaving: 0 }).codec, "ZSTD");
    assert.throws(() => written("double", doubles, { minCompressionSaving: 1.1 }), RangeError);
  });
});
