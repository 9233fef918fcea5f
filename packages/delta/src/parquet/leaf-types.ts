// SPDX-License-Identifier: Apache-2.0
import { type FlatKind, flatKindOf } from "../columns/flat-kinds.ts";
import { bytesOfPrecision, type DecimalFormat, decimalOf } from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";
import { CONVERTED_TYPE, type ConvertedType, PHYSICAL_TYPE, type PhysicalType } from "./format.ts";

/** The logical types of Parquet that Delta's mapping table uses. */
export type LogicalType =
  | { readonly kind: "string" }
  | { readonly kind: "map" }
  | { readonly kind: "list" }
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

export interface LeafType {
  readonly columnKind: FlatKind;
  readonly physicalType: PhysicalType;
  /** Bytes of each value of a FIXED_LEN_BYTE_ARRAY; 0 for the other physical types. */
  readonly typeLength: number;
  readonly convertedType: ConvertedType | null;
  readonly logicalType: LogicalType | null;
  readonly boundsFormat: BoundsFormat;
}

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

/** The leaf of a type without parts; `undefined` for the others. */
export function leafTypeOf(type: DataType): LeafType | undefined {
  if (typeof type !== "string") return undefined;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalLeaf(flatKindOf(type) as FlatKind, decimal);
  return Object.hasOwn(LEAF_TYPES, type) ? LEAF_TYPES[type] : undefined;
}

function decimalLeaf(columnKind: FlatKind, format: DecimalFormat): LeafType {
  const isLong = columnKind === "int128";
  const physicalType = isLong ? "fixedLengthByteArray" : columnKind === "int32" ? "int32" : "int64";
  return {
    ...leaf(columnKind, physicalType, "decimal", { kind: "decimal", ...format }, "decimal"),
    typeLength: isLong ? bytesOfPrecision(format.precision) : 0,
  };
}

function leaf(
  columnKind: FlatKind,
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
