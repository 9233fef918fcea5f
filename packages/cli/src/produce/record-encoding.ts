// SPDX-License-Identifier: Apache-2.0
import {
  type Column,
  compileJsonEncoder,
  compileProtoEncoder,
  type PartitionKey,
  type SchemaEncoder,
  type RecordIdStamper,
  recordIdStamper,
  type TableSchema,
} from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import { columnValuesOf } from "../source/column-values.ts";
import { exactValues } from "../source/exact-json.ts";
import type { SourceRecord, TextRecord } from "../source/source-record.ts";
import type { EncodingName } from "./option-names.ts";
import type { TableLookup } from "./workspace-api.ts";

/** A record as it is sent. */
export interface EncodedRecord {
  readonly payload: string | Uint8Array;
  /** Line or row of the input; 0 where it is not known. */
  readonly line: number;
  /** What decides about its stream. */
  readonly key: PartitionKey;
}

export interface EncodingOptions {
  readonly table: string;
  readonly encoding: EncodingName;
  readonly lookup: TableLookup;
  /** Column whose values decide about the stream. */
  readonly keyColumn: string | undefined;
  /** Column that gets an id. */
  readonly idColumn: string | undefined;
  /** Columns that the id is made of. */
  readonly idFrom: readonly string[] | undefined;
}

/** Turns records into what is sent. */
export interface Encoding {
  readonly format: "proto" | "json";
  readonly descriptor: Uint8Array | undefined;
  /** @throws Error that says what is wrong with the record */
  encode(record: SourceRecord): EncodedRecord;
}

/**
 * Chooses the encoding: protobuf by the table's columns where they are known and have a form in it, else JSON.
 * @throws CliError for an encoding that cannot be had, and for columns that the table does not have
 */
export function createEncoding(options: EncodingOptions): Encoding {
  const { lookup, keyColumn, idColumn, idFrom } = options;
  const schema = lookup.kind === "found" ? lookup.schema : undefined;
  checkColumns(options, schema);
  const stamper =
    idColumn === undefined
      ? undefined
      : recordIdStamper({ column: idColumn, ...(idFrom === undefined ? {} : { from: idFrom }) });
  const keyOf =
    keyColumn === undefined ? () => "" : (values: Values) => keyOfValue(values[keyColumn]);
  const proto = protoEncoderOf(options, schema);
  if (proto !== undefined && schema !== undefined) {
    return protoEncoding(proto, columnValuesOf(schema), stamper, keyOf);
  }
  const needsValues = keyColumn !== undefined || stamper !== undefined;
  const typed = schema === undefined ? undefined : compileJsonEncoder<Values>(schema);
  return jsonEncoding(typed, stamper, keyOf, needsValues);
}

type Values = Record<string, unknown>;

function protoEncoderOf(
  { encoding, lookup, table }: EncodingOptions,
  schema: TableSchema | undefined,
): SchemaEncoder<Values> | undefined {
  if (encoding === "json") return undefined;
  if (schema === undefined) {
    if (encoding === "auto") return undefined;
    const reason = lookup.kind === "unknown" ? lookup.reason : "";
    throw new CliError(
      `--encoding proto needs the columns of table ${table}, which could not be had (${reason}); use --encoding json`,
    );
  }
  try {
    return compileProtoEncoder<Values>(schema);
  } catch (cause) {
    // Lists in lists have no form in protobuf; JSON takes them.
    if (encoding === "auto") return undefined;
    throw new CliError(`--encoding proto: ${messageOf(cause)}; use --encoding json`, { cause });
  }
}

function protoEncoding(
  encoder: SchemaEncoder<Values>,
  convert: (values: Values) => Values,
  stamper: RecordIdStamper | undefined,
  keyOf: (values: Values) => PartitionKey,
): Encoding {
  return {
    format: "proto",
    descriptor: encoder.descriptor,
    encode: (record) => {
      const read = "value" in record ? (record.value as Values) : convert(exactValues(record));
      const values = stamper === undefined ? read : stamper.stamp(read);
      const payload = Buffer.from(encoder.encode(values));
      return { payload, line: record.line, key: keyOf(values) };
    },
  };
}

function jsonEncoding(
  typed: SchemaEncoder<Values> | undefined,
  stamper: RecordIdStamper | undefined,
  keyOf: (values: Values) => PartitionKey,
  needsValues: boolean,
): Encoding {
  return {
    format: "json",
    descriptor: undefined,
    encode: (record) => {
      const { line } = record;
      if ("value" in record) {
        if (typed === undefined) throw new Error("the table's columns are not known");
        const values = stamper === undefined ? record.value : stamper.stamp(record.value);
        return { payload: Buffer.from(typed.encode(values)), line, key: keyOf(values) };
      }
      if (!needsValues) return { payload: record.json, line, key: "" };
      const values = (record.parsed ?? JSON.parse(record.json)) as Values;
      const payload = stamper === undefined ? record.json : stampedText(record, values, stamper);
      return { payload, line, key: keyOf(values) };
    },
  };
}

/** The text with its id in front: nothing else of it changes. */
function stampedText(record: TextRecord, values: Values, stamper: RecordIdStamper): string {
  const { column } = stamper;
  const stamped = stamper.stamp(values);
  if (stamped === values) return record.json;
  if (Object.hasOwn(values, column)) {
    throw new Error(`column ${column} is null; leave it out, so that it gets an id`);
  }
  const rest = record.json.trimStart().slice(1);
  const comma = Object.keys(values).length === 0 ? "" : ",";
  return `{${JSON.stringify(column)}:${JSON.stringify(stamped[column])}${comma}${rest}`;
}

function keyOfValue(value: unknown): PartitionKey {
  switch (typeof value) {
    case "string":
    case "bigint":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return String(value);
    default:
      if (value === undefined || value === null) return "";
      return value instanceof Uint8Array ? value : JSON.stringify(value);
  }
}

function checkColumns(
  { table, keyColumn, idColumn, idFrom = [] }: EncodingOptions,
  schema: TableSchema | undefined,
): void {
  if (schema === undefined) return;
  const find = (option: string, name: string): Column => {
    const column = schema.columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    const known = schema.columns.map((candidate) => candidate.name).join(", ");
    throw new CliError(
      `${option} names the column ${name}, which table ${table} does not have; it has ${known}`,
    );
  };
  if (keyColumn !== undefined) find("--key", keyColumn);
  for (const name of idFrom) find("--id-from", name);
  if (idColumn === undefined) return;
  const { kind } = find("--id-column", idColumn).type;
  if (kind === "string" || kind === "varchar" || kind === "char") return;
  throw new CliError(`--id-column names the column ${idColumn}, which must be of type STRING`);
}
