// SPDX-License-Identifier: Apache-2.0
import { readDecimal } from "../expression/literals.ts";
import { daysOfText, readTimestampText } from "../expression/time-text.ts";
import type { DecimalFormat } from "../schema/decimal.ts";
import { shown } from "./value-problem.ts";

/**
 * Values as callers give them, made into what columns hold. Each function returns the value or, as a text, what is wrong
 * with it; none of the values they return is a text.
 */

const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_MILLI = 1000n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;

/** A whole number of at most 32 bits. */
export function integerOf(value: unknown, min: number, max: number): number | string {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) {
    return number;
  }
  return `${shown(value)} is not a whole number from ${min} to ${max}`;
}

/** A whole number of 64 bits that is no safe integer, or what is wrong with it. */
export function longOf(value: unknown): bigint | string {
  if (typeof value === "bigint") {
    if (value >= INT64_MIN && value <= INT64_MAX) return value;
    return `${shown(value)} does not fit into 64 bits`;
  }
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value === "number" && Number.isInteger(value)) {
    return `the number ${value} is beyond 2^53 and may have been rounded; give a bigint`;
  }
  return `${shown(value)} is not a whole number; give a bigint or a number`;
}

/** Days since 1970. */
export function dayOf(value: unknown): number | string {
  if (typeof value === "string") {
    return (
      daysOfText(value) ??
      extendedDayOf(value) ??
      `${shown(value)} is not a day; give YYYY-MM-DD or a Date`
    );
  }
  if (value instanceof Date) {
    const days = value.getTime() / MILLIS_PER_DAY;
    if (Number.isInteger(days)) return days;
    return `${shown(value)} is not midnight in UTC, so it is not clear which day it is; give YYYY-MM-DD`;
  }
  return `${shown(value)} is not a day; give YYYY-MM-DD or a Date`;
}

/** Years outside 1 to 9999, as ISO 8601 and `scan` have them: a sign and six digits. */
function extendedDayOf(text: string): number | undefined {
  const match = /^(0000|[+-]\d{6})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const days = date.getTime() / MILLIS_PER_DAY;
  return days >= INT32_MIN && days <= INT32_MAX ? days : undefined;
}

/** Microseconds since 1970 in UTC. */
export function timestampOf(value: unknown): bigint | string {
  if (typeof value === "string") {
    const read = readTimestampText(value);
    if (read === undefined || hasLongFraction(value)) {
      return `${shown(value)} is not a timestamp; give ISO 8601 with at most six digits of fraction`;
    }
    if (read.zone !== "none") return read.micros;
    return `${shown(value)} has no time zone, and a TIMESTAMP is a moment; end it with Z or an offset`;
  }
  return microsOf(value);
}

/** Microseconds since 1970 of a local calendar; a `Date` gives its reading in UTC. */
export function localTimestampOf(value: unknown): bigint | string {
  if (typeof value === "string") {
    const read = readTimestampText(value);
    if (read === undefined || hasLongFraction(value)) {
      return `${shown(value)} is not a timestamp; give ISO 8601 with at most six digits of fraction`;
    }
    if (read.zone === "none") return read.micros;
    return `${shown(value)} has a time zone, which a TIMESTAMP_NTZ has not; leave it out`;
  }
  return microsOf(value);
}

function microsOf(value: unknown): bigint | string {
  if (typeof value === "bigint") return longOf(value);
  if (value instanceof Date) {
    const millis = value.getTime();
    return Number.isNaN(millis) ? "the Date is not valid" : BigInt(millis) * MICROS_PER_MILLI;
  }
  if (typeof value === "number") {
    return `the number ${value} has no unit; give a Date, or a bigint of microseconds`;
  }
  return `${shown(value)} is not a timestamp; give a Date, ISO 8601, or a bigint of microseconds`;
}

function hasLongFraction(text: string): boolean {
  return /\.\d{7}/.test(text);
}

/** The unscaled integer of a DECIMAL. Nothing is rounded: a digit that has no place is an error. */
export function unscaledOf(value: unknown, { precision, scale }: DecimalFormat): bigint | string {
  const read = decimalParts(value);
  if (read === undefined) {
    return `${shown(value)} is not a decimal number; give a string, a number or a bigint`;
  }
  let { unscaled } = read;
  if (read.scale <= scale) unscaled *= 10n ** BigInt(scale - read.scale);
  else {
    const divisor = 10n ** BigInt(read.scale - scale);
    if (unscaled % divisor !== 0n) {
      return `${shown(value)} has more than the ${scale} digits behind the point of DECIMAL(${precision},${scale})`;
    }
    unscaled /= divisor;
  }
  const limit = 10n ** BigInt(precision);
  if (unscaled < limit && unscaled > -limit) return unscaled;
  return `${shown(value)} has more digits than DECIMAL(${precision},${scale})`;
}

/** Longest text of a decimal that is read: no valid one has more significant digits. */
const MAX_DECIMAL_TEXT = 128;
/** Exponents beyond this shift every digit out of the 38 that there can be. */
const MAX_SHIFT = 100;

function decimalParts(
  value: unknown,
): { readonly unscaled: bigint; readonly scale: number } | undefined {
  if (typeof value === "bigint") return { unscaled: value, scale: 0 };
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  if (text.length > MAX_DECIMAL_TEXT) return undefined;
  const exponent = /[eE]([+-]?\d+)$/.exec(text)?.[1];
  if (exponent !== undefined && Math.abs(Number(exponent)) > MAX_SHIFT) return undefined;
  return readDecimal(text);
}
