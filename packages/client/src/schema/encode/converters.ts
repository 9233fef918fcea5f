// SPDX-License-Identifier: Apache-2.0
import { daysOfDate, daysOfText, isDay, isMicro, microsOfDate, microsOfText } from "./calendar.ts";
import { fitsDecimal } from "./decimal-text.ts";
import { refuse } from "./field-error.ts";
import { checkWellFormed, strictJson } from "./strict-json.ts";
import { expectationOf, type ValueRule } from "./value-rule.ts";

/**
 * A value as it is written: 64-bit values are a safe integer or a bigint, dates days, timestamps microseconds, decimals
 * and variants text.
 */
export type Converted = boolean | number | bigint | string | Uint8Array;

/** Checks a value that is neither null nor undefined, and converts it. Throws a FieldError for one that does not fit. */
export type Converter = (value: unknown) => Converted;

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const WHOLE_NUMBER = /^[+-]?\d{1,40}$/;

/** The converter of a rule. */
export function converterOf(rule: ValueRule): Converter {
  const expectation = expectationOf(rule);
  const bad = (value: unknown): never => refuse(value, expectation);
  switch (rule.kind) {
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : bad(value));
    case "integer":
      return (value) => integerOf(value, rule.min, rule.max) ?? bad(value);
    case "long":
      return (value) => longOf(value, rule.isUnsigned) ?? bad(value);
    case "double":
      return (value) => (typeof value === "number" ? value : bad(value));
    case "float":
      return (value) => (typeof value === "number" && isFloat(value) ? value : bad(value));
    case "text":
      return (value) => textOf(value, rule.maxCharacters) ?? bad(value);
    case "bytes":
      return (value) => (value instanceof Uint8Array ? value : bad(value));
    case "decimal":
      return (value) => decimalOf(value, rule.precision, rule.scale) ?? bad(value);
    case "date":
      return (value) => dateOf(value) ?? bad(value);
    case "timestamp":
      return (value) => timestampOf(value, rule.hasZone) ?? bad(value);
    case "variant":
      return strictJson;
    case "enum":
      return (value) => enumOf(value, rule.numbers) ?? bad(value);
  }
}

function integerOf(value: unknown, min: number, max: number): number | undefined {
  if (typeof value === "bigint") {
    return value >= BigInt(min) && value <= BigInt(max) ? Number(value) : undefined;
  }
  const isWhole = typeof value === "number" && Number.isInteger(value);
  return isWhole && value >= min && value <= max ? value : undefined;
}

function longOf(value: unknown, isUnsigned: boolean): number | bigint | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && (value >= 0 || !isUnsigned) ? value : undefined;
  }
  if (typeof value === "string" && WHOLE_NUMBER.test(value)) {
    return longOf(BigInt(value.startsWith("+") ? value.slice(1) : value), isUnsigned);
  }
  if (isLong(value)) {
    const high = value.unsigned ? value.high >>> 0 : value.high;
    return longOf((BigInt(high) << 32n) | BigInt(value.low >>> 0), isUnsigned);
  }
  if (typeof value !== "bigint") return undefined;
  const [min, max] = isUnsigned ? [0n, MAX_UINT64] : [MIN_INT64, MAX_INT64];
  return value >= min && value <= max ? value : undefined;
}

/** A 64-bit integer as the package `long` has it, which protobufjs uses. */
interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

function isLong(value: unknown): value is Long {
  if (typeof value !== "object" || value === null) return false;
  const { low, high, unsigned } = value as Readonly<Record<string, unknown>>;
  return typeof low === "number" && typeof high === "number" && typeof unsigned === "boolean";
}

/** NaN and the infinities are floats; a number that only rounding makes infinite is not. */
function isFloat(value: number): boolean {
  return Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
}

function textOf(value: unknown, maxCharacters: number): string | undefined {
  if (typeof value !== "string") return undefined;
  checkWellFormed(value);
  if (maxCharacters === 0 || value.length <= maxCharacters) return value;
  let characterCount = 0;
  for (const _ of value) if (++characterCount > maxCharacters) return undefined;
  return value;
}

function decimalOf(value: unknown, precision: number, scale: number): string | undefined {
  const isNumeric = typeof value === "number" || typeof value === "bigint";
  const text = isNumeric ? String(value) : value;
  return typeof text === "string" && fitsDecimal(text, precision, scale) ? text : undefined;
}

function dateOf(value: unknown): number | undefined {
  if (typeof value === "number") return isDay(value) ? value : undefined;
  if (typeof value === "string") return daysOfText(value);
  return value instanceof Date ? daysOfDate(value) : undefined;
}

function timestampOf(value: unknown, hasZone: boolean): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") {
    return isMicro(value) ? value : undefined;
  }
  if (typeof value === "string") return microsOfText(value, hasZone);
  return value instanceof Date ? microsOfDate(value) : undefined;
}

function enumOf(value: unknown, numbers: ReadonlyMap<string, number>): number | undefined {
  if (typeof value === "string") return numbers.get(value);
  return integerOf(value, -2_147_483_648, 2_147_483_647);
}
