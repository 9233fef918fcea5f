// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FileMetaData, parquetMetadata } from "hyparquet";
import type { Compressor } from "../../../src/parquet/compressor.ts";
import { CODEC } from "../../../src/parquet/format.ts";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import type { DataType, StructType } from "../../../src/schema/types.ts";
import { blockOf, encodeFile, field, schemaOf } from "../../integration/parquet/support/blocks.ts";

const UNCOMPRESSED = { compression: "uncompressed" } as const;
const ONE_INTEGER = schemaOf(field("c", "integer", true));

function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(new Uint8Array(bytes).buffer);
}

function schemaOfType(type: DataType): StructType {
  return { type: "struct", fields: [{ name: "c", type, nullable: true, metadata: {} }] };
}

function encoderFor(...names: string[]): ParquetFileEncoder {
  return new ParquetFileEncoder(
    schemaOf(...names.map((name) => field(name, "long", true))),
    UNCOMPRESSED,
  );
}

function pageCountOf(pageRows: number, pageBytes: number, values: string[]): unknown {
  const schema = schemaOf(field("c", "string", true));
  const { bytes } = encodeFile(schema, [[values]], { ...UNCOMPRESSED, pageRows, pageBytes });
  return metadataOf(bytes).row_groups[0]?.columns[0]?.meta_data?.encoding_stats?.[0]?.count;
}

describe("ParquetFileEncoder schemas", () => {
  it("writes Delta's types as its mapping table says", () => {
    const schema = schemaOf(
      field("string", "string", true),
      field("binary", "binary", true),
      field("boolean", "boolean", true),
      field("integer", "integer", false),
      field("long", "long", false),
      field("float", "float", true),
      field("double", "double", true),
      field("date", "date", true),
      field("timestamp", "timestamp", true),
    );
    const { bytes } = encodeFile(schema, [], UNCOMPRESSED);
    const [root, ...elements] = metadataOf(bytes).schema;
    assert.equal(root?.num_children, 9);
    const summary = elements.map(
      ({ name, type, repetition_type, converted_type, logical_type }) => [
        name,
        type,
        repetition_type,
        converted_type,
        logical_type?.type,
      ],
    );
    assert.deepEqual(summary, [
      ["string", "BYTE_ARRAY", "OPTIONAL", "UTF8", "STRING"],
      ["binary", "BYTE_ARRAY", "OPTIONAL", undefined, undefined],
      ["boolean", "BOOLEAN", "OPTIONAL", undefined, undefined],
      ["integer", "INT32", "REQUIRED", "INT_32", "INTEGER"],
      ["long", "INT64", "REQUIRED", "INT_64", "INTEGER"],
      ["float", "FLOAT", "OPTIONAL", undefined, undefined],
      ["double", "DOUBLE", "OPTIONAL", undefined, undefined],
      ["date", "INT32", "OPTIONAL", "DATE", "DATE"],
      ["timestamp", "INT64", "OPTIONAL", "TIMESTAMP_MICROS", "TIMESTAMP"],
    ]);
    assert.deepEqual(elements[8]?.logical_type, {
      type: "TIMESTAMP",
      isAdjustedToUTC: true,
      unit: "MICROS",
    });
  });

  it("writes small integers and local timestamps with their own logical types", () => {
    const schema = schemaOf(
      field("byte", "byte", true),
      field("short", "short", true),
      field("local", "timestamp_ntz", true),
    );
    const [, byte, short, local] = metadataOf(encodeFile(schema, [], UNCOMPRESSED).bytes).schema;
    assert.deepEqual(byte?.logical_type, { type: "INTEGER", bitWidth: 8, isSigned: true });
    assert.deepEqual(short?.logical_type, { type: "INTEGER", bitWidth: 16, isSigned: true });
    assert.deepEqual(local?.logical_type, {
      type: "TIMESTAMP",
      isAdjustedToUTC: false,
      unit: "MICROS",
    });
    assert.equal(local?.converted_type, undefined);
  });

  it("writes the field id that a column carries", () => {
    const schema: StructType = {
      type: "struct",
      fields: [
        { name: "a", type: "long", nullable: true, metadata: { "parquet.field.id": 17 } },
        { name: "b", type: "long", nullable: true, metadata: {} },
      ],
    };
    const [, first, second] = metadataOf(encodeFile(schema, [], UNCOMPRESSED).bytes).schema;
    assert.equal(first?.field_id, 17);
    assert.equal(second?.field_id, undefined);
  });

  it("refuses columns that cannot be written", () => {
    const refused: DataType[] = [
      "decimal(39,2)",
      { type: "struct", fields: [] },
      { type: "array", elementType: "decimal(1,2)", containsNull: true },
      "constructor" as DataType,
    ];
    for (const type of refused) {
      assert.throws(
        () => new ParquetFileEncoder(schemaOfType(type), UNCOMPRESSED),
        /cannot be written/,
      );
    }
  });

  it("refuses names that are empty, used twice or half a surrogate pair", () => {
    assert.throws(() => encoderFor(""), /empty/);
    assert.throws(() => encoderFor("a", "b", "a"), /used twice/);
    assert.throws(() => encoderFor("\ud83d"), /surrogate/);
    encoderFor("\u{1f600}", "__proto__");
  });
});

