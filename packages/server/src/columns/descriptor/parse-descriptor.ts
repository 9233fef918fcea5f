// SPDX-License-Identifier: Apache-2.0
import { fromBinary, isFieldSet } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { MAX_COLUMNS } from "@sluice/protocol";
import { quoted } from "../column-labels.ts";
import { MAX_PROBLEMS, type SetupFailure, type SetupProblem, setupFailure } from "../decoder.ts";
import type {
  DescriptorModel,
  FieldModel,
  MessageModel,
  ProtoFieldType,
  ProtoScalarType,
} from "./descriptor-model.ts";
import { MAX_NAME_LENGTH, MAX_NAME_PARTS, TypeNames } from "./type-names.ts";

/** Largest serialized descriptor: several times what {@link MAX_FIELDS} fields take. */
const MAX_DESCRIPTOR_BYTES = 1_048_576;
/** Deepest nesting of message declarations that is read. */
const MAX_NESTING_DEPTH = 32;
/** Most messages and enums that one descriptor may declare. */
const MAX_DECLARED_TYPES = 10_000;
/** Most parts that the paths of these types may have in all, which bounds many types that are nested deep. */
const MAX_PATH_PARTS = 50_000;
/** Most fields that the messages of one descriptor may have in all; one message has {@link MAX_COLUMNS} at most. */
const MAX_FIELDS = 10_000;
const MAX_FIELD_NUMBER = 536_870_911;

const SCALARS: Readonly<Partial<Record<FieldDescriptorProto_Type, ProtoScalarType>>> = {
  [FieldDescriptorProto_Type.DOUBLE]: "double",
  [FieldDescriptorProto_Type.FLOAT]: "float",
  [FieldDescriptorProto_Type.INT64]: "int64",
  [FieldDescriptorProto_Type.UINT64]: "uint64",
  [FieldDescriptorProto_Type.INT32]: "int32",
  [FieldDescriptorProto_Type.FIXED64]: "fixed64",
  [FieldDescriptorProto_Type.FIXED32]: "fixed32",
  [FieldDescriptorProto_Type.BOOL]: "bool",
  [FieldDescriptorProto_Type.STRING]: "string",
  [FieldDescriptorProto_Type.BYTES]: "bytes",
  [FieldDescriptorProto_Type.UINT32]: "uint32",
  [FieldDescriptorProto_Type.SFIXED32]: "sfixed32",
  [FieldDescriptorProto_Type.SFIXED64]: "sfixed64",
  [FieldDescriptorProto_Type.SINT32]: "sint32",
  [FieldDescriptorProto_Type.SINT64]: "sint64",
};

/**
 * Reads a serialized `google.protobuf.DescriptorProto` of a stream's root message. Every type it uses must be
 * declared inside of it; {@link TypeNames} says how names are resolved. Anything that is not a usable descriptor, or
 * that is larger than one may be, is a {@link SetupFailure} with reason `malformed_descriptor`. The work grows with the
 * size of the descriptor only.
 */
export function parseDescriptor(bytes: Uint8Array): DescriptorModel | SetupFailure {
  if (bytes.length > MAX_DESCRIPTOR_BYTES) {
    return setupFailure([
      malformed(
        undefined,
        `the descriptor has ${bytes.length} bytes, a descriptor may have at most ${MAX_DESCRIPTOR_BYTES}; leave out comments and options`,
      ),
    ]);
  }
  let proto: DescriptorProto;
  try {
    proto = fromBinary(DescriptorProtoSchema, bytes);
  } catch {
    return setupFailure([
      malformed(undefined, "the descriptor is not a serialized google.protobuf.DescriptorProto"),
    ]);
  }
  if (proto.name === "") {
    return setupFailure([
      malformed(
        undefined,
        "the descriptor has no message name; send the google.protobuf.DescriptorProto of the record's message, not a file descriptor",
      ),
    ]);
  }
  const declarations = new Declarations(proto.name);
  declarations.collect(proto, proto.name, 1);
  if (declarations.problems.length > 0) return setupFailure(declarations.problems);
  const root = declarations.build();
  if (declarations.problems.length > 0) return setupFailure(declarations.problems);
  return { kind: "descriptor", root };
}

interface MutableMessage extends MessageModel {
  readonly fields: FieldModel[];
}

interface Declaration {
  readonly proto: DescriptorProto;
  readonly message: MutableMessage;
}

/** The types declared below one root, collected first and then filled, since they may refer to each other. */
class Declarations {
  readonly problems: SetupProblem[] = [];
  readonly #rootName: string;
  readonly #messages = new Map<string, Declaration>();
  readonly #enums = new Set<string>();
  readonly #names: TypeNames;
  #fieldCount = 0;

  constructor(rootName: string) {
    this.#rootName = rootName;
    this.#names = new TypeNames(rootName);
  }

  /** Notes the types declared in `proto`, down to the first problem. */
  collect(proto: DescriptorProto, path: string, depth: number): void {
    if (depth > MAX_NESTING_DEPTH) {
      this.#refuse(`the descriptor nests messages more than ${MAX_NESTING_DEPTH} deep`);
    }
    this.#add(path);
    this.#countFields(proto, path);
    const isMapEntry = proto.options?.mapEntry ?? false;
    this.#messages.set(path, { proto, message: { name: path, fields: [], isMapEntry } });
    for (const enumType of proto.enumType) {
      if (this.problems.length > 0) return;
      this.#add(`${path}.${enumType.name}`);
      this.#enums.add(`${path}.${enumType.name}`);
    }
    for (const nested of proto.nestedType) {
      if (this.problems.length > 0) return;
      this.collect(nested, `${path}.${nested.name}`, depth + 1);
    }
  }

