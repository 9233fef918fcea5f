// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import { ruleOfScalar } from "../encode/value-rule.ts";
import {
  type EnumModel,
  type FieldModel,
  mapEntryNameOf,
  type MessageModel,
  type ProtoScalar,
  type ScalarModel,
  SCALARS_BY_NUMBER,
} from "./message-model.ts";

/** A message type of `@bufbuild/protobuf` version 2: a generated schema constant or any `DescMessage`. */
export interface ProtobufEsMessage {
  readonly kind: "message";
  readonly name: string;
  readonly typeName: string;
  readonly fields: readonly ProtobufEsField[];
  readonly nestedMessages: readonly ProtobufEsMessage[];
  readonly nestedEnums: readonly ProtobufEsEnum[];
}

interface ProtobufEsEnum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
}

/** What is read of a `DescField`. */
interface ProtobufEsField {
  readonly name: string;
  readonly localName: string;
  readonly number: number;
  readonly fieldKind: "scalar" | "enum" | "message" | "list" | "map";
  readonly scalar?: number | undefined;
  readonly message?: ProtobufEsMessage | undefined;
  readonly enum?: ProtobufEsEnum | undefined;
  readonly mapKey?: number | undefined;
  readonly presence: number;
  readonly packed?: boolean | undefined;
}

/** `FeatureSet.FieldPresence.LEGACY_REQUIRED` */
const PRESENCE_REQUIRED = 3;

/** Properties that every message object of the library has. */
const LIBRARY_KEYS = ["$typeName", "$unknown"] as const;

interface MutableMessage extends MessageModel {
  readonly fields: FieldModel[];
  readonly nested: MessageModel[];
}

/** The model of a protobuf-es type. Records have the properties of its messages, `localName`s. */
export function messageOfProtobufEs(root: ProtobufEsMessage): MessageModel {
  return new Models().messageOf(root);
}

class Models {
  readonly #messages = new Map<ProtobufEsMessage, MutableMessage>();
  readonly #enums = new Map<ProtobufEsEnum, EnumModel>();

  messageOf(desc: ProtobufEsMessage): MessageModel {
    const known = this.#messages.get(desc);
    if (known !== undefined) return known;
    const message: MutableMessage = {
      kind: "message",
      name: desc.name,
      fields: [],
      nested: [],
      enums: desc.nestedEnums.map((type) => this.#enumOf(type)),
      isMapEntry: false,
      ignoredKeys: LIBRARY_KEYS,
      ownKeysOnly: true,
    };
    this.#messages.set(desc, message);
    message.nested.push(...desc.nestedMessages.map((type) => this.messageOf(type)));
    for (const field of desc.fields) message.fields.push(this.#fieldOf(field, message));
    return message;
  }

  #fieldOf(field: ProtobufEsField, parent: MutableMessage): FieldModel {
    const { name, localName, number, fieldKind } = field;
    const isRepeated = fieldKind === "list" || fieldKind === "map";
    const type = fieldKind === "map" ? this.#entryOf(field) : this.#valueOf(field);
    if (fieldKind === "map") parent.nested.push(type as MessageModel);
    const isRequired = field.presence === PRESENCE_REQUIRED;
    return {
      name,
      key: localName,
      number,
      label: isRepeated ? "repeated" : isRequired ? "required" : "optional",
      isPacked: fieldKind === "list" && field.packed === true,
      type,
    };
  }

  #entryOf(field: ProtobufEsField): MessageModel {
    const part = { label: "optional", isPacked: false } as const;
    const key = { ...part, name: "key", key: "key", number: 1, type: scalarOf(field.mapKey) };
    const value = { ...part, name: "value", key: "value", number: 2, type: this.#valueOf(field) };
    return {
      kind: "message",
      name: mapEntryNameOf(field.name),
      fields: [key, value],
      nested: [],
      enums: [],
      isMapEntry: true,
    };
  }

  #valueOf(field: ProtobufEsField): FieldModel["type"] {
    if (field.message !== undefined) return this.messageOf(field.message);
    if (field.enum !== undefined) return this.#enumOf(field.enum);
    return scalarOf(field.scalar);
  }

  #enumOf(desc: ProtobufEsEnum): EnumModel {
    let known = this.#enums.get(desc);
    if (known === undefined) {
      const values = desc.values.map(({ name, number }) => ({ name, number }));
      known = { kind: "enum", name: desc.name, values };
      this.#enums.set(desc, known);
    }
    return known;
  }
}

function scalarOf(number: number | undefined): ScalarModel {
  const scalar: ProtoScalar | undefined = SCALARS_BY_NUMBER.get(number ?? 0);
  if (scalar !== undefined) return { kind: "scalar", scalar, rule: ruleOfScalar(scalar) };
  throw new ZerobusError("invalid_argument", `The message type has an unknown scalar ${number}`);
}
