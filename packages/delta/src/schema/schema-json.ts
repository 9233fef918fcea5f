// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { isDecimalTypeName, isPrimitiveTypeName } from "./type-names.ts";
import type { ArrayType, DataType, MapType, StructField, StructType } from "./types.ts";

/** Types nest at most this deep, so that a hostile schema cannot exhaust the stack. */
export const MAX_TYPE_DEPTH = 100;

/** The schema as the one-line JSON text that `metaData.schemaString` holds. */
export function printSchemaString(schema: StructType): string {
  return JSON.stringify(schema);
}

/**
 * Reads `metaData.schemaString` ("Schema Serialization Format" of the protocol). Unknown keys are left out; a type that
 * this library does not know is an error, since its files could not be read or written rightly.
 * @throws DeltaError `invalid_argument` where the text is not a schema, `unsupported` for an unknown type; both name
 *   the column by its path.
 */
export function parseSchemaString(text: string): StructType {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DeltaError("invalid_argument", "the schema is not valid JSON", { cause });
  }
  const type = parseType(value, [], 0);
  if (typeof type === "string" || type.type !== "struct") {
    throw malformed([], `must be of type "struct", not ${printShort(value)}`);
  }
  return type;
}

type Path = readonly string[];

function parseType(value: unknown, path: Path, depth: number): DataType {
  if (depth > MAX_TYPE_DEPTH) {
    throw malformed(path.slice(0, 4), `nests more than ${MAX_TYPE_DEPTH} types`);
  }
  if (typeof value === "string") return parseTypeName(value, path);
  if (!isRecord(value)) throw malformed(path, `has ${printShort(value)} where a type belongs`);
  switch (value["type"]) {
    case "struct":
      return parseStruct(value, path, depth);
    case "array":
      return parseArray(value, path, depth);
    case "map":
      return parseMap(value, path, depth);
    default:
      if (typeof value["type"] !== "string") throw malformed(path, "has a type without a name");
      throw new DeltaError(
        "unsupported",
        `${columnText(path)} has type ${printShort(value["type"])}, which is not supported`,
        { details: { column: path.join(".") } },
      );
  }
}

function parseTypeName(name: string, path: Path): DataType {
  if (isPrimitiveTypeName(name) || isDecimalTypeName(name)) return name;
  throw new DeltaError(
    "unsupported",
    `${columnText(path)} has type ${printShort(name)}, which is not supported`,
    { details: { column: path.join("."), type: name } },
  );
}

function parseStruct(value: JsonObject, path: Path, depth: number): StructType {
  const { fields } = value;
  if (!Array.isArray(fields)) throw malformed(path, `has no list "fields"`);
  return {
    type: "struct",
    fields: fields.map((field: unknown, index) => parseField(field, path, index, depth)),
  };
}

function parseField(value: unknown, parent: Path, index: number, depth: number): StructField {
  if (!isRecord(value)) throw malformed(parent, `has ${printShort(value)} as field ${index}`);
  const { name, nullable } = value;
  if (typeof name !== "string") throw malformed(parent, `has no name in field ${index}`);
  const path = [...parent, name];
  if (typeof nullable !== "boolean") {
    throw malformed(path, `has nullable ${printShort(nullable)}, which must be true or false`);
  }
  const metadata = value["metadata"] ?? {};
  if (!isRecord(metadata)) {
    throw malformed(path, `has metadata ${printShort(metadata)}, which must be an object`);
  }
  return { name, type: parseType(value["type"], path, depth + 1), nullable, metadata };
}

function parseArray(value: JsonObject, path: Path, depth: number): ArrayType {
  const { containsNull } = value;
  if (typeof containsNull !== "boolean") {
    throw malformed(path, `has containsNull ${printShort(containsNull)}, not true or false`);
  }
  const elementType = parseType(value["elementType"], [...path, "element"], depth + 1);
  return { type: "array", elementType, containsNull };
}

function parseMap(value: JsonObject, path: Path, depth: number): MapType {
  const { valueContainsNull } = value;
  if (typeof valueContainsNull !== "boolean") {
    throw malformed(
      path,
      `has valueContainsNull ${printShort(valueContainsNull)}, not true or false`,
    );
  }
  return {
    type: "map",
    keyType: parseType(value["keyType"], [...path, "key"], depth + 1),
    valueType: parseType(value["valueType"], [...path, "value"], depth + 1),
    valueContainsNull,
  };
}

interface JsonObject {
  readonly [key: string]: unknown;
  readonly type?: unknown;
  readonly fields?: unknown;
  readonly name?: unknown;
  readonly nullable?: unknown;
  readonly containsNull?: unknown;
  readonly valueContainsNull?: unknown;
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(path: Path, problem: string): DeltaError {
  return new DeltaError("invalid_argument", `${columnText(path)} ${problem}`, {
    details: { column: path.join(".") },
  });
}

function columnText(path: Path): string {
  return path.length === 0 ? "the schema" : `column ${JSON.stringify(path.join("."))}`;
}

/** A value for an error message, cut short. */
function printShort(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
