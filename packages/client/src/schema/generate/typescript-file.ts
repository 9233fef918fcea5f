// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import { pascalCase } from "../descriptor/message-model.ts";
import { type Column, type ColumnType, sqlTypeText, type TableSchema } from "../table-schema.ts";

export interface TypeScriptOptions {
  /** The interface's name. @default the table's in the style of types, `Events` for `main.default.events` */
  readonly name?: string;
}

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/**
 * The text of a TypeScript file with the interface of a table's records: for each column the values that the encoders
 * take. Nullable columns may be left out. VARCHAR limits, ranges and scales are checked when a record is encoded.
 */
export function typeScriptOf(schema: TableSchema, options: TypeScriptOptions = {}): string {
  const name = options.name ?? pascalCase(schema.table.split(".").at(-1) ?? "");
  if (!IDENTIFIER.test(name)) {
    throw new ZerobusError("invalid_argument", `${JSON.stringify(name)} is not a type's name`);
  }
  const usesJson = schema.columns.some(({ type }) => hasVariant(type));
  const lines = [
    `/** A record of the table ${commentText(schema.table)}. */`,
    `export interface ${name} {`,
    ...schema.columns.flatMap((column) => memberLines(column, "  ")),
    "}",
    ...(usesJson ? ["", ...JSON_VALUE_LINES] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const JSON_VALUE_LINES = [
  "/** A value that JSON has. */",
  "export type JsonValue =",
  "  | string",
  "  | number",
  "  | boolean",
  "  | null",
  "  | readonly JsonValue[]",
  "  | { readonly [key: string]: JsonValue };",
];

function memberLines({ name, type, nullable, comment }: Column, indent: string): string[] {
  const key = IDENTIFIER.test(name) && name !== "__proto__" ? name : propertyText(name);
  const said = comment === undefined ? "" : ` ${commentText(comment)}`;
  return [
    `${indent}/** ${commentText(sqlTypeText(type))}${nullable ? "" : " NOT NULL"}.${said} */`,
    `${indent}${key}${nullable ? "?" : ""}: ${typeText(type, indent)}${nullable ? " | null" : ""};`,
  ];
}

/** A name in quotes. In brackets `__proto__` is a property like any other. */
function propertyText(name: string): string {
  const text = JSON.stringify(name).replaceAll(
    /[\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );
  return name === "__proto__" ? `[${text}]` : text;
}

function typeText(type: ColumnType, indent: string): string {
  switch (type.kind) {
    case "boolean":
      return "boolean";
    case "string":
    case "varchar":
    case "char":
      return "string";
    case "byte":
    case "short":
    case "integer":
      return "number | bigint";
    case "long":
      return "number | bigint | string";
    case "float":
    case "double":
      return "number";
    case "decimal":
      return "string | number | bigint";
    case "binary":
      return "Uint8Array";
    case "date":
      return "Date | number | string";
    case "timestamp":
    case "timestamp_ntz":
      return "Date | number | bigint | string";
    case "variant":
      return "JsonValue";
    case "array": {
      const element = typeText(type.element, indent) + (type.containsNull ? " | null" : "");
      return `readonly (${element})[]`;
    }
    case "map":
      return mapText(type, indent);
    case "struct": {
      const lines = type.fields.flatMap((field) => memberLines(field, `${indent}  `));
      return `{\n${lines.join("\n")}\n${indent}}`;
    }
  }
}

function mapText(type: ColumnType & { kind: "map" }, indent: string): string {
  const value = typeText(type.value, indent) + (type.valueContainsNull ? " | null" : "");
  const key = typeText(type.key, indent);
  return `ReadonlyMap<${key}, ${value}> | { readonly [key: string]: ${value} }`;
}

function hasVariant(type: ColumnType): boolean {
  switch (type.kind) {
    case "variant":
      return true;
    case "array":
      return hasVariant(type.element);
    case "map":
      return hasVariant(type.value);
    case "struct":
      return type.fields.some((field) => hasVariant(field.type));
    default:
      return false;
  }
}

/** Text that does not end the comment it stands in, nor the line. */
function commentText(text: string): string {
  return text
    .replaceAll(/[\p{Control}\u2028\u2029]+/gu, " ")
    .replaceAll("*/", "*\\/")
    .trim();
}
