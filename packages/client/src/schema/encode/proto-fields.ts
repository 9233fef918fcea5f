// SPDX-License-Identifier: Apache-2.0
import {
  type FieldModel,
  type MessageModel,
  type ProtoScalar,
  SCALAR_WIRE_TYPES,
  type ScalarModel,
} from "../descriptor/message-model.ts";
import type { ByteSink } from "./byte-sink.ts";
import { type Converter, converterOf } from "./converters.ts";
import { FieldError, refuse, within } from "./field-error.ts";
import { entriesOf, keyConverterOf, objectOf, type PlainObject } from "./record-parts.ts";
import { expectationOf, type ValueRule } from "./value-rule.ts";

/** Writes one field with its tag. The value is neither null nor undefined. */
export type FieldWriter = (sink: ByteSink, value: unknown) => void;

/** Writes the fields of a message, without a tag and length of its own. */
export type MessageWriter = (sink: ByteSink, record: PlainObject) => void;

/** Gives the writer of a message, which may be in the making: messages may contain themselves. */
export type MessageWriters = (message: MessageModel) => { readonly write: MessageWriter };

type SinkMethod =
  | "bool"
  | "int32"
  | "uint32"
  | "sint32"
  | "int64"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "float"
  | "double"
  | "text"
  | "binary";

/** The method of {@link ByteSink} that writes each scalar. */
export const SINK_METHODS: Readonly<Record<ProtoScalar, SinkMethod>> = {
  double: "double",
  float: "float",
  int64: "int64",
  uint64: "int64",
  int32: "int32",
  fixed64: "fixed64",
  fixed32: "fixed32",
  bool: "bool",
  string: "text",
  bytes: "binary",
  uint32: "uint32",
  sfixed32: "fixed32",
  sfixed64: "fixed64",
  sint32: "sint32",
  sint64: "sint64",
};

type Put = (sink: ByteSink, tag: number, value: unknown) => void;

/** The field's tag as it stands on the wire. */
export function tagOf({ number, type, isPacked }: FieldModel): number {
  const { scalar } = scalarOf(type) ?? { scalar: undefined };
  return number * 8 + (scalar === undefined || isPacked ? 2 : SCALAR_WIRE_TYPES[scalar]);
}

/** Scalar and rule of a field that is not a message; an enum is written as int32. */
export function scalarOf(type: FieldModel["type"]): ScalarModel | undefined {
  if (type.kind === "message") return undefined;
  if (type.kind === "scalar") return type;
  const numbers = new Map(type.values.map(({ name, number }) => [name, number]));
  return { kind: "scalar", scalar: "int32", rule: { kind: "enum", numbers } };
}

/** The writer of any field. */
export function fieldWriterOf(field: FieldModel, writers: MessageWriters): FieldWriter {
  const { type } = field;
  const tag = tagOf(field);
  if (type.kind === "message" && type.isMapEntry) return mapWriterOf(type, tag, writers);
  const put = putOf(type, writers);
  if (field.label !== "repeated") return (sink, value) => put(sink, tag, value);
  return listWriterOf(put, tag, field.isPacked);
}

function listWriterOf(put: Put, tag: number, isPacked: boolean): FieldWriter {
  const itemTag = isPacked ? 0 : tag;
  return (sink, value) => {
    if (!Array.isArray(value)) refuse(value, "an array");
    const items = value as readonly unknown[];
    if (items.length === 0) return;
    const lengthAt = isPacked ? sink.open(tag) : 0;
    let index = 0;
    try {
      for (; index < items.length; index++) {
        const item = items[index];
        if (item === undefined || item === null) throw withoutNull("an ARRAY");
        put(sink, itemTag, item);
      }
    } catch (error) {
      throw within(error, index);
    }
    if (isPacked) sink.end(lengthAt);
  };
}

function mapWriterOf(entry: MessageModel, tag: number, writers: MessageWriters): FieldWriter {
  const [keyField, valueField] = [1, 2].map((number) =>
    entry.fields.find((field) => field.number === number),
  );
  const key = keyField === undefined ? undefined : scalarOf(keyField.type);
  if (keyField === undefined || valueField === undefined || key === undefined) {
    throw new TypeError(`the map entry ${entry.name} has no key 1 and value 2`);
  }
  const putKey = scalarPutOf(key, keyConverterOf(key.rule, converterOf(key.rule)));
  const putValue = putOf(valueField.type, writers);
  const [keyTag, valueTag] = [tagOf(keyField), tagOf(valueField)];
  return (sink, value) => {
    for (const [entryKey, item] of entriesOf(value)) {
      try {
        const lengthAt = sink.open(tag);
        putKey(sink, keyTag, entryKey);
        if (item === undefined || item === null) throw withoutNull("a MAP");
        putValue(sink, valueTag, item);
        sink.end(lengthAt);
      } catch (error) {
        throw within(error, String(entryKey));
      }
    }
  };
}

function putOf(type: FieldModel["type"], writers: MessageWriters): Put {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return scalarPutOf(scalar, converterOf(scalar.rule));
  const writer = writers(type as MessageModel);
  return (sink, tag, value) => {
    const record = objectOf(value);
    const lengthAt = sink.open(tag);
    writer.write(sink, record);
    sink.end(lengthAt);
  };
}

function scalarPutOf({ scalar, rule }: ScalarModel, convert: Converter): Put {
  const put = PUTS[SINK_METHODS[scalar]];
  checkPair(scalar, rule);
  return (sink, tag, value) => put(sink, tag, convert(value) as never);
}

const PUTS: Readonly<Record<SinkMethod, (sink: ByteSink, tag: number, value: never) => void>> = {
  bool: (sink, tag, value) => sink.bool(tag, value),
  int32: (sink, tag, value) => sink.int32(tag, value),
  uint32: (sink, tag, value) => sink.uint32(tag, value),
  sint32: (sink, tag, value) => sink.sint32(tag, value),
  int64: (sink, tag, value) => sink.int64(tag, value),
  sint64: (sink, tag, value) => sink.sint64(tag, value),
  fixed32: (sink, tag, value) => sink.fixed32(tag, value),
  fixed64: (sink, tag, value) => sink.fixed64(tag, value),
  float: (sink, tag, value) => sink.float(tag, value),
  double: (sink, tag, value) => sink.double(tag, value),
  text: (sink, tag, value) => sink.text(tag, value),
  binary: (sink, tag, value) => sink.binary(tag, value),
};

/** What each method takes, by the rules whose results are such. */
const RULES_BY_METHOD: Readonly<Record<SinkMethod, readonly string[]>> = {
  bool: ["boolean"],
  int32: ["integer", "date", "enum"],
  uint32: ["integer"],
  sint32: ["integer", "date"],
  int64: ["long", "timestamp", "integer"],
  sint64: ["long", "timestamp", "integer"],
  fixed32: ["integer", "date"],
  fixed64: ["long", "timestamp", "integer"],
  float: ["float"],
  double: ["double", "float"],
  text: ["text", "decimal", "variant"],
  binary: ["bytes"],
};

/** A rule that gives other values than the scalar holds is a defect of whoever joined them. */
function checkPair(scalar: ProtoScalar, rule: ValueRule): void {
  if (RULES_BY_METHOD[SINK_METHODS[scalar]].includes(rule.kind)) return;
  throw new TypeError(`${expectationOf(rule)} cannot be written as ${scalar}`);
}

function withoutNull(container: string): FieldError {
  return new FieldError(
    `protobuf has no null inside of ${container}; leave the element out, or send JSON records`,
  );
}
