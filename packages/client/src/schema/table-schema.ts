// SPDX-License-Identifier: Apache-2.0

/** The types without parts, by Delta's names: `integer` is SQL's INT, `long` is BIGINT. */
export type SimpleTypeName =
  | "string"
  | "boolean"
  | "byte"
  | "short"
  | "integer"
  | "long"
  | "float"
  | "double"
  | "binary"
  | "date"
  | "timestamp"
  | "timestamp_ntz"
  | "variant";

/** The type of a column, of a struct's field, of an array's element or of a map's key or value. */
export type ColumnType =
  | { readonly kind: SimpleTypeName }
  | { readonly kind: "varchar" | "char"; readonly maxCharacters: number }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "array"; readonly element: ColumnType; readonly containsNull: boolean }
  | {
      readonly kind: "map";
      readonly key: ColumnType;
      readonly value: ColumnType;
      readonly valueContainsNull: boolean;
    }
  | { readonly kind: "struct"; readonly fields: readonly Column[] };

/** A column of a table, or a field of a struct. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** `false` is NOT NULL. */
  readonly nullable: boolean;
  readonly comment?: string;
}

/** A table's columns in their order, as its records are made for. Plain data. */
export interface TableSchema {
  /** `catalog.schema.table` */
  readonly table: string;
  readonly columns: readonly Column[];
}

const SQL_NAMES: Readonly<Record<SimpleTypeName, string>> = {
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

/** A type as SQL, as in `DECIMAL(10,2)`, `STRUCT<a: INT NOT NULL, b: ARRAY<STRING>>`. */
export function sqlTypeText(type: ColumnType): string {
  switch (type.kind) {
    case "varchar":
    case "char":
      return `${type.kind.toUpperCase()}(${type.maxCharacters})`;
    case "decimal":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "array":
      return `ARRAY<${sqlTypeText(type.element)}>`;
    case "map":
      return `MAP<${sqlTypeText(type.key)}, ${sqlTypeText(type.value)}>`;
    case "struct":
      return `STRUCT<${type.fields.map(fieldText).join(", ")}>`;
    default:
      return SQL_NAMES[type.kind];
  }
}

function fieldText({ name, type, nullable }: Column): string {
  const quoted = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
  return `${quoted}: ${sqlTypeText(type)}${nullable ? "" : " NOT NULL"}`;
}
