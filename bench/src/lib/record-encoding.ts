// SPDX-License-Identifier: Apache-2.0
import type { Cell, CellType, RecordColumn, RecordSet } from "./record-set.ts";

export type RecordFormat = "proto" | "json";

/** How a type goes over the wire: the number in a field descriptor, and the wire type of its tag. */
const WIRE: Readonly<Record<CellType, { readonly fieldType: number; readonly wireType: number }>> =
  {
    STRING: { fieldType: 9, wireType: 2 },
    TIMESTAMP: { fieldType: 3, wireType: 0 },
    DOUBLE: { fieldType: 1, wireType: 1 },
    INT: { fieldType: 5, wireType: 0 },
    BOOLEAN: { fieldType: 8, wireType: 0 },
  };

/** Serialized records, for streams to share. */
export interface EncodedRecords {
  readonly records: readonly Buffer[];
  readonly format: RecordFormat;
  readonly meanBytes: number;
}

/** Serializes every record of a set. */
export function encodeRecords(set: RecordSet, format: RecordFormat): EncodedRecords {
  const encode = format === "proto" ? encodeRow : encodeJsonRow;
  const records = set.rows.map((row) => encode(set.columns, row));
  const lengths = records.map((record) => record.length);
  return {
    records,
    format,
    meanBytes: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
  };
}

/** Serialized `DescriptorProto` of records with these columns. */
export function encodeDescriptor(columns: readonly RecordColumn[]): Buffer {
  const parts = [lengthDelimited(1, Buffer.from("BenchRecord"))];
  for (const [index, { name, type }] of columns.entries()) {
    const field = Buffer.concat([
      lengthDelimited(1, Buffer.from(name)),
      Buffer.from([0x18, ...varint(index + 1), 0x20, 1, 0x28, WIRE[type].fieldType]),
    ]);
    parts.push(lengthDelimited(2, field));
  }
  return Buffer.concat(parts);
}

function encodeRow(columns: readonly RecordColumn[], row: readonly Cell[]): Buffer {
  return Buffer.concat(
    columns.map(({ type }, index) => encodeCell(index + 1, type, row[index] as Cell)),
  );
}

function encodeJsonRow(columns: readonly RecordColumn[], row: readonly Cell[]): Buffer {
  const entries = columns.map(({ name }, index) => [name, row[index]]);
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)));
}

function encodeCell(field: number, type: CellType, cell: Cell): Buffer {
  if (typeof cell === "string") return lengthDelimited(field, Buffer.from(cell));
  const tag = varint(field * 8 + WIRE[type].wireType);
  if (type !== "DOUBLE") return Buffer.from([...tag, ...varint(Number(cell))]);
  const bytes = Buffer.alloc(tag.length + 8);
  bytes.set(tag);
  bytes.writeDoubleLE(Number(cell), tag.length);
  return bytes;
}

function lengthDelimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
