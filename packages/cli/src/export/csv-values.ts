// SPDX-License-Identifier: Apache-2.0
import { type DataType, isoDateTimeOf, type StructField } from "@sluice/delta";
import { base64Of, jsonWriterOf } from "./json-values.ts";

/**
 * A line of CSV with the names of columns, or with a row (RFC 4180, lines ended by a line feed). NULL is an empty field,
 * an empty text is `""`. Values are written as in JSON, but texts without quotes of their own; STRUCT, ARRAY and MAP are
 * their JSON.
 */
export function csvHeaderOf(fields: readonly StructField[]): string {
  return `${fields.map(({ name }) => fieldText(name)).join(",")}\n`;
}

/** See {@link csvHeaderOf}. */
export function csvLineWriterOf(
  fields: readonly StructField[],
): (row: Readonly<Record<string, unknown>>) => string {
  const writers = fields.map(({ name, type }) => ({ name, write: csvWriterOf(type) }));
  return (row) => {
    let line = "";
    for (const [index, { name, write }] of writers.entries()) {
      const value = row[name];
      if (index > 0) line += ",";
      if (value !== null && value !== undefined) line += fieldText(write(value));
      // A line without anything is one that many readers pass over.
      else if (writers.length === 1) line += '""';
    }
    return `${line}\n`;
  };
}

function csvWriterOf(type: DataType): (value: unknown) => string {
  if (typeof type !== "string") return jsonWriterOf(type);
  switch (type) {
    case "timestamp":
      return (value) => `${isoDateTimeOf(value as bigint)}Z`;
    case "timestamp_ntz":
      return (value) => isoDateTimeOf(value as bigint);
    case "binary":
      return (value) => base64Of(value as Uint8Array);
    case "float":
    case "double":
      return (value) => (Object.is(value, -0) ? "-0.0" : String(value));
    default:
      return String;
  }
}

function fieldText(text: string): string {
  if (text !== "" && !/[",\r\n]|^\s|\s$/.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
