// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { checkDataPath } from "../log/data-path.ts";
import type { ActiveFile } from "../log/file-set.ts";
import { openParquet, type ParquetInput } from "../log/parquet-input.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { validateScannable } from "../log/table-features.ts";
import { decimalOf } from "../schema/decimal.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { DataType, StructField } from "../schema/types.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { valueReaderOf } from "./row-values.ts";

/**
 * A row by column names, in the order of the schema (or of `ScanOptions.columns`). `null` where there is no value.
 *
 * | column | value |
 * |---|---|
 * | STRING | string |
 * | BOOLEAN | boolean |
 * | TINYINT, SMALLINT, INT, FLOAT, DOUBLE | number |
 * | BIGINT | bigint |
 * | DATE | string, `YYYY-MM-DD` |
 * | TIMESTAMP, TIMESTAMP_NTZ | bigint, microseconds since 1970-01-01 00:00:00 (UTC; of the local calendar for NTZ) |
 * | DECIMAL | string, exact, with all digits of its scale |
 * | BINARY | Uint8Array |
 * | STRUCT, ARRAY, MAP | object, array, object by key |
 *
 * Columns that hold VARIANT, or a MAP by DECIMAL, are refused.
 */
export type Row = Record<string, unknown>;

export interface ScanOptions {
  /**
   * Only these columns, in this order.
   * @default all of the schema
   */
  readonly columns?: readonly string[];
  /**
   * At most so many rows.
   * @default all
   */
  readonly limit?: number;
}

export async function countRows(store: ObjectStore, snapshot: Snapshot): Promise<number> {
  let total = 0;
  for (const file of snapshot.files) {
    const inFile = file.rowCount ?? (await openDataFile(store, file)).rowCount;
    total += inFile - (file.deletionVector?.cardinality ?? 0);
  }
  return total;
}

export async function* scanRows(
  store: ObjectStore,
  snapshot: Snapshot,
  options: ScanOptions,
): AsyncGenerator<Row, void, undefined> {
  const selected = selectColumns(snapshot, options.columns);
  const names = selected.map(({ name }) => name);
  const readers = selected.flatMap(({ name, type }) => {
    const read = valueReaderOf(type);
    return read === undefined ? [] : [{ name, read }];
  });
  validateScannable(snapshot);
  const { partitionColumns } = snapshot.metadata;
  if (partitionColumns.length > 0) {
    throw new DeltaError(
      "unsupported",
      `the table is partitioned by ${partitionColumns.join(", ")}; reading rows of partitioned tables is not supported`,
      { details: { partitionColumns } },
    );
  }
  let remaining = options.limit ?? Infinity;
  if (Number.isNaN(remaining) || remaining < 0) {
    throw new DeltaError("invalid_argument", `limit is ${remaining}; it must be 0 or more`);
  }
  for (const file of snapshot.files) {
    if (remaining <= 0) return;
    for await (const row of scanFile(store, file, names, remaining)) {
      for (const { name, read } of readers) row[name] = read(row[name]);
      yield row;
      remaining -= 1;
    }
  }
}

async function* scanFile(
  store: ObjectStore,
  file: ActiveFile,
  names: readonly string[],
  limit: number,
): AsyncGenerator<Row, void, undefined> {
  if (file.deletionVector !== undefined && file.deletionVector.cardinality > 0) {
    throw new DeltaError(
      "unsupported",
      `the file ${JSON.stringify(file.path)} has rows deleted by a deletion vector (deletionVectors), which reading rows does not support`,
      { details: { path: file.path } },
    );
  }
  const input = await openDataFile(store, file);
  // A column that was added to the table after the file was written is not in it: its values are null.
  const present = names.filter((name) => input.columnNames.has(name));
  let remaining = limit;
  for (const { rowStart, rowEnd } of input.rowGroups) {
    if (remaining <= 0) return;
    const range = { rowStart, rowEnd: Math.min(rowEnd, rowStart + remaining) };
    const rowCount = range.rowEnd - range.rowStart;
    const read = present.length === 0 ? undefined : await input.readRows(present, range);
    for (let index = 0; index < rowCount; index += 1) yield completeRow(names, read?.[index]);
    remaining -= rowCount;
  }
}

function completeRow(names: readonly string[], read: Record<string, unknown> | undefined): Row {
  const row: Row = {};
  for (const name of names) row[name] = read?.[name] ?? null;
  return row;
}

async function openDataFile(store: ObjectStore, file: ActiveFile): Promise<ParquetInput> {
  checkDataPath(file.path);
  return openParquet(store, file.path, file.sizeBytes);
}

function selectColumns(
  { schema }: Snapshot,
  names: readonly string[] | undefined,
): readonly StructField[] {
  const selected =
    names === undefined ? schema.fields : names.map((name) => findField(schema.fields, name));
  for (const field of selected) {
    if (field.name === "__proto__") {
      throw new DeltaError("unsupported", "a column named __proto__ cannot be read into an object");
    }
    const refused = unreadableTypeIn(field.type);
    if (refused !== undefined) {
      throw new DeltaError(
        "unsupported",
        `column ${JSON.stringify(field.name)} holds ${sqlTypeOf(refused)}, which reading rows does not support; select other columns`,
        { details: { column: field.name } },
      );
    }
  }
  return selected;
}

/** Whether `DeltaTable.scan` reads values of a type. */
export function isReadableType(type: DataType): boolean {
  return unreadableTypeIn(type) === undefined;
}

function findField(fields: readonly StructField[], name: string): StructField {
  const field = fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  throw new DeltaError(
    "invalid_argument",
    `the table has no column ${JSON.stringify(name)}; it has ${fields.map((known) => JSON.stringify(known.name)).join(", ")}`,
    { details: { column: name } },
  );
}

function unreadableTypeIn(type: DataType): DataType | undefined {
  if (typeof type === "string") {
    return type === "variant" ? type : undefined;
  }
  switch (type.type) {
    case "struct":
      for (const field of type.fields) {
        const refused = unreadableTypeIn(field.type);
        if (refused !== undefined) return refused;
      }
      return undefined;
    case "array":
      return unreadableTypeIn(type.elementType);
    case "map":
      return decimalOf(type.keyType) === undefined
        ? (unreadableTypeIn(type.keyType) ?? unreadableTypeIn(type.valueType))
        : type;
  }
}
