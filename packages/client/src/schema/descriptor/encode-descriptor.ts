// SPDX-License-Identifier: Apache-2.0
import {
  type EnumModel,
  type FieldModel,
  type MessageModel,
  SCALAR_NUMBERS,
  TYPE_ENUM,
  TYPE_MESSAGE,
} from "./message-model.ts";
import { ProtoBytes } from "./proto-bytes.ts";

// Field numbers of google/protobuf/descriptor.proto.
const MESSAGE = { name: 1, field: 2, nestedType: 3, enumType: 4, options: 7 } as const;
const MESSAGE_OPTIONS = { mapEntry: 7 } as const;
const FIELD = { name: 1, number: 3, label: 4, type: 5, typeName: 6, options: 8 } as const;
const FIELD_OPTIONS = { packed: 2 } as const;
const ENUM = { name: 1, value: 2 } as const;
const ENUM_VALUE = { name: 1, number: 2 } as const;

const LABEL_NUMBERS: Readonly<Record<FieldModel["label"], number>> = {
  optional: 1,
  required: 2,
  repeated: 3,
};

/**
 * Serializes a message as a `google.protobuf.DescriptorProto` that needs no other: everything it refers to is declared
 * inside of it, and named from it on, as in `.Root.Nested`. Types that are declared elsewhere are moved there.
 */
export function encodeDescriptor(root: MessageModel): Uint8Array {
  const moved = foreignTypesOf(root);
  const whole: MessageModel = {
    ...root,
    nested: [...root.nested, ...moved.messages],
    enums: [...root.enums, ...moved.enums],
  };
  const paths = new Map<MessageModel | EnumModel, string>();
  nameTypes(whole, `.${whole.name}`, moved.names, paths);
  paths.set(root, `.${whole.name}`);
  return encodeMessage(whole, whole.name, moved.names, paths).finish();
}

interface ForeignTypes {
  readonly messages: MessageModel[];
  readonly enums: EnumModel[];
  /** New names of moved types whose own were taken. */
  readonly names: Map<MessageModel | EnumModel, string>;
}

/** The types that `root` needs and does not declare, with names that are free in it. */
function foreignTypesOf(root: MessageModel): ForeignTypes {
  const known = new Set<MessageModel | EnumModel>();
  const declare = (message: MessageModel): void => {
    known.add(message);
    for (const type of message.enums) known.add(type);
    for (const type of message.nested) declare(type);
  };
  declare(root);
  const taken = new Set(
    [...root.fields, ...root.nested, ...root.enums].map(({ name }) => name),
  ).add(root.name);
  const foreign: ForeignTypes = { messages: [], enums: [], names: new Map() };
  const move = (type: MessageModel | EnumModel): void => {
    let { name } = type;
    for (let count = 2; taken.has(name); count++) name = `${type.name}_${count}`;
    taken.add(name);
    foreign.names.set(type, name);
    if (type.kind === "enum") {
      foreign.enums.push(type);
      known.add(type);
    } else {
      foreign.messages.push(type);
      declare(type);
    }
  };
  const visited = new Set<MessageModel>();
  const pending: MessageModel[] = [root];
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    if (visited.has(message)) continue;
    visited.add(message);
    pending.push(...message.nested);
    for (const { type } of message.fields) {
      if (type.kind === "scalar") continue;
      if (!known.has(type)) move(type);
      if (type.kind === "message") pending.push(type);
    }
  }
  return foreign;
}

type Names = ReadonlyMap<MessageModel | EnumModel, string>;

function nameTypes(
  message: MessageModel,
  path: string,
  names: Names,
  paths: Map<MessageModel | EnumModel, string>,
): void {
  paths.set(message, path);
  for (const type of message.enums) paths.set(type, `${path}.${names.get(type) ?? type.name}`);
  for (const type of message.nested) {
    nameTypes(type, `${path}.${names.get(type) ?? type.name}`, names, paths);
  }
}

function encodeMessage(
  message: MessageModel,
  name: string,
  names: Names,
  paths: Names,
): ProtoBytes {
  const bytes = new ProtoBytes();
  bytes.text(MESSAGE.name, name);
  for (const field of message.fields) bytes.message(MESSAGE.field, encodeField(field, paths));
  for (const type of message.nested) {
    const nested = encodeMessage(type, names.get(type) ?? type.name, names, paths);
    bytes.message(MESSAGE.nestedType, nested);
  }
  for (const type of message.enums) {
    bytes.message(MESSAGE.enumType, encodeEnum(type, names.get(type) ?? type.name));
  }
  if (message.isMapEntry) {
    bytes.message(MESSAGE.options, new ProtoBytes().integer(MESSAGE_OPTIONS.mapEntry, 1));
  }
  return bytes;
}

function encodeField(field: FieldModel, paths: Names): ProtoBytes {
  const { type } = field;
  const bytes = new ProtoBytes()
    .text(FIELD.name, field.name)
    .integer(FIELD.number, field.number)
    .integer(FIELD.label, LABEL_NUMBERS[field.label]);
  if (type.kind === "scalar") bytes.integer(FIELD.type, SCALAR_NUMBERS[type.scalar]);
  else {
    bytes
      .integer(FIELD.type, type.kind === "enum" ? TYPE_ENUM : TYPE_MESSAGE)
      .text(FIELD.typeName, paths.get(type) as string);
  }
  if (field.isPacked) {
    bytes.message(FIELD.options, new ProtoBytes().integer(FIELD_OPTIONS.packed, 1));
  }
  return bytes;
}

function encodeEnum(type: EnumModel, name: string): ProtoBytes {
  const bytes = new ProtoBytes().text(ENUM.name, name);
  for (const value of type.values) {
    const encoded = new ProtoBytes()
      .text(ENUM_VALUE.name, value.name)
      .integer(ENUM_VALUE.number, value.number);
    bytes.message(ENUM.value, encoded);
  }
  return bytes;
}
