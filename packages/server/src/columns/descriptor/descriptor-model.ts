// SPDX-License-Identifier: Apache-2.0

/** The scalar types of protobuf, by the names of the language. */
export type ProtoScalarType =
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

export type ProtoFieldType =
  | { readonly kind: "scalar"; readonly scalar: ProtoScalarType }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "message"; readonly message: MessageModel };

export interface FieldModel {
  readonly name: string;
  /** 1 to 2^29 - 1. */
  readonly number: number;
  readonly type: ProtoFieldType;
  readonly isRepeated: boolean;
  /** Whether proto2 `required` was written; only the table decides what a record must contain. */
  readonly isRequired: boolean;
  /** Index of the `oneof` whose members exclude each other; a proto3 `optional` field has none. */
  readonly oneofIndex: number | undefined;
}

export interface MessageModel {
  /** The message's path below the root, e.g. `Order` or `Order.Item`. */
  readonly name: string;
  readonly fields: readonly FieldModel[];
  /** Whether this is the entry type of a map field (key 1, value 2). */
  readonly isMapEntry: boolean;
}

/** A stream's descriptor with every type name resolved. Messages that contain themselves are cyclic objects. */
export interface DescriptorModel {
  readonly kind: "descriptor";
  readonly root: MessageModel;
}
