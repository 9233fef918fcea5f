// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Column, type ColumnType, type TableSchema, ZerobusError } from "@sluice/client";
import protobuf from "protobufjs";
import descriptorExtension from "protobufjs/ext/descriptor.js";

export const TABLE = "main.test.readings";

/** A column of a type without parts, or of any. */
export function column(name: string, type: string | ColumnType, nullable = true): Column {
  return {
    name,
    type: typeof type === "string" ? ({ kind: type } as ColumnType) : type,
    nullable,
  };
}

export function schemaOf(...columns: Column[]): TableSchema {
  return { table: TABLE, columns };
}

export const DECIMAL: ColumnType = { kind: "decimal", precision: 9, scale: 2 };

export function arrayOf(element: ColumnType): ColumnType {
  return { kind: "array", element, containsNull: true };
}

export function mapOf(key: ColumnType, value: ColumnType): ColumnType {
  return { kind: "map", key, value, valueContainsNull: true };
}

export function structOf(...fields: Column[]): ColumnType {
  return { kind: "struct", fields };
}

interface TypeFactory {
  fromDescriptor(descriptor: protobuf.Message): protobuf.Type;
}

/** A protobufjs type made of a serialized DescriptorProto alone, as a server makes its decoder. */
export function typeOfDescriptor(descriptor: Uint8Array): protobuf.Type {
  const message = descriptorExtension.DescriptorProto.decode(descriptor);
  const type = (protobuf.Type as unknown as TypeFactory).fromDescriptor(message);
  new protobuf.Root().add(type).resolveAll();
  return type;
}

/** The fields of an encoded record, 64-bit values as text, without defaults. */
export function decoded(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  return type.toObject(type.decode(Uint8Array.from(bytes)), { longs: String, bytes: Array });
}

/** Checks the error of a record, a schema or an answer. */
export function failsWith(
  code: string,
  text: RegExp,
  columnPath?: string,
): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ZerobusError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    if (columnPath !== undefined) assert.equal(error.details.column, columnPath);
    return true;
  };
}
