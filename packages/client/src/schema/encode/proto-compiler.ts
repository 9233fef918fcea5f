// SPDX-License-Identifier: Apache-2.0
import type { FieldModel, MessageModel } from "../descriptor/message-model.ts";
import { type Converter, converterOf } from "./converters.ts";
import { within } from "./field-error.ts";
import {
  type FieldWriter,
  fieldWriterOf,
  type MessageWriter,
  type MessageWriters,
  scalarOf,
  SINK_METHODS,
  tagOf,
} from "./proto-fields.ts";
import { knownKeysOf } from "./proto-interpreter.ts";
import {
  isInheritedName,
  missing,
  ownProperty,
  type PlainObject,
  unknownKey,
} from "./record-parts.ts";
import type { ValueRule } from "./value-rule.ts";

/** Fields in one generated function; the engine does not optimise functions of any size. */
const FIELDS_PER_FUNCTION = 50;

/** Everything generated code uses. It holds no name or other text of a schema, only indexes into these. */
interface Constants {
  readonly keys: readonly string[];
  readonly converters: readonly (Converter | undefined)[];
  readonly writers: readonly (FieldWriter | undefined)[];
  readonly own: (record: PlainObject, key: string) => unknown;
  readonly missing: (value: unknown) => never;
  readonly within: (error: unknown, part: string | number | undefined) => unknown;
}

/** Whether this process may make functions out of text; a policy or a flag of Node's may forbid it. */
export function canGenerateCode(): boolean {
  try {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}

/**
 * Writes a message with a function made for it: a straight line over the fields, values of the usual type without a
 * call to check them. Lists, maps and nested messages go to their writers.
 */
export function generatedMessageWriter(
  message: MessageModel,
  writers: MessageWriters,
  refusesUnknownKeys: boolean,
): MessageWriter {
  const parts: MessageWriter[] = [];
  for (let from = 0; from < message.fields.length; from += FIELDS_PER_FUNCTION) {
    const fields = message.fields.slice(from, from + FIELDS_PER_FUNCTION);
    parts.push(generatePart(fields, message.ownKeysOnly === true, writers));
  }
  const checkKeys = refusesUnknownKeys ? keyCheckOf(message) : undefined;
  const [first, ...rest] = parts;
  if (first === undefined) return (_, record) => checkKeys?.(record);
  if (rest.length === 0) {
    return (sink, record) => {
      first(sink, record);
      checkKeys?.(record);
    };
  }
  return (sink, record) => {
    for (const part of parts) part(sink, record);
    checkKeys?.(record);
  };
}

function generatePart(
  fields: readonly FieldModel[],
  ownKeysOnly: boolean,
  writers: MessageWriters,
): MessageWriter {
  const scalars = fields.map((field) =>
    field.label === "repeated" ? undefined : scalarOf(field.type),
  );
  const constants: Constants = {
    keys: fields.map(({ key }) => key),
    converters: scalars.map((scalar) =>
      scalar === undefined ? undefined : converterOf(scalar.rule),
    ),
    writers: fields.map((field, index) =>
      scalars[index] === undefined ? fieldWriterOf(field, writers) : undefined,
    ),
    own: ownProperty,
    missing,
    within,
  };
  const lines = fields.map((field, index) => statementOf(field, index, ownKeysOnly));
  const source = [
    `"use strict";`,
    `const { keys, own, missing, within } = constants;`,
    `const ${fields.map((_, index) => `k${index} = keys[${index}]`).join(", ")};`,
    `const ${fields.map((_, index) => `c${index} = constants.converters[${index}]`).join(", ")};`,
    `const ${fields.map((_, index) => `w${index} = constants.writers[${index}]`).join(", ")};`,
    `return function writeFields(sink, record) {`,
    `  let at = 0, v;`,
    `  try {`,
    ...lines,
    `  } catch (error) { throw within(error, keys[at]); }`,
    `};`,
  ].join("\n");
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const make = new Function("constants", source) as (constants: Constants) => MessageWriter;
  return make(constants);
}

function statementOf(field: FieldModel, index: number, ownKeysOnly: boolean): string {
  const read =
    ownKeysOnly || isInheritedName(field.key) ? `own(record, k${index})` : `record[k${index}]`;
  const otherwise = field.label === "required" ? " else missing(v);" : "";
  return `    at = ${index}; v = ${read}; if (v !== undefined && v !== null) ${writeOf(field, index)}${otherwise}`;
}

function writeOf(field: FieldModel, index: number): string {
  const scalar = field.label === "repeated" ? undefined : scalarOf(field.type);
  if (scalar === undefined) return `w${index}(sink, v);`;
  const guard = guardOf(scalar.rule);
  const value = guard === undefined ? `c${index}(v)` : `${guard} ? v : c${index}(v)`;
  return `sink.${SINK_METHODS[scalar.scalar]}(${tagOf(field)}, ${value});`;
}

/** A test that values of the usual type pass which need no conversion; others go to the converter. */
function guardOf(rule: ValueRule): string | undefined {
  switch (rule.kind) {
    case "boolean":
      return `typeof v === "boolean"`;
    case "double":
      return `typeof v === "number"`;
    case "text":
      // The sink refuses what is not well-formed.
      return rule.maxCharacters === 0 ? `typeof v === "string"` : undefined;
    case "integer":
      // A whole number of 32 bits; of the unsigned ones those beyond take the longer way.
      return `typeof v === "number" && (v | 0) === v && v >= ${rule.min} && v <= ${rule.max}`;
    case "long":
      return `typeof v === "number" && Number.isSafeInteger(v)${rule.isUnsigned ? " && v >= 0" : ""}`;
    case "timestamp":
      return `typeof v === "number" && Number.isSafeInteger(v)`;
    default:
      return undefined;
  }
}

/** Compares a record's properties with the columns; they are mostly the same in the same order. */
function keyCheckOf(message: MessageModel): (record: PlainObject) => void {
  const keys = message.fields.map(({ key }) => key);
  const known = knownKeysOf(message);
  return (record) => {
    let next = 0;
    for (const key in record) {
      if (key === keys[next]) next++;
      else if (!known.has(key)) refuseKey(record, key);
    }
  };
}

function refuseKey(record: PlainObject, key: string): void {
  try {
    unknownKey(record, key);
  } catch (error) {
    throw within(error, key);
  }
}