describe("ParquetFileEncoder options", () => {
  const compressor: Compressor = { codec: CODEC.zstd, compress: (input) => input };

  it("refuses zstd without a compressor, or with one for another codec", () => {
    assert.throws(
      () => new ParquetFileEncoder(ONE_INTEGER, { compression: "zstd" }),
      /needs a compressor/,
    );
    const snappy = { ...compressor, codec: CODEC.snappy };
    assert.throws(
      () => new ParquetFileEncoder(ONE_INTEGER, { compression: "zstd", compressor: snappy }),
      /codec 6/,
    );
  });

  it("refuses page limits out of range and statistics for unknown columns", () => {
    for (const wrong of [
      { pageRows: 0 },
      { pageRows: 1.5 },
      { pageBytes: 0 },
      { pageBytes: 2 ** 31 },
    ]) {
      assert.throws(
        () => new ParquetFileEncoder(ONE_INTEGER, { ...UNCOMPRESSED, ...wrong }),
        RangeError,
      );
    }
    assert.throws(
      () => new ParquetFileEncoder(ONE_INTEGER, { ...UNCOMPRESSED, statisticsColumns: ["d"] }),
      /"d"/,
    );
  });

  it("names its writer in the footer", () => {
    const byDefault = metadataOf(encodeFile(ONE_INTEGER, [], UNCOMPRESSED).bytes);
    assert.match(byDefault.created_by ?? "", /^sluice version \d+\.\d+\.\d+$/);
    const named = encodeFile(ONE_INTEGER, [], { ...UNCOMPRESSED, createdBy: "other version 2" });
    assert.equal(metadataOf(named.bytes).created_by, "other version 2");
  });
});

