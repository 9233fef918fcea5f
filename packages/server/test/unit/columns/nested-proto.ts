// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  OneofDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { DataType, StructField, StructType } from "@sluice/delta";
import protobuf from "protobufjs";
import type { DescriptorModel } from "../../../src/columns/descriptor/descriptor-model.ts";
import { parseDescriptor } from "../../../src/columns/descriptor/parse-descriptor.ts";
import { type Plain, textOf } from "./nested-support.ts";
import { below } from "./support.ts";

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

/** @param hasOneofs whether in each message what {@link rivalsOf} names is a oneof; protobufjs does not hear of it. */
export function nestedMessageOf(
  schema: StructType,
  isPacked: boolean,
  hasOneofs = false,
): NestedMessage {
  const type = new protobuf.Type("Record");
  const proto = messageProto("Record", schema, type, { isPacked, hasOneofs });
  new protobuf.Root().add(type).resolveAll();
  const descriptor = parseDescriptor(toBinary(DescriptorProtoSchema, proto));
  assert.equal(
    descriptor.kind,
    "descriptor",
    descriptor.kind === "setupFailure" ? descriptor.message : "",
  );
  return { type, descriptor };
}

/** The fields of a message that one oneof can hold: nullable, and neither lists nor maps. */
function rivalsOf({ fields }: StructType): ReadonlySet<StructField> {
  return new Set(
    fields.filter(
      ({ type, nullable }) =>
        nullable && (typeof type === "string" || (type.type !== "array" && type.type !== "map")),
    ),
  );
}

/** The value without all but one member of each oneof. */
export function withoutRivals(random: () => number, type: DataType, value: Plain): Plain {
  if (value === null || typeof type === "string") return value;
  switch (type.type) {
    case "struct": {
      const rivals = rivalsOf(type);
      const kept = [...rivals][below(random, rivals.size)];
      return Object.fromEntries(
        type.fields.map((field) => {
          const inner = (value as { [name: string]: Plain })[field.name] ?? null;
          const isDropped = rivals.has(field) && field !== kept;
          return [field.name, isDropped ? null : withoutRivals(random, field.type, inner)];
        }),
      );
    }
    case "array":
      return (value as Plain[]).map((item) => withoutRivals(random, type.elementType, item));
    case "map":
      return (value as [Plain, Plain][]).map(([key, item]) => [
        key,
        withoutRivals(random, type.valueType, item),
      ]);
  }
}

function messageProto(
  name: string,
  schema: StructType,
  type: protobuf.Type,
  form: { readonly isPacked: boolean; readonly hasOneofs: boolean },
): DescriptorProto {
  const proto = create(DescriptorProtoSchema, { name });
  const rivals = rivalsOf(schema);
  if (form.hasOneofs) proto.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: "choice" }));
  const message = (inner: string, innerSchema: StructType): string => {
    const innerType = new protobuf.Type(inner);
    type.add(innerType);
    proto.nestedType.push(messageProto(inner, innerSchema, innerType, form));
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
    const options = isList ? { packed: form.isPacked } : {};
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
    const inner = fieldProto(field.name, number, typeName, isList);
    if (form.hasOneofs && rivals.has(field)) inner.oneofIndex = 0;
    proto.field.push(inner);
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
