// SPDX-License-Identifier: Apache-2.0
import { type DataType, isoDateTimeOf, type StructField } from "@sluice/delta";

/** Makes the JSON text of a value of a table. */
export type JsonWriter = (value: unknown) => string;

/**
 * How values of a type become JSON, without a loss. `null` for NULL.
 *
 * | column | JSON |
 * |---|---|
 * | TINYINT, SMALLINT, INT, BIGINT | a number with all its digits |
 * | FLOAT, DOUBLE | a number that reads back as the same one; `"NaN"`, `"Infinity"`, `"-Infinity"` |
 * | DECIMAL | a string with all digits of its scale |
 * | DATE | `"2024-01-31"`; years outside 0 to 9999 with a sign and six digits |
 * | TIMESTAMP | `"2024-01-31T10:20:30.123456Z"`, without the fraction where it is 0 |
 * | TIMESTAMP_NTZ | the same without the `Z` |
 * | BINARY | base64 |
 * | STRUCT, ARRAY | object, array |
 * | MAP | object; keys that are no strings are their JSON text |
 * | VARIANT | the value itself; what JSON has no form for is a string |
 */
export function jsonWriterOf(type: DataType): JsonWriter {
  const write = presentWriterOf(type);
  return (value) => (value === null || value === undefined ? "null" : write(value));
}

/** Writes an object with these fields. */
export function objectWriterOf(
  fields: readonly StructField[],
): (row: Readonly<Record<string, unknown>>) => string {
  const members = fields.map(({ name, type }) => ({
    name,
    key: `${JSON.stringify(name)}:`,
    write: jsonWriterOf(type),
  }));
  return (row) => {
    let text = "";
    for (const { name, key, write } of members) {
      text += `${text === "" ? "{" : ","}${key}${write(row[name])}`;
    }
    return text === "" ? "{}" : `${text}}`;
  };
}

function presentWriterOf(type: DataType): JsonWriter {
  if (typeof type !== "string") {
    switch (type.type) {
      case "struct": {
        const write = objectWriterOf(type.fields);
        return (value) => write(value as Readonly<Record<string, unknown>>);
      }
      case "array": {
        const write = jsonWriterOf(type.elementType);
        return (value) => `[${(value as readonly unknown[]).map(write).join(",")}]`;
      }
      case "map":
        return mapWriterOf(jsonWriterOf(type.keyType), jsonWriterOf(type.valueType));
    }
  }
  switch (type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
    case "boolean":
    case "variant":
      return String;
    case "float":
    case "double":
      return (value) =>
        Number.isFinite(value) ? numberText(value as number) : `"${String(value)}"`;
    case "timestamp":
      return (value) => `"${isoDateTimeOf(value as bigint)}Z"`;
    case "timestamp_ntz":
      return (value) => `"${isoDateTimeOf(value as bigint)}"`;
    case "binary":
      return (value) => `"${base64Of(value as Uint8Array)}"`;
    default:
      return (value) => JSON.stringify(value);
  }
}

/** `String(-0)` loses the sign. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

export function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

function mapWriterOf(writeKey: JsonWriter, writeValue: JsonWriter): JsonWriter {
  return (value) => {
    const members = [...(value as ReadonlyMap<unknown, unknown>)].map(([key, member]) => {
      const text = writeKey(key);
      return `${text.startsWith('"') ? text : JSON.stringify(text)}:${writeValue(member)}`;
    });
    return `{${members.join(",")}}`;
  };
}
