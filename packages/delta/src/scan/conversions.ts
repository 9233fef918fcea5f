// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement } from "hyparquet";
import {
  type DecimalFormat,
  decimalOf,
  MAX_INT32_DIGITS,
  MAX_INT64_DIGITS,
} from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";
import { DecodeProblem } from "./parquet/decode-problem.ts";
import type { StoredBytes, StoredValues } from "./parquet/leaf-data.ts";

/** Values of a column's own type, without gaps for nulls. The kinds are those of `FlatKind`. */
export type LeafValues =
  | { readonly kind: "boolean"; readonly values: Uint8Array }
  | { readonly kind: "int32"; readonly values: Int32Array }
  | { readonly kind: "int64"; readonly values: BigInt64Array }
  /** Four halves a value, the lowest first. */
  | { readonly kind: "int128"; readonly values: Int32Array }
  | { readonly kind: "float"; readonly values: Float32Array }
  | { readonly kind: "double"; readonly values: Float64Array }
  | StoredBytes;

/** Makes values of a column's type from what a file stores. */
export type Conversion = (stored: StoredValues) => LeafValues;

/**
 * How values of a type are made from those of a leaf, or `undefined` where they cannot. Beside the type's own form these
 * are the older and wider forms that writers use (INT96 timestamps, decimals as bytes), and the narrower types that a
 * column may have had before ("Type Widening" of the protocol).
 */
export function conversionOf(element: SchemaElement, type: DataType): Conversion | undefined {
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalConversion(element, decimal);
  switch (type) {
    case "boolean":
      return element.type === "BOOLEAN" ? unchanged : undefined;
    case "byte":
    case "short":
    case "integer":
      return isPlainInteger(element, "INT32") ? unchanged : undefined;
    case "long":
      if (isPlainInteger(element, "INT64")) return unchanged;
      return isPlainInteger(element, "INT32") ? toInt64 : undefined;
    case "float":
      return element.type === "FLOAT" ? unchanged : undefined;
    case "double":
      if (element.type === "DOUBLE") return unchanged;
      if (element.type === "FLOAT") return toDouble;
      return isPlainInteger(element, "INT32") ? toDouble : undefined;
    case "date":
      return isDate(element) ? unchanged : undefined;
    case "timestamp":
      return timestampConversion(element);
    case "timestamp_ntz":
      return isDate(element) ? daysToMicroseconds : timestampConversion(element);
    case "string":
      return element.type === "BYTE_ARRAY" && !isDecimal(element) ? unchanged : undefined;
    case "binary":
      if (element.type === "FIXED_LEN_BYTE_ARRAY") return toBytes;
      return element.type === "BYTE_ARRAY" ? unchanged : undefined;
    default:
      return undefined;
  }
}

function unchanged(stored: StoredValues): LeafValues {
  if (stored.kind === "fixed") throw new DecodeProblem("values of a length");
  return stored;
}

/** Signed integers; without an annotation, too, as that is what the physical types mean. */
function isPlainInteger(element: SchemaElement, physical: "INT32" | "INT64"): boolean {
  if (element.type !== physical) return false;
  const { converted_type: converted, logical_type: logical } = element;
  if (logical !== undefined) return logical.type === "INTEGER" && logical.isSigned;
  return converted === undefined || converted.startsWith("INT_");
}