describe("ParquetFileEncoder row groups", () => {
  it("gives the magic with the first bytes, and counts what it gave", () => {
    const encoder = new ParquetFileEncoder(ONE_INTEGER, UNCOMPRESSED);
    const first = Buffer.concat(encoder.addRowGroup(blockOf(ONE_INTEGER, [[1, 2]])));
    assert.equal(first.toString("latin1", 0, 4), "PAR1");
    assert.equal(encoder.byteLength, first.length);
    const second = Buffer.concat(encoder.addRowGroup(blockOf(ONE_INTEGER, [[3]])));
    assert.equal(encoder.byteLength, first.length + second.length);
    assert.equal(encoder.rowCount, 3);
    const { tail, byteLength } = encoder.finish();
    const end = Buffer.concat(tail);
    assert.equal(byteLength, first.length + second.length + end.length);
    assert.equal(end.toString("latin1", end.length - 4), "PAR1");
  });

  it("adds no row group for a block without rows", () => {
    const encoder = new ParquetFileEncoder(ONE_INTEGER, UNCOMPRESSED);
    assert.deepEqual(encoder.addRowGroup(blockOf(ONE_INTEGER, [[]])), []);
    const { tail, byteLength, statistics } = encoder.finish();
    const bytes = Buffer.concat(tail);
    assert.equal(bytes.length, byteLength);
    assert.deepEqual(metadataOf(bytes).row_groups, []);
    assert.equal(statistics.numRecords, 0);
  });

  it("takes nothing after the end", () => {
    const encoder = new ParquetFileEncoder(ONE_INTEGER, UNCOMPRESSED);
    encoder.finish();
    assert.throws(() => encoder.finish(), /finished/);
    assert.throws(() => encoder.addRowGroup(blockOf(ONE_INTEGER, [[1]])), /finished/);
  });

  it("hands out string pages as views of the block, without a copy", () => {
    const schema = schemaOf(field("c", "string", false));
    const block = blockOf(schema, [["one", "two"]]);
    const [column] = block.columns;
    const parts = new ParquetFileEncoder(schema, UNCOMPRESSED).addRowGroup(block);
    assert.ok(column?.kind === "bytes");
    assert.ok(parts.some((part) => part.buffer === column.data.buffer));
  });

  it("refuses a block of another schema and stays usable", () => {
    const encoder = new ParquetFileEncoder(schemaOf(field("c", "long", false)), UNCOMPRESSED);
    assert.throws(
      () => encoder.addRowGroup({ rowCount: 0, columns: [] }),
      /0 columns, the schema 1/,
    );
    assert.throws(() => encoder.addRowGroup(blockOf(ONE_INTEGER, [[1]])), /held as int32/);
    const nulls = blockOf(schemaOf(field("c", "long", true)), [[1n, null]]);
    assert.throws(() => encoder.addRowGroup(nulls), /NOT NULL and has 1 nulls/);
    const short = {
      rowCount: 2,
      columns: blockOf(schemaOf(field("c", "long", false)), [[1n]]).columns,
    };
    assert.throws(() => encoder.addRowGroup(short), /fewer than the 2 rows/);
    encoder.addRowGroup(blockOf(schemaOf(field("c", "long", false)), [[1n]]));
    assert.equal(encoder.finish().statistics.numRecords, 1);
  });

  it("ends pages by rows and by bytes", () => {
    assert.equal(pageCountOf(3, 1 << 20, ["", "", "", "", "", "", ""]), 3);
    // Each value takes 4 bytes for its length and 6 of its own.
    assert.equal(pageCountOf(100, 20, ["sixsix", "sixsix", "sixsix"]), 2);
    assert.equal(pageCountOf(100, 19, ["sixsix", "sixsix", "sixsix"]), 3);
    assert.equal(pageCountOf(100, 1, ["long one", "", ""]), 3);
  });

  it("writes bounds of Parquet's own order in the footer", () => {
    const schema = schemaOf(
      field("text", "string", true),
      field("bytes", "binary", true),
      field("zero", "double", true),
    );
    const rows = [
      ["\u{1f600}", "\uffff"],
      [Uint8Array.of(0x80), Uint8Array.of(0x7f)],
      [0, -0],
    ];
    const { bytes } = encodeFile(schema, [rows], UNCOMPRESSED);
    const statistics = metadataOf(bytes).row_groups[0]?.columns.map(
      (column) => column.meta_data?.statistics,
    );
    assert.deepEqual(
      [statistics?.[0]?.min_value, statistics?.[0]?.max_value],
      ["\uffff", "\u{1f600}"],
    );
    assert.ok(Object.is(statistics?.[2]?.min_value, -0));
    assert.ok(Object.is(statistics?.[2]?.max_value, 0));
    assert.equal(statistics?.[1]?.null_count, 0n);
    assert.equal(statistics?.[1]?.is_max_value_exact, true);
  });

  it("writes no bounds in the footer for a NaN", () => {
    const schema = schemaOf(field("c", "double", true));
    const { bytes } = encodeFile(schema, [[[1, Number.NaN]]], UNCOMPRESSED);
    const statistics = metadataOf(bytes).row_groups[0]?.columns[0]?.meta_data?.statistics;
    assert.equal(statistics?.min_value, undefined);
    assert.equal(statistics?.max_value, undefined);
    assert.equal(statistics?.null_count, 0n);
  });
});
