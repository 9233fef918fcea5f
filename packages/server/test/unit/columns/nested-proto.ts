// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
} from "@bufbuild/protobuf/wkt";
import type { DataType, StructType } from "@sluice/delta";
import protobuf from "protobufjs";
import type { DescriptorModel } from "../../../src/columns/descriptor/descriptor-model.ts";
import { parseDescriptor } from "../../../src/columns/descriptor/parse-descriptor.ts";
import { type Plain, textOf } from "./nested-support.ts";

/** The service's own mapping. */
const PROTO_TYPES: Readonly<Record<string, string>> = {
  string: "string",
  boolean: "bool",
  byte: "int32",
  short: "int32",
  integer: "int32",
  long: "int64",
  double: "double",
  date: "int32",
  timestamp: "int64",
  timestamp_ntz: "int64",
  variant: "string",
};

function scalarName(type: string): string {
  return type.startsWith("decimal") ? "string" : (PROTO_TYPES[type] as string);
}

/** A protobufjs type and the descriptor of the same message. */
export interface NestedMessage {
  readonly type: protobuf.Type;
  readonly descriptor: DescriptorModel;
}

export function nestedMessageOf(schema: StructType, isPacked: boolean): NestedMessage {
  const type = new protobuf.Type("Record");
  const proto = messageProto("Record", schema, type, isPacked);
  new protobuf.Root().add(type).resolveAll();
  const descriptor = parseDescriptor(toBinary(DescriptorProtoSchema, proto));
  assert.equal(
    descriptor.kind,
    "descriptor",
    descriptor.kind === "setupFailure" ? descriptor.message : "",
  );
  return { type, descriptor };
}

function messageProto(
  name: string,
  schema: StructType,
  type: protobuf.Type,
  isPacked: boolean,
): DescriptorProto {
  const proto = create(DescriptorProtoSchema, { name });
  const message = (inner: string, innerSchema: StructType): string => {
    const innerType = new protobuf.Type(inner);
    type.add(innerType);
    proto.nestedType.push(messageProto(inner, innerSchema, innerType, isPacked));
    return inner;
  };
  for (const [index, field] of schema.fields.entries()) {
    const number = index + 1;
    const { type: dataType } = field;
    const isList = typeof dataType === "object" && dataType.type === "array";
    const isMap = typeof dataType === "object" && dataType.type === "map";
    const valueType = isList ? dataType.elementType : isMap ? dataType.valueType : dataType;
    const typeName =
      typeof valueType === "string"
        ? scalarName(valueType)
        : message(`M${index}`, valueType as StructType);
    if (isMap) {
      const keyName = scalarName(dataType.keyType as string);
      type.add(new protobuf.MapField(field.name, number, keyName, typeName));
      const entry = create(DescriptorProtoSchema, {
        name: `E${index}`,
        options: { mapEntry: true },
      });
      entry.field.push(
        fieldProto("key", 1, keyName, false),
        fieldProto("value", 2, typeName, false),
      );
      proto.nestedType.push(entry);
      proto.field.push(fieldProto(field.name, number, `E${index}`, true));
      continue;
    }
    const options = isList ? { packed: isPacked } : {};
    type.add(
      new protobuf.Field(
        field.name,
        number,
        typeName,
        isList ? "repeated" : "optional",
        undefined,
        options,
      ),
    );
    proto.field.push(fieldProto(field.name, number, typeName, isList));
  }
  return proto;
}

function fieldProto(
  name: string,
  number: number,
  typeName: string,
  isRepeated: boolean,
): DescriptorProto["field"][number] {
  const scalar =
    FieldDescriptorProto_Type[typeName.toUpperCase() as keyof typeof FieldDescriptorProto_Type];
  const label = isRepeated
    ? FieldDescriptorProto_Label.REPEATED
    : FieldDescriptorProto_Label.OPTIONAL;
  const holder = create(DescriptorProtoSchema, {
    field: [
      scalar === undefined
        ? { name, number, label, type: FieldDescriptorProto_Type.MESSAGE, typeName }
        : { name, number, label, type: scalar },
    ],
  });
  return holder.field[0] as DescriptorProto["field"][number];
}

/** A value as protobufjs takes it. */
export function protoValueOf(type: DataType, value: Plain): unknown {
  if (value === null) return undefined;
  if (typeof type === "string") {
    if (PROTO_TYPES[type] === "int64") return longOf(value as string);
    return value;
  }
  switch (type.type) {
    case "struct":
      return Object.fromEntries(
        type.fields
          .map(({ name, type: inner }) => [
            name,
            protoValueOf(inner, (value as { [key: string]: Plain })[name] ?? null),
          ])
          .filter(([, inner]) => inner !== undefined),
      );
    case "array":
      return (value as Plain[]).map((item) => protoValueOf(type.elementType, item));
    case "map":
      return Object.fromEntries(
        (value as [Plain, Plain][]).map(([key, item]) => [
          type.keyType === "long" ? protobuf.util.longToHash(longOf(key as string)) : textOf(key),
          protoValueOf(type.valueType, item),
        ]),
      );
  }
}

function longOf(text: string): protobuf.Long {
  const bits = BigInt.asUintN(64, BigInt(text));
  return new protobuf.util.LongBits(Number(bits & 0xffff_ffffn), Number(bits >> 32n)).toLong(false);
}