function isDate({
  type,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): boolean {
  return type === "INT32" && (converted === "DATE" || logical?.type === "DATE");
}

function isDecimal({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === "DECIMAL" || logical?.type === "DECIMAL";
}

const MICROSECONDS_PER_DAY = 86_400_000_000n;
const JULIAN_DAY_OF_EPOCH = 2_440_588n;

function timestampConversion(element: SchemaElement): Conversion | undefined {
  if (element.type === "INT96") return int96ToMicroseconds;
  if (element.type !== "INT64") return undefined;
  const { converted_type: converted, logical_type: logical } = element;
  const unit =
    logical?.type === "TIMESTAMP"
      ? logical.unit
      : converted === "TIMESTAMP_MICROS"
        ? "MICROS"
        : converted === "TIMESTAMP_MILLIS"
          ? "MILLIS"
          : undefined;
  switch (unit) {
    case "MICROS":
      return unchanged;
    case "MILLIS":
      return (stored) => mapInt64(stored, (value) => value * 1000n);
    case "NANOS":
      return (stored) => mapInt64(stored, floorToMicroseconds);
    case undefined:
      return undefined;
  }
}

function floorToMicroseconds(nanoseconds: bigint): bigint {
  const quotient = nanoseconds / 1000n;
  return nanoseconds < 0n && quotient * 1000n !== nanoseconds ? quotient - 1n : quotient;
}

function mapInt64(stored: StoredValues, change: (value: bigint) => bigint): LeafValues {
  if (stored.kind !== "int64") throw new DecodeProblem(`values of kind ${stored.kind}`);
  return { kind: "int64", values: stored.values.map(change) };
}

/** Nanoseconds of the day in 64 bits, then the Julian day in 32. */
function int96ToMicroseconds(stored: StoredValues): LeafValues {
  if (stored.kind !== "fixed") throw new DecodeProblem(`values of kind ${stored.kind}`);
  const { data } = stored;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new BigInt64Array(data.length / 12);
  for (let value = 0; value < values.length; value += 1) {
    const nanoseconds = view.getBigInt64(value * 12, true);
    const days = BigInt(view.getInt32(value * 12 + 8, true)) - JULIAN_DAY_OF_EPOCH;
    values[value] = days * MICROSECONDS_PER_DAY + floorToMicroseconds(nanoseconds);
  }
  return { kind: "int64", values };
}

function daysToMicroseconds(stored: StoredValues): LeafValues {
  if (stored.kind !== "int32") throw new DecodeProblem(`values of kind ${stored.kind}`);
  const values = BigInt64Array.from(stored.values, (days) => BigInt(days) * MICROSECONDS_PER_DAY);
  return { kind: "int64", values };
}

function toInt64(stored: StoredValues): LeafValues {
  if (stored.kind !== "int32") throw new DecodeProblem(`values of kind ${stored.kind}`);
  return { kind: "int64", values: BigInt64Array.from(stored.values, BigInt) };
}

function toDouble(stored: StoredValues): LeafValues {
  if (stored.kind !== "int32" && stored.kind !== "float") {
    throw new DecodeProblem(`values of kind ${stored.kind}`);
  }
  return { kind: "double", values: Float64Array.from(stored.values) };
}

function toBytes(stored: StoredValues): LeafValues {
  if (stored.kind !== "fixed") throw new DecodeProblem(`values of kind ${stored.kind}`);
  const { width, data } = stored;
  const count = data.length / width;
  const pool = new Uint8Array(count * (width + 4));
  const ends = new Uint32Array(count);
  const view = new DataView(pool.buffer);
  for (let value = 0; value < count; value += 1) {
    const start = value * (width + 4);
    view.setUint32(start, width, true);
    pool.set(data.subarray(value * width, (value + 1) * width), start + 4);
    ends[value] = start + 4 + width;
  }
  return { kind: "bytes", data: pool, ends, indices: null };
}

/** Digits that a plain integer of each physical type may have. */
const INTEGER_FORMATS: Readonly<Partial<Record<string, DecimalFormat>>> = {
  INT32: { precision: 10, scale: 0 },
  INT64: { precision: 20, scale: 0 },
};

function decimalConversion(element: SchemaElement, target: DecimalFormat): Conversion | undefined {
  const source = decimalFormatOf(element);
  if (source === undefined) return undefined;
  const added = target.scale - source.scale;
  // Every value must fit: as many digits before the point, and behind it.
  if (added < 0 || target.precision - target.scale < source.precision - source.scale) {
    return undefined;
  }
  const kind = decimalKindOf(target.precision);
  if (added === 0) return (stored) => (stored.kind === kind ? stored : toDecimal(stored, kind, 1n));
  const factor = 10n ** BigInt(added);
  return (stored) => toDecimal(stored, kind, factor);
}

function decimalFormatOf(element: SchemaElement): DecimalFormat | undefined {
  if (isDecimal(element)) {
    const { logical_type: logical, precision, scale = 0 } = element;
    if (logical?.type === "DECIMAL") {
      return { precision: logical.precision, scale: logical.scale ?? 0 };
    }
    return precision === undefined ? undefined : { precision, scale };
  }
  if (isPlainInteger(element, "INT32") || isPlainInteger(element, "INT64")) {
    return INTEGER_FORMATS[element.type as string];
  }
  return undefined;
}

function decimalKindOf(precision: number): "int32" | "int64" | "int128" {
  if (precision <= MAX_INT32_DIGITS) return "int32";
  return precision <= MAX_INT64_DIGITS ? "int64" : "int128";
}

function toDecimal(
  stored: StoredValues,
  kind: "int32" | "int64" | "int128",
  factor: bigint,
): LeafValues {
  if (stored.kind === "fixed" && factor === 1n && kind === "int128" && stored.width <= 16) {
    return fixedToInt128(stored.data, stored.width);
  }
  const count = countOfStored(stored);
  const unscaled = unscaledOf(stored);
  switch (kind) {
    case "int32": {
      const values = new Int32Array(count);
      for (let value = 0; value < count; value += 1)
        values[value] = Number(unscaled(value) * factor);
      return { kind, values };
    }
    case "int64": {
      const values = new BigInt64Array(count);
      for (let value = 0; value < count; value += 1) values[value] = unscaled(value) * factor;
      return { kind, values };
    }
    case "int128": {
      const values = new BigInt64Array(count * 2);
      for (let value = 0; value < count; value += 1) {
        const number = unscaled(value) * factor;
        values[value * 2] = number;
        values[value * 2 + 1] = number >> 64n;
      }
      return { kind, values: new Int32Array(values.buffer) };
    }
  }
}

/** Turns big-endian numbers in two's complement around, and extends their sign. */
function fixedToInt128(data: Uint8Array, width: number): LeafValues {
  const count = data.length / width;
  const bytes = new Uint8Array(count * 16);
  for (let value = 0; value < count; value += 1) {
    const start = value * width;
    const sign = (data[start] as number) >= 0x80 ? 0xff : 0;
    for (let byte = 0; byte < width; byte += 1) {
      bytes[value * 16 + byte] = data[start + width - 1 - byte] as number;
    }
    if (sign !== 0) bytes.fill(sign, value * 16 + width, value * 16 + 16);
  }
  return { kind: "int128", values: new Int32Array(bytes.buffer) };
}

function countOfStored(stored: StoredValues): number {
  if (stored.kind === "fixed") return stored.data.length / stored.width;
  if (stored.kind === "bytes") return (stored.indices ?? stored.ends).length;
  return stored.values.length;
}

function unscaledOf(stored: StoredValues): (index: number) => bigint {
  switch (stored.kind) {
    case "int32":
      return (index) => BigInt(stored.values[index] as number);
    case "int64":
      return (index) => stored.values[index] as bigint;
    case "fixed": {
      const { width, data } = stored;
      return (index) => bigEndian(data, index * width, (index + 1) * width);
    }
    case "bytes": {
      const { data, ends, indices } = stored;
      return (index) => {
        const entry = indices === null ? index : (indices[index] as number);
        const start = entry === 0 ? 0 : (ends[entry - 1] as number);
        return bigEndian(data, start + 4, ends[entry] as number);
      };
    }
    default:
      throw new DecodeProblem(`decimals of kind ${stored.kind}`);
  }
}

function bigEndian(data: Uint8Array, start: number, end: number): bigint {
  let unscaled = 0n;
  for (let byte = start; byte < end; byte += 1) {
    unscaled = (unscaled << 8n) | BigInt(data[byte] as number);
  }
  return BigInt.asIntN((end - start) * 8, unscaled);
}
