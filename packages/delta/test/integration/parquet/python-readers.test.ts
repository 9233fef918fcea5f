// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createZstdCompressor } from "../../../src/parquet/compressor.ts";
import { statisticsToJson } from "../../../src/parquet/file-statistics.ts";
import type { ParquetFileOptions } from "../../../src/parquet/parquet-file-encoder.ts";
import { featuresOfSchema, protocolOfFeatures } from "../../../src/table/table-protocol.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "../../support/python.ts";
import { type ColumnValues, type EncodedFile, encodeFile, type Value } from "./support/blocks.ts";
import { type ReaderCase, readerCases } from "./support/cases.ts";

/** Cases with several row groups, so that there is something to skip. */
const FILTERED: readonly string[] = ["many pages and row groups", "dictionaries"];

describe("files and statistics", () => {
  it("are what Python readers agree with", { skip: skipWithoutPython }, async () => {
    await withManifest((manifest) => runPython("parquet/compare.py", manifest));
  });

  it("are what Spark agrees with", { skip: skipWithoutSpark }, async () => {
    await withManifest((manifest) => runSpark("parquet/compare_spark.py", manifest));
  });
});

async function withManifest(compare: (manifest: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sluice-parquet-"));
  try {
    const manifest = join(directory, "manifest.json");
    writeFileSync(manifest, JSON.stringify(await writeCases(directory)));
    compare(manifest);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function writeCases(directory: string): Promise<unknown> {
  const variants: ParquetFileOptions[] = [
    { compression: "uncompressed" },
    { compression: "zstd", compressor: await createZstdCompressor() },
  ];
  const files: unknown[] = [];
  const tables: unknown[] = [];
  for (const [index, readerCase] of readerCases().entries()) {
    for (const options of variants) {
      const path = `${index}-${options.compression}.parquet`;
      const { bytes } = encodeCase(readerCase, options);
      writeFileSync(join(directory, path), bytes);
      const isFiltered = FILTERED.includes(readerCase.name) && options.compression === "zstd";
      const name = `${readerCase.name} (${options.compression})`;
      files.push(manifestEntry(readerCase, name, path, isFiltered));
    }
    if (FILTERED.includes(readerCase.name)) {
      writeDeltaTable(directory, `table-${index}`, readerCase);
      tables.push(manifestEntry(readerCase, readerCase.name, `table-${index}`, true));
    }
  }
  return { files, tables };
}

function encodeCase(readerCase: ReaderCase, options: ParquetFileOptions): EncodedFile {
  const { schema, rowGroups, limits } = readerCase;
  const statisticsColumns = schema.fields.map(({ name }) => name);
  return encodeFile(schema, rowGroups, { ...options, ...limits, statisticsColumns });
}

/** A table of one version, with a file for each row group so that its statistics decide alone. */
function writeDeltaTable(directory: string, path: string, readerCase: ReaderCase): void {
  const { schema } = readerCase;
  const log = join(directory, path, "_delta_log");
  mkdirSync(log, { recursive: true });
  const actions: unknown[] = [
    { protocol: protocolOfFeatures(featuresOfSchema(schema)) },
    {
      metaData: {
        id: "00000000-0000-4000-8000-000000000000",
        format: { provider: "parquet", options: {} },
        schemaString: JSON.stringify(schema),
        partitionColumns: [],
        configuration: {},
      },
    },
  ];
  for (const [index, rowGroup] of readerCase.rowGroups.entries()) {
    const name = `part-${index}.parquet`;
    const file = encodeCase(
      { ...readerCase, rowGroups: [rowGroup] },
      { compression: "uncompressed" },
    );
    writeFileSync(join(directory, path, name), file.bytes);
    const add = {
      path: name,
      partitionValues: {},
      size: file.bytes.length,
      modificationTime: 0,
      dataChange: true,
      stats: statisticsToJson(file.statistics),
    };
    actions.push({ add });
  }
  const text = actions.map((action) => `${JSON.stringify(action)}\n`).join("");
  writeFileSync(join(log, `${"0".repeat(20)}.json`), text);
}

function manifestEntry(
  readerCase: ReaderCase,
  name: string,
  path: string,
  isFiltered: boolean,
): unknown {
  const { schema, rowGroups } = readerCase;
  return {
    name,
    path,
    filters: isFiltered,
    columns: schema.fields.map((field, index) => ({
      name: field.name,
      type: field.type,
      nullable: field.nullable,
      values: encodedColumn(schema, rowGroups, index),
    })),
  };
}

function encodedColumn(
  schema: StructType,
  rowGroups: readonly ColumnValues[],
  index: number,
): unknown[] {
  const type = schema.fields[index]?.type;
  const values = rowGroups.flatMap((rowGroup) => rowGroup[index] ?? []);
  return values.map((value) => encodedValue(type, value));
}

function encodedValue(type: unknown, value: Value): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "number" || (type !== "float" && type !== "double")) return value;
  if (Number.isNaN(value)) return "nan";
  const bits = Buffer.alloc(type === "float" ? 4 : 8);
  if (type === "float") bits.writeFloatBE(value);
  else bits.writeDoubleBE(value);
  return bits.toString("hex");
}
