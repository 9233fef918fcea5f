// SPDX-License-Identifier: Apache-2.0

/**
 * Delta's schema model, in the words and the JSON shape of the protocol ("Schema Serialization Format"): a value of
 * these types, passed to `JSON.stringify`, is a valid `metaData.schemaString`.
 */

/** The primitive type names of the Delta protocol. `integer` is SQL's INT, `long` is BIGINT. */
export type PrimitiveTypeName =
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

/** `decimal(precision,scale)`, 1 <= precision <= 38, 0 <= scale <= precision. */
export type DecimalTypeName = `decimal(${number},${number})`;

export interface ArrayType {
  readonly type: "array";
  readonly elementType: DataType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly type: "map";
  readonly keyType: DataType;
  readonly valueType: DataType;
  readonly valueContainsNull: boolean;
}

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type DataType = PrimitiveTypeName | DecimalTypeName | ArrayType | MapType | StructType;
