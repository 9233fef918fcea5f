// SPDX-License-Identifier: Apache-2.0
import { parseTypeText } from "./parse-type-text.ts";
import { MAX_TYPE_DEPTH } from "./simple-types.ts";
import type { Column, ColumnType } from "./table-schema.ts";

/** Where Spark keeps the declared type of a VARCHAR(n) or CHAR(n) field, which is a string otherwise. */
const DECLARED_TYPE_KEY = "__CHAR_VARCHAR_TYPE_STRING";

/** What {@link parseTypeJson} found; a field carries more than its type. */
export interface TypeJson {
  readonly type: ColumnType;
  readonly nullable: boolean | undefined;
  readonly comment: string | undefined;
}

/**
 * Reads a type in the JSON form of Delta and Spark ("Schema Serialization Format" of the Delta protocol), alone or as
 * the field that has it: Unity Catalog's `type_json` occurs as both.
 * @returns a text that says what is wrong where it is not one
 */
export function parseTypeJson(text: string): TypeJson | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  try {
    if (isObject(value) && typeof value["name"] === "string") {
      const { type, nullable, comment } = fieldOf(value, [], 0);
      const isStated = typeof value["nullable"] === "boolean";
      return { type, nullable: isStated ? nullable : undefined, comment };
    }
    return { type: typeOf(value, [], 1), nullable: undefined, comment: undefined };
  } catch (error) {
    if (error instanceof UnreadableType) return error.message;
    throw error;
  }
}

class UnreadableType extends Error {}

type JsonObject = Readonly<Record<string, unknown>>;
type Path = readonly string[];

function typeOf(value: unknown, path: Path, depth: number): ColumnType {
  if (depth > MAX_TYPE_DEPTH) throw problem([], `nests more than ${MAX_TYPE_DEPTH} types`);
  if (typeof value === "string") {
    const type = parseTypeText(value);
    if (typeof type === "string") throw problem(path, `has the unknown type ${shown(value)}`);
    return type;
  }
  if (!isObject(value)) throw problem(path, `has ${shown(value)} where a type belongs`);
  switch (value["type"]) {
    case "struct": {
      const { fields } = value as { readonly fields?: unknown };
      if (!Array.isArray(fields)) throw problem(path, "has no list of fields");
      return {
        kind: "struct",
        fields: fields.map((field: unknown) => fieldOf(field, path, depth)),
      };
    }
    case "array":
      return {
        kind: "array",
        element: typeOf(value["elementType"], [...path, "element"], depth + 1),
        containsNull: value["containsNull"] !== false,
      };
    case "map":
      return {
        kind: "map",
        key: typeOf(value["keyType"], [...path, "key"], depth + 1),
        value: typeOf(value["valueType"], [...path, "value"], depth + 1),
        valueContainsNull: value["valueContainsNull"] !== false,
      };
    default:
      throw problem(path, `has the unknown type ${shown(value["type"])}`);
  }
}

function fieldOf(value: unknown, parent: Path, depth: number): Column {
  if (!isObject(value) || typeof value["name"] !== "string") {
    throw problem(parent, `has ${shown(value)} where a field belongs`);
  }
  const path = depth === 0 && parent.length === 0 ? [] : [...parent, value["name"]];
  const metadata = isObject(value["metadata"]) ? value["metadata"] : {};
  const stored = typeOf(value["type"], path, depth + 1);
  const type = stored.kind === "string" ? (boundedTextOf(metadata) ?? stored) : stored;
  const { comment } = metadata as { readonly comment?: unknown };
  return {
    name: value["name"],
    type,
    nullable: value["nullable"] !== false,
    ...(typeof comment === "string" ? { comment } : {}),
  };
}

function boundedTextOf(metadata: JsonObject): ColumnType | undefined {
  const declared = metadata[DECLARED_TYPE_KEY];
  const type = typeof declared === "string" ? parseTypeText(declared) : "";
  if (typeof type === "string") return undefined;
  return type.kind === "varchar" || type.kind === "char" ? type : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(path: Path, text: string): UnreadableType {
  const where = path.length === 0 ? "it" : `its part ${JSON.stringify(path.join("."))}`;
  return new UnreadableType(`${where} ${text}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
