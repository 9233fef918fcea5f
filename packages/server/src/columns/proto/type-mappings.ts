// SPDX-License-Identifier: Apache-2.0
import type { DataType } from "@sluice/delta";
import type { ProtoScalarType } from "../descriptor/descriptor-model.ts";
import { limitsOf } from "../value-limits.ts";
import type { ScalarOperation } from "./proto-field.ts";

export type Mapping = Readonly<Partial<Record<ProtoScalarType, ScalarOperation>>>;

const TO_INT: Mapping = { int32: "int32", sint32: "sint32", sfixed32: "sfixed32" };
const TO_LONG: Mapping = { int64: "int64", sint64: "sint64", sfixed64: "sfixed64" };

/**
 * Which protobuf types fill a column of each type. The first of each is the service's own mapping; the others hold no
 * value that the column cannot. A 64-bit or unsigned field that could overflow its column is refused rather than
 * checked record by record, and so is an enum: it does not say whether its number or its name is meant.
 */
const MAPPINGS: Readonly<Record<string, Mapping>> = {
  string: { string: "string" },
  binary: { bytes: "bytes" },
  boolean: { bool: "bool" },
  byte: TO_INT,
  short: TO_INT,
  integer: TO_INT,
  date: TO_INT,
  long: {
    ...TO_LONG,
    int32: "int32AsInt64",
    sint32: "sint32AsInt64",
    sfixed32: "sfixed32AsInt64",
    uint32: "uint32AsInt64",
    fixed32: "fixed32AsInt64",
  },
  timestamp: TO_LONG,
  timestamp_ntz: TO_LONG,
  float: { float: "float" },
  double: { double: "double", float: "floatAsDouble" },
};

const TO_DECIMAL: Mapping = { string: "decimal" };

export const WIRE_TYPES: Readonly<Record<ScalarOperation, number>> = {
  bool: 0,
  int32: 0,
  sint32: 0,
  int64: 0,
  sint64: 0,
  int32AsInt64: 0,
  sint32AsInt64: 0,
  uint32AsInt64: 0,
  sfixed64: 1,
  double: 1,
  string: 2,
  decimal: 2,
  bytes: 2,
  sfixed32: 5,
  sfixed32AsInt64: 5,
  fixed32AsInt64: 5,
  float: 5,
  floatAsDouble: 5,
};

/** Which protobuf types fill a column of this type, and how; none for a type with parts. */
export function mappingOf(type: DataType): Mapping {
  if (limitsOf(type, undefined).decimal !== undefined) return TO_DECIMAL;
  return typeof type === "string" ? (MAPPINGS[type] ?? {}) : {};
}
