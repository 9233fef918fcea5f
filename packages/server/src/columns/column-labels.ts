// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructField } from "@sluice/delta";
import { declaredTypeOf } from "./value-limits.ts";

const SQL_NAMES: Readonly<Record<string, string>> = {
  string: "STRING",
  boolean: "BOOLEAN",
  byte: "TINYINT",
  short: "SMALLINT",
  integer: "INT",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  binary: "BINARY",
  date: "DATE",
  timestamp: "TIMESTAMP",
  timestamp_ntz: "TIMESTAMP_NTZ",
  variant: "VARIANT",
};

/** Longest name or value quoted in a message, in UTF-16 units. */
const MAX_QUOTED_LENGTH = 80;

/** A type as users write it, for messages; a nested type by its kind. */
export function sqlNameOf(type: DataType): string {
  if (typeof type !== "string") return type.type.toUpperCase();
  return Object.hasOwn(SQL_NAMES, type) ? (SQL_NAMES[type] as string) : type.toUpperCase();
}

/** The type that a column was declared with, as users write it. */
export function sqlNameOfField(field: StructField): string {
  return declaredTypeOf(field)?.toUpperCase() ?? sqlNameOf(field.type);
}

/** A name or value from outside, quoted, escaped and shortened for a message. */
export function quoted(text: string): string {
  if (text.length <= MAX_QUOTED_LENGTH) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, MAX_QUOTED_LENGTH))}...`;
}
