// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import { ruleOfScalar } from "../encode/value-rule.ts";
import {
  type EnumModel,
  type FieldModel,
  mapEntryNameOf,
  type MessageModel,
  type ProtoScalar,
  SCALAR_NUMBERS,
} from "./message-model.ts";

/** A message type of `protobufjs`, by reflection: what `root.lookupType(name)` gives. */
export interface ProtobufJsType {
  readonly name: string;
  readonly fieldsArray: readonly ProtobufJsField[];
  readonly nestedArray: readonly unknown[];
  readonly root: { resolveAll(): unknown };
}

/** What is read of a `Field` or `MapField`. */
interface ProtobufJsField {
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly required: boolean;
  readonly map: boolean;
  readonly packed: boolean;
  readonly resolvedType: unknown;
}

interface ProtobufJsEnum {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

interface MutableMessage extends MessageModel {
  readonly fields: FieldModel[];
  readonly nested: MessageModel[];
  readonly enums: EnumModel[];
}

/** The model of a protobufjs type. Records have the properties of its messages: camel case unless `keepCase` was on. */
export function messageOfProtobufJs(root: ProtobufJsType): MessageModel {
  root.root.resolveAll();
  return new Models().messageOf(root);
}

class Models {
  readonly #known = new Map<unknown, MutableMessage | EnumModel>();

  messageOf(type: ProtobufJsType): MessageModel {
    const known = this.#known.get(type);
    if (known?.kind === "message") return known;
    const message: MutableMessage = {
      kind: "message",
      name: type.name,
      fields: [],
      nested: [],
      enums: [],
      isMapEntry: false,
      ownKeysOnly: true,
    };
    this.#known.set(type, message);
    for (const inner of type.nestedArray) {
      if (isType(inner)) message.nested.push(this.messageOf(inner));
      else if (isEnum(inner)) message.enums.push(this.#enumOf(inner));
    }
    for (const field of type.fieldsArray) message.fields.push(this.#fieldOf(field, message));
    return message;
  }

  #fieldOf(field: ProtobufJsField, parent: MutableMessage): FieldModel {
    // Since version 8 a field knows the name that it has in the .proto file.
    const { protoName } = field as { readonly protoName?: unknown };
    const name = typeof protoName === "string" && protoName !== "" ? protoName : field.name;
    const base = { name, key: field.name, number: field.id };
    if (field.map) {
      const entry = this.#entryOf(name, field);
      parent.nested.push(entry);
      return { ...base, label: "repeated", isPacked: false, type: entry };
    }
    const type = this.#typeOf(field.type, field.resolvedType, name);
    const isText = type.kind === "scalar" && (type.scalar === "string" || type.scalar === "bytes");
    return {
      ...base,
      label: field.repeated ? "repeated" : field.required ? "required" : "optional",
      isPacked: field.repeated && field.packed && type.kind !== "message" && !isText,
      type,
    };
  }

  #entryOf(name: string, field: ProtobufJsField): MessageModel {
    const { keyType } = field as { readonly keyType?: unknown };
    const part = { label: "optional", isPacked: false } as const;
    const key = this.#typeOf(String(keyType), undefined, name);
    const value = this.#typeOf(field.type, field.resolvedType, name);
    return {
      kind: "message",
      name: mapEntryNameOf(name),
      fields: [
        { ...part, name: "key", key: "key", number: 1, type: key },
        { ...part, name: "value", key: "value", number: 2, type: value },
      ],
      nested: [],
      enums: [],
      isMapEntry: true,
    };
  }

  #typeOf(name: string, resolved: unknown, field: string): FieldModel["type"] {
    if (isType(resolved)) return this.messageOf(resolved);
    if (isEnum(resolved)) return this.#enumOf(resolved);
    if (Object.hasOwn(SCALAR_NUMBERS, name)) {
      const scalar = name as ProtoScalar;
      return { kind: "scalar", scalar, rule: ruleOfScalar(scalar) };
    }
    throw new ZerobusError(
      "invalid_argument",
      `Field ${JSON.stringify(field)} has the type ${JSON.stringify(name)}, which the protobufjs type does not resolve`,
    );
  }

  #enumOf(type: ProtobufJsEnum): EnumModel {
    const known = this.#known.get(type);
    if (known?.kind === "enum") return known;
    const values = Object.entries(type.values).map(([name, number]) => ({ name, number }));
    const model: EnumModel = { kind: "enum", name: type.name, values };
    this.#known.set(type, model);
    return model;
  }
}

function isType(value: unknown): value is ProtobufJsType {
  return typeof value === "object" && value !== null && "fieldsArray" in value;
}

function isEnum(value: unknown): value is ProtobufJsEnum {
  return typeof value === "object" && value !== null && "values" in value;
}
