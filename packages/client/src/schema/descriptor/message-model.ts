// SPDX-License-Identifier: Apache-2.0
import type { ValueRule } from "../encode/value-rule.ts";

/** The scalar types of protobuf, by the names of the language. */
export type ProtoScalar =
  | "double"
  | "float"
  | "int64"
  | "uint64"
  | "int32"
  | "fixed64"
  | "fixed32"
  | "bool"
  | "string"
  | "bytes"
  | "uint32"
  | "sfixed32"
  | "sfixed64"
  | "sint32"
  | "sint64";

export interface EnumModel {
  readonly kind: "enum";
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
}

/** A message type with all its references resolved. Messages that contain themselves are cyclic objects. */
export interface MessageModel {
  readonly kind: "message";
  /** The last part of its full name. */
  readonly name: string;
  readonly fields: readonly FieldModel[];
  /** Types declared inside of it. */
  readonly nested: readonly MessageModel[];
  readonly enums: readonly EnumModel[];
  /** Whether it is the entry of a map field: key 1, value 2. */
  readonly isMapEntry: boolean;
  /** Properties of a record that are neither columns nor unknown. */
  readonly ignoredKeys?: readonly string[];
  /** Whether a property counts only where it is a record's own: message classes inherit the defaults of their fields. */
  readonly ownKeysOnly?: boolean;
}

export interface ScalarModel {
  readonly kind: "scalar";
  readonly scalar: ProtoScalar;
  /** How a value of a record becomes one of the scalar. */
  readonly rule: ValueRule;
}

export interface FieldModel {
  /** The column's name, which the descriptor carries. */
  readonly name: string;
  /** The property of a record that holds the value. */
  readonly key: string;
  /** 1 to 2^29 - 1. */
  readonly number: number;
  readonly label: "optional" | "required" | "repeated";
  /** Whether repeated scalars are written as one field. */
  readonly isPacked: boolean;
  readonly type: ScalarModel | MessageModel | EnumModel;
}

/** `FieldDescriptorProto.Type` of each scalar. */
export const SCALAR_NUMBERS: Readonly<Record<ProtoScalar, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};

export const TYPE_GROUP = 10;
export const TYPE_MESSAGE = 11;
export const TYPE_ENUM = 14;

export const SCALARS_BY_NUMBER: ReadonlyMap<number, ProtoScalar> = new Map(
  (Object.keys(SCALAR_NUMBERS) as ProtoScalar[]).map((scalar) => [SCALAR_NUMBERS[scalar], scalar]),
);

/** Wire type of each scalar where it stands alone. */
export const SCALAR_WIRE_TYPES: Readonly<Record<ProtoScalar, 0 | 1 | 2 | 5>> = {
  double: 1,
  float: 5,
  int64: 0,
  uint64: 0,
  int32: 0,
  fixed64: 1,
  fixed32: 5,
  bool: 0,
  string: 2,
  bytes: 2,
  uint32: 0,
  sfixed32: 5,
  sfixed64: 1,
  sint32: 0,
  sint64: 0,
};

/** The name that protobuf prescribes for the entry of a map field, as in `MyTagsEntry` for `my_tags`. */
export function mapEntryNameOf(field: string): string {
  return `${pascalCase(field)}Entry`;
}

/** A name in the style of message types; characters that names cannot have are left out. */
export function pascalCase(name: string): string {
  const text = name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9]?)/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
  return /^[A-Za-z]/.test(text) ? text : `M${text}`;
}
