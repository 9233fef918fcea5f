// SPDX-License-Identifier: Apache-2.0
import { SQL_NAMES } from "./type-names.ts";
import type { DataType, PrimitiveTypeName, StructField } from "./types.ts";

/**
 * The key of a field's metadata under which the declared type stands where it has VARCHAR(n) or CHAR(n) in it: Delta
 * has no such types, so the column itself is STRING. The value is the lower-case SQL text of the whole type.
 */
export const CHAR_VARCHAR_METADATA_KEY = "__CHAR_VARCHAR_TYPE_STRING";

/** A type as SQL, as in `BIGINT`, `DECIMAL(10,2)`, `STRUCT<a: INT NOT NULL, b: ARRAY<STRING>>`. */
export function sqlTypeOf(type: DataType): string {
  if (typeof type === "string") {
    const names = SQL_NAMES[type as PrimitiveTypeName];
    return names === undefined ? type.toUpperCase() : names[0];
  }
  switch (type.type) {
    case "array":
      return `ARRAY<${sqlTypeOf(type.elementType)}>`;
    case "map":
      return `MAP<${sqlTypeOf(type.keyType)}, ${sqlTypeOf(type.valueType)}>`;
    case "struct":
      return `STRUCT<${type.fields.map(nestedFieldSql).join(", ")}>`;
  }
}

/**
 * A type in the lower-case form that catalogs give (`type_text` of Unity Catalog), as in `bigint`,
 * `struct<a:int,b:array<string>>`.
 */
export function catalogTypeOf(type: DataType): string {
  if (typeof type === "string") {
    const names = SQL_NAMES[type as PrimitiveTypeName];
    return names === undefined ? type : names[0].toLowerCase();
  }
  switch (type.type) {
    case "array":
      return `array<${catalogTypeOf(type.elementType)}>`;
    case "map":
      return `map<${catalogTypeOf(type.keyType)},${catalogTypeOf(type.valueType)}>`;
    case "struct":
      return `struct<${type.fields.map((field) => `${quoteName(field.name)}:${catalogTypeOf(field.type)}`).join(",")}>`;
  }
}

/** As {@link catalogTypeOf}, but with the declared type of a VARCHAR(n) or CHAR(n) column. */
export function catalogTypeOfField(field: StructField): string {
  const declared = field.metadata[CHAR_VARCHAR_METADATA_KEY];
  return typeof declared === "string" ? declared : catalogTypeOf(field.type);
}

/** The upper-case name of a type's kind that catalogs give (`type_name` of Unity Catalog), as in `LONG`, `STRUCT`. */
export function catalogTypeNameOf(type: DataType): string {
  if (typeof type !== "string") return type.type.toUpperCase();
  if (type.startsWith("decimal")) return "DECIMAL";
  return type === "integer" ? "INT" : type.toUpperCase();
}

/** A whole column definition as SQL, as in `` `my column` VARCHAR(10) NOT NULL COMMENT 'it''s' ``. */
export function sqlOfField(field: StructField): string {
  const declared = field.metadata[CHAR_VARCHAR_METADATA_KEY];
  const type = typeof declared === "string" ? declared : sqlTypeOf(field.type);
  return `${quoteName(field.name)} ${type}${constraintsSql(field)}`;
}

/** A name as it must be written in SQL: plain where it can be, backquoted elsewhere. */
export function quoteName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

function nestedFieldSql(field: StructField): string {
  return `${quoteName(field.name)}: ${sqlTypeOf(field.type)}${constraintsSql(field)}`;
}

function constraintsSql(field: StructField): string {
  const comment = field.metadata["comment"];
  const commentSql =
    typeof comment === "string" ? ` COMMENT '${comment.replaceAll("'", "''")}'` : "";
  return `${field.nullable ? "" : " NOT NULL"}${commentSql}`;
}
