// SPDX-License-Identifier: Apache-2.0
import type { Column, ColumnType, TableSchema } from "@sluice/client";
import { CliError } from "../cli-error.ts";
import { WrittenNumber } from "./exact-json.ts";

type Values = Record<string, unknown>;
type Conversion = (value: unknown) => unknown;

/**
 * Makes the values of JSON texts those that the encoders take for a table's columns:
 *
 * | column | JSON |
 * |---|---|
 * | BIGINT, TIMESTAMP, DECIMAL | numbers of any length, exactly |
 * | FLOAT, DOUBLE | also `"NaN"`, `"Infinity"`, `"-Infinity"` |
 * | BINARY | base64 |
 * | VARIANT | a string is the JSON text of the value, as the service has it; anything else is the value itself |
 *
 * What does not fit is left as it is, for the encoder to say so, but for texts of a VARIANT that are no JSON: they throw
 * a CliError. The values are changed in place.
 */
export function columnValuesOf(schema: TableSchema): (values: Values) => Values {
  return fieldsConversion(schema.columns) ?? ((values) => values);
}

function fieldsConversion(fields: readonly Column[]): ((values: Values) => Values) | undefined {
  const steps = fields.flatMap(({ name, type }) => {
    const convert = conversionOf(type);
    return convert === undefined ? [] : [{ name, convert }];
  });
  if (steps.length === 0) return undefined;
  return (values) => {
    for (const { name, convert } of steps) {
      const value = values[name];
      if (value !== undefined && value !== null) values[name] = convert(value);
    }
    return values;
  };
}

/** `undefined` where JSON's values are right. */
function conversionOf(type: ColumnType): Conversion | undefined {
  switch (type.kind) {
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return wholeOf;
    case "float":
    case "double":
      return floatOf;
    case "decimal":
      return (value) => (value instanceof WrittenNumber ? value.text : value);
    case "binary":
      return bytesOf;
    case "variant":
      return variantOf;
    case "array":
      return arrayConversion(conversionOf(type.element));
    case "map":
      return mapConversion(conversionOf(type.value));
    case "struct":
      return structConversion(fieldsConversion(type.fields));
    default:
      return undefined;
  }
}

function wholeOf(value: unknown): unknown {
  if (!(value instanceof WrittenNumber)) return value;
  return /^-?\d+$/.test(value.text) ? BigInt(value.text) : Number(value.text);
}

function floatOf(value: unknown): unknown {
  if (value instanceof WrittenNumber) return Number(value.text);
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  return value;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function bytesOf(value: unknown): unknown {
  return typeof value === "string" && BASE64.test(value) ? Buffer.from(value, "base64") : value;
}

function variantOf(value: unknown): unknown {
  if (typeof value !== "string") return plain(value);
  try {
    return JSON.parse(value) as unknown;
  } catch (cause) {
    const shown = JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    throw new CliError(
      `a VARIANT is given as its JSON text, or as the value itself; ${shown} is not JSON text`,
      { cause },
    );
  }
}

/** A VARIANT has no more than what JSON has. */
function plain(value: unknown): unknown {
  if (value instanceof WrittenNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

function arrayConversion(convert: Conversion | undefined): Conversion | undefined {
  if (convert === undefined) return undefined;
  return (value) => (Array.isArray(value) ? value.map((item) => kept(item, convert)) : value);
}

function mapConversion(convert: Conversion | undefined): Conversion | undefined {
  if (convert === undefined) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    for (const name of Object.keys(value)) value[name] = kept(value[name], convert);
    return value;
  };
}

function structConversion(
  convert: ((values: Values) => Values) | undefined,
): Conversion | undefined {
  if (convert === undefined) return undefined;
  return (value) => (isObject(value) ? convert(value) : value);
}

function kept(value: unknown, convert: Conversion): unknown {
  return value === undefined || value === null ? value : convert(value);
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
