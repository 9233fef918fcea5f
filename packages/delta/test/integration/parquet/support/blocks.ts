// SPDX-License-Identifier: Apache-2.0
import { BlockBuilder, type Column } from "../../../../src/columns/block-builder.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/columns/bytes-column.ts";
import type { ColumnBlock } from "../../../../src/columns/column-block.ts";
import { columnSpecsOf } from "../../../../src/columns/column-specs.ts";
import {
  ParquetFileEncoder,
  type ParquetFileOptions,
} from "../../../../src/parquet/parquet-file-encoder.ts";
import type { FileStatistics } from "../../../../src/parquet/file-statistics.ts";
import { ELEMENTS_PER_ROW } from "../../../../src/columns/fixed-column.ts";
import type { DataType, StructField, StructType } from "../../../../src/schema/types.ts";

/** BIGINT, TIMESTAMP and the unscaled integer of a DECIMAL as bigint, BINARY as bytes, DATE as days; everything else as it is in JavaScript. */
export type Value = string | number | bigint | boolean | Uint8Array | null;

/** Rows by column: `rows[column][row]`. */
export type ColumnValues = readonly (readonly Value[])[];

export function field(name: string, type: DataType, nullable: boolean): StructField {
  return { name, type, nullable, metadata: {} };
}

export function schemaOf(...fields: StructField[]): StructType {
  return { type: "struct", fields };
}

/** Fills a builder the way a decoder does, and seals it. */
export function blockOf(schema: StructType, values: ColumnValues): ColumnBlock {
  const builder = new BlockBuilder(columnSpecsOf(schema), 1);
  const rowCount = values[0]?.length ?? 0;
  for (let row = 0; row < rowCount; row++) {
    if (builder.rowCount === builder.rowCapacity) builder.growRows();
    for (const [index, column] of builder.columns.entries()) {
      put(column, row, values[index]?.[row] ?? null);
    }
    builder.rowCount++;
  }
  return builder.seal();
}

export interface EncodedFile {
  readonly bytes: Uint8Array;
  readonly statistics: FileStatistics;
}

/** A whole file with one row group for each of `rowGroups`. */
export function encodeFile(
  schema: StructType,
  rowGroups: readonly ColumnValues[],
  options: ParquetFileOptions,
): EncodedFile {
  const encoder = new ParquetFileEncoder(schema, options);
  const parts: Uint8Array[] = [];
  for (const rowGroup of rowGroups) parts.push(...encoder.addRowGroup(blockOf(schema, rowGroup)));
  const { tail, byteLength, statistics } = encoder.finish();
  const bytes = Buffer.concat([...parts, ...tail]);
  if (bytes.length !== byteLength) {
    throw new RangeError(`the encoder counted ${byteLength} bytes and gave ${bytes.length}`);
  }
  return { bytes, statistics };
}

const utf8 = new TextEncoder();
const wide = new BigInt64Array(2);
const words = new Int32Array(wide.buffer);

function put(column: Column, row: number, value: Value): void {
  if (column.kind === "nested") throw new TypeError("nested columns have tests of their own");
  if (column.validity !== null) column.validity[row] = value === null ? 0 : 1;
  if (column.kind === "bytes") {
    const start = column.startOf(row);
    const bytes = typeof value === "string" ? utf8.encode(value) : (value as Uint8Array | null);
    const end = bytes === null ? start : start + LENGTH_PREFIX_BYTES + bytes.length;
    column.reserve(end);
    if (bytes !== null) {
      new DataView(column.data.buffer).setUint32(start, bytes.length, true);
      column.data.set(bytes, start + LENGTH_PREFIX_BYTES);
    }
    column.ends[row] = end;
  } else if (value === null) {
    // The slot of a null is unspecified: leave something in it that must not be seen.
    const elements = ELEMENTS_PER_ROW[column.kind];
    column.values.fill(1, row * elements, (row + 1) * elements);
  } else if (typeof value === "bigint") {
    const elements = ELEMENTS_PER_ROW[column.kind];
    wide[0] = value;
    wide[1] = value >> 64n;
    column.values.set(words.subarray(0, elements), row * elements);
  } else {
    column.values[row] = Number(value);
  }
}
