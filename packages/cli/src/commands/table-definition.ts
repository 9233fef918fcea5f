// SPDX-License-Identifier: Apache-2.0
import {
  type DataType,
  DeltaError,
  parseColumnList,
  parseSqlType,
  sqlOfField,
  type StructType,
} from "@sluice/delta";
import { type Catalog, parseTableName, ServerError } from "@sluice/server";
import { CliError } from "../cli-error.ts";

/** A table to be created. */
export interface TableDefinition {
  readonly name: string;
  readonly schema: StructType;
}

/**
 * Reads `catalog.schema.table=column TYPE, ...`.
 * @throws CliError that says what is wrong with it.
 */
export function parseTableOption(text: string): TableDefinition {
  const split = text.indexOf("=");
  if (split < 0) {
    throw new CliError(
      `--table ${JSON.stringify(text)} has no columns; write --table 'catalog.schema.table=id BIGINT, name STRING'`,
    );
  }
  return tableDefinition(text.slice(0, split).trim(), text.slice(split + 1));
}

/**
 * @param isMapped see `parseColumnList`.
 * @throws CliError for a name or columns that cannot be.
 */
export function tableDefinition(
  nameText: string,
  columns: string,
  isMapped = false,
): TableDefinition {
  const name = parseTableName(nameText);
  if ("problem" in name) throw new CliError(name.problem);
  return { name: name.full, schema: columnListOf(`table ${name.full}`, columns, isMapped) };
}

/**
 * Columns as they are written in CREATE TABLE.
 * @param what they are of, for the message.
 * @param isMapped see `parseColumnList`.
 * @throws CliError for columns that cannot be.
 */
export function columnListOf(what: string, columns: string, isMapped: boolean): StructType {
  try {
    return parseColumnList(columns, isMapped);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new CliError(`${what}: ${cause.message}`, {
      cause,
      hints: [
        "Columns are written as in CREATE TABLE: 'id BIGINT NOT NULL, name STRING, at TIMESTAMP'.",
      ],
    });
  }
}

/**
 * A type as it is written in CREATE TABLE.
 * @throws CliError for a text that is none.
 */
export function typeOf(text: string): DataType {
  try {
    return parseSqlType(text);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new CliError(`the type: ${cause.message}`, {
      cause,
      hints: ["Types are written as in CREATE TABLE: BIGINT, DOUBLE, 'DECIMAL(20,2)'."],
    });
  }
}

/**
 * Creates a table that is not there; one that is there must have the same columns.
 * @throws CliError when it has others.
 */
export async function ensureTable(
  catalog: Catalog,
  { name, schema }: TableDefinition,
): Promise<"created" | "existed"> {
  try {
    await catalog.create(name, schema);
    return "created";
  } catch (cause) {
    if (!(cause instanceof ServerError) || cause.code !== "already_exists") throw cause;
  }
  const existing = (await catalog.openTable(name)).snapshot().schema;
  const [wanted, found] = [columnsText(schema), columnsText(existing)];
  if (wanted === found) return "existed";
  throw new CliError(`table ${name} exists already with other columns`, {
    hints: [
      `wanted: ${wanted}`,
      `exists: ${found}`,
      "Choose another name, or ask for the columns it has.",
    ],
  });
}

/** Columns as they are written in CREATE TABLE. */
export function columnsText(schema: StructType): string {
  return schema.fields.map(sqlOfField).join(", ");
}
