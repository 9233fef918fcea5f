// SPDX-License-Identifier: Apache-2.0
import type { Column, ColumnType, TableSchema } from "../table-schema.ts";
import { converterOf } from "./converters.ts";
import { FieldError, recordError, refuse, shown, within } from "./field-error.ts";
import type { EncoderOptions, SchemaEncoder } from "./record-encoder.ts";
import {
  entriesOf,
  isInheritedName,
  keyConverterOf,
  missing,
  objectOf,
  ownProperty,
  unknownKey,
} from "./record-parts.ts";
import { strictJson, textOfString } from "./strict-json.ts";
import { ruleOfType, type ValueRule } from "./value-rule.ts";

/** JSON text of a value that is neither null nor undefined. */
type TextWriter = (value: unknown) => string;

const FIRST_BYTES = 4096;
/** A buffer that one record made larger than this is not kept for the next. */
const MAX_KEPT_BYTES = 1_048_576;

/** Compiles an encoder of JSON text; without a schema, one that refuses what JSON would lose. */
export function jsonEncoderOf<Item>(
  schema: TableSchema | undefined,
  options: EncoderOptions = {},
): SchemaEncoder<Item> {
  const refusesUnknownKeys = options.unknownKeys !== "ignore";
  const write: TextWriter =
    schema === undefined
      ? (record) => strictJson(objectOf(record))
      : structWriterOf(schema.columns, refusesUnknownKeys);
  let bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  return {
    format: "json",
    encode(record) {
      let text: string;
      try {
        text = write(record);
      } catch (error) {
        throw recordError(error);
      }
      const neededBytes = text.length * 3;
      if (neededBytes > bytes.length || bytes.length > MAX_KEPT_BYTES) {
        bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, neededBytes));
      }
      return bytes.subarray(0, bytes.write(text, "utf8"));
    },
  };
}

function structWriterOf(columns: readonly Column[], refusesUnknownKeys: boolean): TextWriter {
  const keys = columns.map(({ name }) => name);
  const known = new Set(keys);
  const fields = columns.map(({ name, type, nullable }) => ({
    name,
    prefix: `${JSON.stringify(name)}:`,
    isInherited: isInheritedName(name),
    isRequired: !nullable,
    write: writerOf(type, refusesUnknownKeys),
  }));
  return (value) => {
    const record = objectOf(value);
    let text = "";
    let key = "";
    try {
      for (const field of fields) {
        key = field.name;
        const member = field.isInherited ? ownProperty(record, key) : record[key];
        if (member !== undefined && member !== null) {
          const separator = text === "" ? "" : ",";
          text += separator + field.prefix + field.write(member);
        } else if (field.isRequired) missing(member);
      }
      if (refusesUnknownKeys) {
        let next = 0;
        for (key in record) {
          if (key === keys[next]) next++;
          else if (!known.has(key)) unknownKey(record, key);
        }
      }
    } catch (error) {
      throw within(error, key);
    }
    return `{${text}}`;
  };
}

function writerOf(type: ColumnType, refusesUnknownKeys: boolean): TextWriter {
  switch (type.kind) {
    case "struct":
      return structWriterOf(type.fields, refusesUnknownKeys);
    case "array":
      return arrayWriterOf(type.containsNull, writerOf(type.element, refusesUnknownKeys));
    case "map":
      return mapWriterOf(type, writerOf(type.value, refusesUnknownKeys));
    default:
      return scalarWriterOf(ruleOfType(type) as ValueRule);
  }
}

function arrayWriterOf(containsNull: boolean, write: TextWriter): TextWriter {
  return (value) => {
    if (!Array.isArray(value)) refuse(value, "an array");
    const items = value as readonly unknown[];
    let text = "";
    let index = 0;
    try {
      for (; index < items.length; index++) {
        const separator = index === 0 ? "" : ",";
        text += separator + elementText(items[index], containsNull, write);
      }
    } catch (error) {
      throw within(error, index);
    }
    return `[${text}]`;
  };
}

function mapWriterOf(type: ColumnType & { kind: "map" }, write: TextWriter): TextWriter {
  const rule = ruleOfType(type.key);
  if (rule === undefined || rule.kind === "variant" || rule.kind === "bytes") {
    return () => {
      throw new FieldError("JSON has no form for a MAP with such keys");
    };
  }
  const convertKey = keyConverterOf(rule, converterOf(rule));
  return (value) => {
    let text = "";
    for (const [key, item] of entriesOf(value)) {
      try {
        const separator = text === "" ? "" : ",";
        const keyText = textOfString(String(convertKey(key)));
        text += `${separator}${keyText}:${elementText(item, type.valueContainsNull, write)}`;
      } catch (error) {
        throw within(error, String(key));
      }
    }
    return `{${text}}`;
  };
}

function elementText(value: unknown, isNullable: boolean, write: TextWriter): string {
  if (value !== undefined && value !== null) return write(value);
  if (isNullable && value === null) return "null";
  throw new FieldError(
    `${shown(value)} is no element of it${value === null ? ", which are NOT NULL" : ""}`,
  );
}

function scalarWriterOf(rule: ValueRule): TextWriter {
  const convert = converterOf(rule);
  switch (rule.kind) {
    case "text":
      if (rule.maxCharacters > 0) return (value) => textOfString(convert(value) as string);
      return (value) =>
        textOfString(typeof value === "string" ? value : (convert(value) as string));
    case "variant":
      return (value) => textOfString(convert(value) as string);
    case "decimal":
      return (value) => `"${convert(value) as string}"`;
    case "bytes":
      return (value) => `"${base64Of(convert(value) as Uint8Array)}"`;
    case "float":
    case "double":
      return (value) => {
        const number = convert(value) as number;
        if (Number.isFinite(number)) return Object.is(number, -0) ? "-0" : String(number);
        throw new FieldError(
          `JSON has no form for ${shown(number)}, send protobuf records, or null`,
        );
      };
    default:
      return (value) => String(convert(value));
  }
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
