// SPDX-License-Identifier: Apache-2.0
import type { ProtoScalar } from "../descriptor/message-model.ts";
import type { ColumnType } from "../table-schema.ts";

/** Which JavaScript values a column or a protobuf scalar takes, and what they stand for. */
export type ValueRule =
  | { readonly kind: "boolean" }
  /** A whole number in a range that a double holds. */
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  /** A whole number of 64 bits. */
  | { readonly kind: "long"; readonly isUnsigned: boolean }
  | { readonly kind: "float" }
  | { readonly kind: "double" }
  /** `maxCharacters` counts code points; 0 is no limit. */
  | { readonly kind: "text"; readonly maxCharacters: number }
  | { readonly kind: "bytes" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "date" }
  | { readonly kind: "timestamp"; readonly hasZone: boolean }
  | { readonly kind: "variant" }
  | { readonly kind: "enum"; readonly numbers: ReadonlyMap<string, number> };

const INT32: ValueRule = { kind: "integer", min: -2_147_483_648, max: 2_147_483_647 };
const UINT32: ValueRule = { kind: "integer", min: 0, max: 4_294_967_295 };
const INT64: ValueRule = { kind: "long", isUnsigned: false };
const UINT64: ValueRule = { kind: "long", isUnsigned: true };

/** The rule of a column's type; none for a type with parts. */
export function ruleOfType(type: ColumnType): ValueRule | undefined {
  switch (type.kind) {
    case "string":
      return { kind: "text", maxCharacters: 0 };
    case "varchar":
    case "char":
      return { kind: "text", maxCharacters: type.maxCharacters };
    case "boolean":
    case "float":
    case "double":
    case "date":
    case "variant":
      return { kind: type.kind };
    case "byte":
      return { kind: "integer", min: -128, max: 127 };
    case "short":
      return { kind: "integer", min: -32_768, max: 32_767 };
    case "integer":
      return INT32;
    case "long":
      return INT64;
    case "binary":
      return { kind: "bytes" };
    case "timestamp":
    case "timestamp_ntz":
      return { kind: "timestamp", hasZone: type.kind === "timestamp" };
    case "decimal":
      return { kind: "decimal", precision: type.precision, scale: type.scale };
    case "array":
    case "map":
    case "struct":
      return undefined;
  }
}

/** The rule of a protobuf scalar of which nothing else is known. */
export function ruleOfScalar(scalar: ProtoScalar): ValueRule {
  switch (scalar) {
    case "bool":
      return { kind: "boolean" };
    case "string":
      return { kind: "text", maxCharacters: 0 };
    case "bytes":
      return { kind: "bytes" };
    case "float":
    case "double":
      return { kind: scalar };
    case "int32":
    case "sint32":
    case "sfixed32":
      return INT32;
    case "uint32":
    case "fixed32":
      return UINT32;
    case "int64":
    case "sint64":
    case "sfixed64":
      return INT64;
    case "uint64":
    case "fixed64":
      return UINT64;
  }
}

/** The protobuf scalar that the service maps a type to. */
export function scalarOfRule(rule: ValueRule): ProtoScalar {
  switch (rule.kind) {
    case "boolean":
      return "bool";
    case "integer":
    case "date":
    case "enum":
      return "int32";
    case "long":
    case "timestamp":
      return "int64";
    case "float":
    case "double":
      return rule.kind;
    case "text":
    case "decimal":
    case "variant":
      return "string";
    case "bytes":
      return "bytes";
  }
}

/** What a rule takes, to end the sentence "expected ...". */
export function expectationOf(rule: ValueRule): string {
  switch (rule.kind) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${rule.min} to ${rule.max}`;
    case "long":
      return rule.isUnsigned
        ? "a whole number from 0 to 2^64 - 1: a safe integer, a bigint or a string of digits"
        : "a whole number of 64 bits: a safe integer, a bigint or a string of digits";
    case "float":
      return "a number in the range of FLOAT";
    case "double":
      return "a number";
    case "text":
      return rule.maxCharacters === 0
        ? "a string"
        : `a string of at most ${rule.maxCharacters} characters`;
    case "bytes":
      return "a Uint8Array";
    case "decimal":
      return `a decimal number, as a string or number, of at most ${rule.precision - rule.scale} digits before the point and ${rule.scale} behind it`;
    case "date":
      return "a date of the years 1 to 9999: a string such as 2024-02-29, a Date at midnight UTC, or days since 1970-01-01";
    case "timestamp":
      return rule.hasZone
        ? "a time of the years 1 to 9999: a Date, microseconds since 1970 as a number or bigint, or a string such as 2024-02-29T10:00:00Z"
        : "a time of the years 1 to 9999 without a zone: a string such as 2024-02-29T10:00:00, a Date by its UTC clock, or microseconds since 1970 as a number or bigint";
    case "variant":
      return "a value that JSON has";
    case "enum":
      return "the name or number of an enum value";
  }
}