  build(): MessageModel {
    for (const [path, { proto, message }] of this.#messages) {
      if (this.problems.length >= MAX_PROBLEMS) break;
      this.#fill(path, proto, message);
    }
    return (this.#messages.get(this.#rootName) as Declaration).message;
  }

  #add(path: string): void {
    const partCount = path.length > MAX_NAME_LENGTH ? 0 : path.split(".").length;
    if (path.length > MAX_NAME_LENGTH || partCount > MAX_NAME_PARTS) {
      const limit =
        partCount === 0
          ? `is longer than ${MAX_NAME_LENGTH} characters`
          : `has more than ${MAX_NAME_PARTS} parts`;
      this.#refuse(`the name of type ${quoted(path)} of the descriptor ${limit}`);
    } else if (this.#names.has(path)) {
      this.#refuse(`the descriptor declares type ${quoted(path)} twice`, path);
    } else if (this.#names.count >= MAX_DECLARED_TYPES) {
      this.#refuse(`the descriptor declares more than ${MAX_DECLARED_TYPES} types`);
    } else if (this.#names.partCount >= MAX_PATH_PARTS) {
      this.#refuse(
        `the paths of the descriptor's types have more than ${MAX_PATH_PARTS} parts in all; nest types less deep`,
      );
    } else this.#names.add(path);
  }

  #countFields(proto: DescriptorProto, path: string): void {
    const fieldCount = proto.field.length;
    this.#fieldCount += fieldCount;
    if (fieldCount > MAX_COLUMNS) {
      this.#refuse(
        `descriptor message ${quoted(path)} has ${fieldCount} fields, a message may have at most ${MAX_COLUMNS}`,
      );
    } else if (this.#fieldCount > MAX_FIELDS) {
      this.#refuse(`the descriptor declares more than ${MAX_FIELDS} fields`);
    }
  }

  /** Notes the first problem with the declarations: the rest is not looked at. */
  #refuse(message: string, field?: string): void {
    if (this.problems.length === 0) this.problems.push(malformed(field, message));
  }

  #fill(path: string, proto: DescriptorProto, message: MutableMessage): void {
    const names = new Set<string>();
    const numbers = new Set<number>();
    for (const field of proto.field) {
      if (this.problems.length >= MAX_PROBLEMS) return;
      const fault = this.#faultOf(field, names, numbers);
      names.add(field.name);
      numbers.add(field.number);
      const type = fault === undefined ? this.#typeOf(field, path) : undefined;
      if (type === undefined) {
        const reason =
          fault ?? `has type ${describeType(field)}, which the descriptor does not declare`;
        const label = path === this.#rootName ? field.name : `${path}.${field.name}`;
        this.problems.push(malformed(label, `descriptor field ${quoted(label)} ${reason}`));
        continue;
      }
      const inOneof =
        isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) && !field.proto3Optional;
      message.fields.push({
        name: field.name,
        number: field.number,
        type,
        isRepeated: field.label === FieldDescriptorProto_Label.REPEATED,
        isRequired: field.label === FieldDescriptorProto_Label.REQUIRED,
        oneofIndex: inOneof ? field.oneofIndex : undefined,
      });
    }
  }

  #faultOf(
    field: FieldDescriptorProto,
    names: ReadonlySet<string>,
    numbers: ReadonlySet<number>,
  ): string | undefined {
    const { name, number } = field;
    if (name === "") return "has no name";
    if (number < 1 || number > MAX_FIELD_NUMBER) {
      return `has number ${number}, which is not between 1 and ${MAX_FIELD_NUMBER}`;
    }
    if (names.has(name)) return "is declared twice";
    if (numbers.has(number)) return `has number ${number}, which another field has too`;
    if (field.type === FieldDescriptorProto_Type.GROUP) return "is a group, which is not supported";
    return undefined;
  }

  #typeOf(field: FieldDescriptorProto, scope: string): ProtoFieldType | undefined {
    const hasType = isFieldSet(field, FieldDescriptorProtoSchema.field.type);
    const scalar = hasType ? SCALARS[field.type] : undefined;
    if (scalar !== undefined) return { kind: "scalar", scalar };
    const path = this.#names.resolve(field.typeName, scope);
    if (path === undefined) return undefined;
    const wantsEnum = hasType && field.type === FieldDescriptorProto_Type.ENUM;
    const wantsMessage = hasType && field.type === FieldDescriptorProto_Type.MESSAGE;
    if (this.#enums.has(path)) return wantsMessage ? undefined : { kind: "enum", name: path };
    const declaration = this.#messages.get(path);
    if (declaration === undefined || wantsEnum) return undefined;
    return { kind: "message", message: declaration.message };
  }
}

function describeType(field: FieldDescriptorProto): string {
  if (field.typeName !== "") return quoted(field.typeName);
  const hasType = isFieldSet(field, FieldDescriptorProtoSchema.field.type);
  return hasType ? `number ${field.type}` : "none";
}

function malformed(field: string | undefined, message: string): SetupProblem {
  return { field, reason: "malformed_descriptor", message };
}
