// SPDX-License-Identifier: Apache-2.0
import {
  CHAR_VARCHAR_METADATA_KEY,
  COLUMN_DEFAULT_METADATA_KEY,
  type DataType,
  type StructField,
  type StructType,
  sqlTypeOf,
} from "@sluice/delta";
import { textTable, type TextTableOptions } from "../../terminal/text-table.ts";

/** A column of a table, or a field inside of one, as a program reads it. */
export interface DescribedColumn {
  readonly name: string;
  /** As in CREATE TABLE, with all that is in it. */
  readonly type: string;
  readonly nullable: boolean;
  /** What a row has that does not give it, in SQL; or how it is computed. */
  readonly default: string | null;
  readonly comment: string | null;
}

export function describedColumns({ fields }: StructType): DescribedColumn[] {
  return fields.map((field) => ({
    name: field.name,
    type: typeText(field),
    nullable: field.nullable,
    default: defaultText(field) ?? null,
    comment: commentOf(field) ?? null,
  }));
}

/** Lines with a column each, and the parts of its type below it. */
export function columnTree({ fields }: StructType, options: TextTableOptions): string[] {
  const rows = fields.flatMap((field) => rowsOf(field, 0));
  const titles = ["column", "type", "", "default", "comment"];
  // Titles of what no column has would only take room.
  const used = titles.flatMap((title, index) =>
    index < 2 || rows.some((row) => row[index] !== "") ? [{ title, index }] : [],
  );
  return textTable(
    used.map(({ title }) => ({ title })),
    rows.map((row) => used.map(({ index }) => row[index] ?? "")),
    options,
  );
}

function rowsOf(field: StructField, depth: number): string[][] {
  const { name, type, nullable } = field;
  const own = [
    `${"  ".repeat(depth)}${name}`,
    typeof type === "object" && hasFields(type) ? type.type.toUpperCase() : typeText(field),
    nullable ? "" : "NOT NULL",
    defaultText(field) ?? "",
    commentOf(field) ?? "",
  ];
  return [own, ...partsOf(type).flatMap((part) => rowsOf(part, depth + 1))];
}

/** The parts of a type that has a STRUCT in it, as fields. Other types say all in one line. */
function partsOf(type: DataType): readonly StructField[] {
  if (typeof type === "string" || !hasFields(type)) return [];
  switch (type.type) {
    case "struct":
      return type.fields;
    case "array":
      return [partOf("element", type.elementType, type.containsNull)];
    case "map":
      return [
        partOf("key", type.keyType, false),
        partOf("value", type.valueType, type.valueContainsNull),
      ];
  }
}

function hasFields(type: DataType): boolean {
  if (typeof type === "string") return false;
  switch (type.type) {
    case "struct":
      return true;
    case "array":
      return hasFields(type.elementType);
    case "map":
      return hasFields(type.keyType) || hasFields(type.valueType);
  }
}

function partOf(name: string, type: DataType, nullable: boolean): StructField {
  return { name, type, nullable, metadata: {} };
}

/** VARCHAR(n) and CHAR(n) are STRING columns that say so in their metadata. */
function typeText({ type, metadata }: StructField): string {
  const declared = metadata[CHAR_VARCHAR_METADATA_KEY];
  return typeof declared === "string" ? declared.toUpperCase() : sqlTypeOf(type);
}

function defaultText({ metadata }: StructField): string | undefined {
  const generation = metadata["delta.generationExpression"];
  if (typeof generation === "string") return `GENERATED AS (${generation})`;
  if (metadata["delta.identity.start"] !== undefined) return "IDENTITY";
  const text = metadata[COLUMN_DEFAULT_METADATA_KEY];
  return typeof text === "string" ? text : undefined;
}

function commentOf({ metadata: { comment } }: StructField): string | undefined {
  return typeof comment === "string" && comment !== "" ? comment : undefined;
}
