// SPDX-License-Identifier: Apache-2.0
import { childMessages, integerField, textField } from "../../core/protobuf-fields.ts";
import { ZerobusError } from "../../core/zerobus-error.ts";
import { ruleOfScalar } from "../encode/value-rule.ts";
import {
  type EnumModel,
  type FieldModel,
  type MessageModel,
  SCALARS_BY_NUMBER,
  TYPE_GROUP,
} from "./message-model.ts";

// Field numbers of google/protobuf/descriptor.proto.
const SET_FILE = 1;
const FILE = { package: 2, message: 4, enum: 5, syntax: 12 } as const;
const MESSAGE = { name: 1, field: 2, nestedType: 3, enumType: 4, options: 7 } as const;
const MAP_ENTRY_OPTION = 7;
const FIELD = { name: 1, number: 3, label: 4, type: 5, typeName: 6, options: 8 } as const;
const PACKED_OPTION = 2;
const ENUM = { name: 1, value: 2 } as const;
const ENUM_VALUE = { name: 1, number: 2 } as const;
const LABEL_REQUIRED = 2;
const LABEL_REPEATED = 3;
const MAX_NESTING_DEPTH = 32;

/**
 * Reads a message out of a serialized `FileDescriptorSet`, as `protoc --descriptor_set_out --include_imports` writes it.
 * @param messageName - with its package, or without where it is the only one of that name
 * @throws ZerobusError `invalid_argument`
 */
export function messageOfDescriptorSet(set: Uint8Array, messageName: string): MessageModel {
  const types = new DeclaredTypes();
  for (const file of childMessages(set, SET_FILE)) {
    const name = textField(file, FILE.package);
    const isPackedByDefault =
      textField(file, FILE.syntax) !== "" && textField(file, FILE.syntax) !== "proto2";
    const scope = name === "" ? "" : `.${name}`;
    for (const type of childMessages(file, FILE.message))
      types.addMessage(type, scope, isPackedByDefault, 0);
    for (const type of childMessages(file, FILE.enum)) types.addEnum(type, scope);
  }
  return types.build(types.find(messageName));
}

/**
 * Reads a serialized `DescriptorProto`, which declares everything it refers to.
 * @throws ZerobusError `invalid_argument`
 */
export function messageOfDescriptor(descriptor: Uint8Array): MessageModel {
  const types = new DeclaredTypes();
  types.addMessage(descriptor, "", false, 0);
  return types.build(`.${textField(descriptor, MESSAGE.name)}`);
}

interface MutableMessage extends MessageModel {
  readonly fields: FieldModel[];
  readonly nested: MessageModel[];
  readonly enums: EnumModel[];
}

interface Declaration {
  readonly bytes: Uint8Array;
  readonly message: MutableMessage;
  readonly isPackedByDefault: boolean;
}

/** Types by their full names, such as `.package.Outer.Inner`. */
class DeclaredTypes {
  readonly #messages = new Map<string, Declaration>();
  readonly #enums = new Map<string, EnumModel>();

  addMessage(
    bytes: Uint8Array,
    scope: string,
    isPackedByDefault: boolean,
    depth: number,
  ): MessageModel {
    if (depth > MAX_NESTING_DEPTH) {
      throw invalid(`The descriptor nests messages more than ${MAX_NESTING_DEPTH} deep`);
    }
    const name = textField(bytes, MESSAGE.name);
    if (name === "") throw invalid("The descriptor has a message without a name");
    const path = `${scope}.${name}`;
    const options = childMessages(bytes, MESSAGE.options);
    const isMapEntry = options.some((option) => integerField(option, MAP_ENTRY_OPTION) === 1);
    const message: MutableMessage = {
      kind: "message",
      name,
      fields: [],
      nested: childMessages(bytes, MESSAGE.nestedType).map((type) =>
        this.addMessage(type, path, isPackedByDefault, depth + 1),
      ),
      enums: childMessages(bytes, MESSAGE.enumType).map((type) => this.addEnum(type, path)),
      isMapEntry,
    };
    this.#messages.set(path, { bytes, message, isPackedByDefault });
    return message;
  }

