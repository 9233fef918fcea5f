// SPDX-License-Identifier: Apache-2.0
import type { ColumnKind } from "../columns/block-builder.ts";
import { columnKindOf } from "../columns/column-specs.ts";
import { bytesOfPrecision, type DecimalFormat, decimalOf } from "../schema/decimal.ts";
import type { DataType, StructField, StructType } from "../schema/types.ts";
import {
  CONVERTED_TYPE,
  type ConvertedType,
  PHYSICAL_TYPE,
  type PhysicalType,
  REPETITION,
  type Repetition,
} from "./format.ts";

/** The logical types of Parquet that Delta's mapping table uses for leaves. */
export type LogicalType =
  | { readonly kind: "string" }
  | { readonly kind: "date" }
  | ({ readonly kind: "decimal" } & DecimalFormat)
  | { readonly kind: "timestampMicros"; readonly isAdjustedToUtc: boolean }
  | { readonly kind: "integer"; readonly bitWidth: 8 | 16 | 32 | 64 };

/** How the bounds of a leaf are written in Delta statistics; `none` where Delta keeps no bounds for the type. */
export type BoundsFormat =
  | "number"
  | "date"
  | "timestamp"
  | "timestampNtz"
  | "decimal"
  | "string"
  | "none";

interface LeafType {
  readonly columnKind: ColumnKind;
  readonly physicalType: PhysicalType;
  /** Bytes of each value of a FIXED_LEN_BYTE_ARRAY; 0 for the other physical types. */
  readonly typeLength: number;
  readonly convertedType: ConvertedType | null;
  readonly logicalType: LogicalType | null;
  readonly boundsFormat: BoundsFormat;
}

/** A node of the schema tree in depth-first order, as the footer lists it. */
export interface SchemaElement {
  readonly name: string;
  readonly repetition: Repetition;
  readonly fieldId: number | null;
  /** `null` for a group, whose children follow. */
  readonly leafType: LeafType | null;
  readonly childCount: number;
}

/** A column of values in the file: the path to it and how deep its levels go. */
export interface Leaf extends LeafType {
  readonly path: readonly string[];
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
}

export interface FileSchema {
  /** The root is not listed; its children are. */
  readonly elements: readonly SchemaElement[];
  readonly rootChildCount: number;
  /** In the order of the columns of a block. */
  readonly leaves: readonly Leaf[];
}

/** Metadata key by which a field carries its Parquet field id, for tables with column mapping. */
const FIELD_ID_KEY = "parquet.field.id";

/** Delta's "Data Type to Parquet Type Mappings", for the types that are one leaf. */
const LEAF_TYPES: Readonly<Partial<Record<string, LeafType>>> = {
  string: leaf("bytes", "byteArray", "utf8", { kind: "string" }, "string"),
  binary: leaf("bytes", "byteArray", null, null, "none"),
  boolean: leaf("boolean", "boolean", null, null, "none"),
  byte: leaf("int32", "int32", "int8", { kind: "integer", bitWidth: 8 }, "number"),
  short: leaf("int32", "int32", "int16", { kind: "integer", bitWidth: 16 }, "number"),
  integer: leaf("int32", "int32", "int32", { kind: "integer", bitWidth: 32 }, "number"),
  long: leaf("int64", "int64", "int64", { kind: "integer", bitWidth: 64 }, "number"),
  float: leaf("float", "float", null, null, "number"),
  double: leaf("double", "double", null, null, "number"),
  date: leaf("int32", "int32", "date", { kind: "date" }, "date"),
  timestamp: leaf("int64", "int64", "timestampMicros", timestampMicros(true), "timestamp"),
  // The converted type of format 1.0 means UTC, so a local timestamp has none.
  timestamp_ntz: leaf("int64", "int64", null, timestampMicros(false), "timestampNtz"),
};

/**
 * The Parquet schema of a Delta schema. Names are written as they are: for a table with column mapping, pass the
 * physical schema, each field with its id under the metadata key `parquet.field.id`.
 * @throws TypeError for a column that cannot be written: its type, or a name that is empty, used twice or not
 * well-formed Unicode.
 */
export function fileSchemaOf(schema: StructType): FileSchema {
  const names = new Set<string>();
  const elements: SchemaElement[] = [];
  const leaves: Leaf[] = [];
  for (const field of schema.fields) {
    checkName(field.name, names);
    const leafType = leafTypeOf(field.type);
    if (leafType === undefined) {
      throw new TypeError(
        `column ${JSON.stringify(field.name)} has type ${JSON.stringify(field.type)}, which cannot be written to Parquet`,
      );
    }
    elements.push({
      name: field.name,
      repetition: field.nullable ? REPETITION.optional : REPETITION.required,
      fieldId: fieldIdOf(field),
      leafType,
      childCount: 0,
    });
    leaves.push({
      ...leafType,
      path: [field.name],
      maxDefinitionLevel: field.nullable ? 1 : 0,
      maxRepetitionLevel: 0,
    });
  }
  return { elements, rootChildCount: schema.fields.length, leaves };
}

function leafTypeOf(type: DataType): LeafType | undefined {
  if (typeof type !== "string") return undefined;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalLeaf(columnKindOf(type) as ColumnKind, decimal);
  return Object.hasOwn(LEAF_TYPES, type) ? LEAF_TYPES[type] : undefined;
}

function decimalLeaf(columnKind: ColumnKind, format: DecimalFormat): LeafType {
  const isLong = columnKind === "int128";
  const physicalType = isLong ? "fixedLengthByteArray" : columnKind === "int32" ? "int32" : "int64";
  return {
    ...leaf(columnKind, physicalType, "decimal", { kind: "decimal", ...format }, "decimal"),
    typeLength: isLong ? bytesOfPrecision(format.precision) : 0,
  };
}

function checkName(name: string, names: Set<string>): void {
  if (name === "") throw new TypeError("a column name is empty; name every column");
  if (/\p{Surrogate}/u.test(name)) {
    throw new TypeError(`column name ${JSON.stringify(name)} has half a surrogate pair`);
  }
  if (names.has(name)) throw new TypeError(`column name ${JSON.stringify(name)} is used twice`);
  names.add(name);
}

function fieldIdOf(field: StructField): number | null {
  const fieldId = field.metadata[FIELD_ID_KEY];
  return typeof fieldId === "number" ? fieldId : null;
}

function leaf(
  columnKind: ColumnKind,
  physicalType: keyof typeof PHYSICAL_TYPE,
  convertedType: keyof typeof CONVERTED_TYPE | null,
  logicalType: LogicalType | null,
  boundsFormat: BoundsFormat,
): LeafType {
  return {
    columnKind,
    physicalType: PHYSICAL_TYPE[physicalType],
    typeLength: 0,
    convertedType: convertedType === null ? null : CONVERTED_TYPE[convertedType],
    logicalType,
    boundsFormat,
  };
}

function timestampMicros(isAdjustedToUtc: boolean): LogicalType {
  return { kind: "timestampMicros", isAdjustedToUtc };
}