  addEnum(bytes: Uint8Array, scope: string): EnumModel {
    const name = textField(bytes, ENUM.name);
    const values = childMessages(bytes, ENUM.value).map((value) => ({
      name: textField(value, ENUM_VALUE.name),
      number: integerField(value, ENUM_VALUE.number) ?? 0,
    }));
    const found: EnumModel = { kind: "enum", name, values };
    this.#enums.set(`${scope}.${name}`, found);
    return found;
  }

  /** The full name of the message that a caller asks for. */
  find(messageName: string): string {
    const exact = messageName.startsWith(".") ? messageName : `.${messageName}`;
    if (this.#messages.has(exact)) return exact;
    const paths = [...this.#messages.keys()].filter((path) => path.endsWith(exact));
    if (paths.length === 1) return paths[0] as string;
    const known = [...this.#messages]
      .filter(([, { message }]) => !message.isMapEntry)
      .map(([path]) => path.slice(1));
    const problem = paths.length === 0 ? "is not in the descriptor set" : "is there more than once";
    throw invalid(
      `Message ${JSON.stringify(messageName)} ${problem}; it has ${known.slice(0, 20).join(", ") || "none"}`,
    );
  }

  /** Fills in the fields of all messages, and gives the one of this full name. */
  build(rootPath: string): MessageModel {
    for (const [path, declaration] of this.#messages) {
      const fields = childMessages(declaration.bytes, MESSAGE.field);
      declaration.message.fields.push(
        ...fields.map((field) => this.#fieldOf(field, path, declaration.isPackedByDefault)),
      );
    }
    return (this.#messages.get(rootPath) as Declaration).message;
  }

  #fieldOf(bytes: Uint8Array, scope: string, isPackedByDefault: boolean): FieldModel {
    const name = textField(bytes, FIELD.name);
    const label = integerField(bytes, FIELD.label);
    const type = this.#typeOf(bytes, scope, name);
    const isRepeated = label === LABEL_REPEATED;
    const options = childMessages(bytes, FIELD.options);
    const packed = options.map((option) => integerField(option, PACKED_OPTION)).at(-1);
    const isPackable =
      type.kind === "enum" ||
      (type.kind === "scalar" && type.scalar !== "string" && type.scalar !== "bytes");
    return {
      name,
      key: name,
      number: integerField(bytes, FIELD.number) ?? 0,
      label: isRepeated ? "repeated" : label === LABEL_REQUIRED ? "required" : "optional",
      isPacked:
        isRepeated && isPackable && (packed === undefined ? isPackedByDefault : packed === 1),
      type,
    };
  }

  #typeOf(bytes: Uint8Array, scope: string, name: string): FieldModel["type"] {
    const number = integerField(bytes, FIELD.type);
    const scalar = SCALARS_BY_NUMBER.get(number ?? 0);
    if (scalar !== undefined) return { kind: "scalar", scalar, rule: ruleOfScalar(scalar) };
    const typeName = textField(bytes, FIELD.typeName);
    const found = number === TYPE_GROUP ? undefined : this.#resolve(typeName, scope);
    if (found !== undefined) return found;
    throw invalid(
      `Field ${JSON.stringify(name)} of message ${scope.slice(1)} has the type ${JSON.stringify(typeName)}, ${
        number === TYPE_GROUP
          ? "a group, which is not supported"
          : "which is not declared in the descriptor; write it with --include_imports"
      }`,
    );
  }

  #resolve(typeName: string, scope: string): MessageModel | EnumModel | undefined {
    const at = (path: string): MessageModel | EnumModel | undefined =>
      this.#messages.get(path)?.message ?? this.#enums.get(path);
    if (!typeName.startsWith(".")) {
      for (let prefix = scope; prefix !== ""; prefix = prefix.slice(0, prefix.lastIndexOf("."))) {
        const found = at(`${prefix}.${typeName}`);
        if (found !== undefined) return found;
      }
      return at(`.${typeName}`);
    }
    // A DescriptorProto on its own does not say which package its type names begin with.
    for (let path = typeName; path !== ""; path = path.slice(path.indexOf(".", 1))) {
      const found = at(path);
      if (found !== undefined) return found;
      if (!path.includes(".", 1)) break;
    }
    return undefined;
  }
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
