// SPDX-License-Identifier: Apache-2.0
import { decimalOf } from "../schema/decimal.ts";
import { characterCount } from "./characters.ts";
import { readDecimal, readDouble } from "./literals.ts";
import { integralRange, isIntegral, type Scalar, type ScalarType } from "./scalar-types.ts";
import { daysOfText, MICROS_PER_MILLI, readTimestampText } from "./time-text.ts";

/**
 * What is known of a column's values in a file, or of a computed value: every value that is there is from `min` to
 * `max`, inclusive, where these are known, or NaN where `mayBeNan`.
 */
export interface ValueBounds {
  readonly mayBeNull: boolean;
  /** Whether a row may have a value. */
  readonly mayBePresent: boolean;
  readonly mayBeNan: boolean;
  readonly min: Scalar | undefined;
  readonly max: Scalar | undefined;
}

/** Strings of so many characters may have been cut by a writer that did not round them up. */
const CUT_CHARACTERS = 32;
/** Such a bound is of milliseconds that may have been rounded down. */
const CUT_MICROS = MICROS_PER_MILLI - 1n;

/**
 * A lower bound from statistics; `undefined` where there is none, or none that can be read.
 * @param wasFloat whether the column was FLOAT before it became DOUBLE: see {@link floatLowerBound}.
 */
export function lowerBound(value: unknown, type: ScalarType, wasFloat = false): Scalar | undefined {
  const bound = boundOf(value, type);
  if (typeof bound !== "number") return bound;
  if (Number.isNaN(bound)) return undefined;
  return wasFloat ? floatLowerBound(bound) : bound;
}

/** An upper bound from statistics, widened by what writers may have cut off; see {@link lowerBound}. */
export function upperBound(value: unknown, type: ScalarType, wasFloat = false): Scalar | undefined {
  const bound = boundOf(value, type);
  switch (type) {
    case "double":
      if (bound === undefined || Number.isNaN(bound)) return undefined;
      return wasFloat ? floatUpperBound(bound as number) : bound;
    case "timestamp":
    case "timestamp_ntz":
      return bound === undefined ? undefined : (bound as bigint) + CUT_MICROS;
    case "string": {
      const text = bound as string | undefined;
      const isWhole = text === undefined || characterCount(text) < CUT_CHARACTERS;
      return isWhole ? text : textAfterPrefix(text);
    }
    default:
      return typeof bound === "number" && Number.isNaN(bound) ? undefined : bound;
  }
}

/**
 * A bound that holds whether the number was written for a DOUBLE or is the shortest text that a FLOAT is known by, which
 * read as a DOUBLE may lie above the FLOAT.
 */
export function floatLowerBound(bound: number): number {
  return Math.min(bound, Math.fround(bound));
}

/** As {@link floatLowerBound}, for the other end. */
export function floatUpperBound(bound: number): number {
  return Math.max(bound, Math.fround(bound));
}

/** A text above every one that starts with `prefix`, as short as can be; `undefined` where there is none. */
export function textAfterPrefix(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (let codePoint = codePoints.pop(); codePoint !== undefined; codePoint = codePoints.pop()) {
    if (codePoint === 0x10_ffff) continue;
    // Surrogates are no characters.
    const next = codePoint === 0xd7ff ? 0xe000 : codePoint + 1;
    return String.fromCodePoint(...codePoints, next);
  }
  return undefined;
}

function boundOf(value: unknown, type: ScalarType): Scalar | undefined {
  if (isIntegral(type)) return integerBound(value, type);
  switch (type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "double":
      return doubleBound(value);
    case "float": {
      // The text may be the shortest that a FLOAT is known by, which as a DOUBLE is another number.
      const bound = doubleBound(value);
      return bound === undefined ? undefined : Math.fround(bound);
    }
    case "date":
      return typeof value === "string" ? daysOfText(value.slice(0, 10)) : undefined;
    case "timestamp":
    case "timestamp_ntz":
      return typeof value === "string" ? timestampBound(value, type) : undefined;
    case "binary":
    case "void":
      return undefined;
    default: {
      const scale = decimalOf(type)?.scale ?? 0;
      const isText = typeof value === "number" || typeof value === "string";
      const read = isText ? readDecimal(String(value)) : undefined;
      if (read === undefined || read.scale > scale) return undefined;
      return read.unscaled * 10n ** BigInt(scale - read.scale);
    }
  }
}

function integerBound(value: unknown, type: ScalarType): Scalar | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^-?\d+$/.test(text)) return undefined;
  const integer = BigInt(text);
  const [min, max] = integralRange(type as "long");
  if (integer < min || integer > max) return undefined;
  return type === "long" ? integer : Number(integer);
}

function doubleBound(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? readDouble(value) : undefined;
}

function timestampBound(text: string, type: ScalarType): bigint | undefined {
  const read = readTimestampText(text);
  if (read === undefined) return undefined;
  // A TIMESTAMP without a zone is of a zone that is not known; one with an offset is no TIMESTAMP_NTZ.
  const isKnown = type === "timestamp" ? read.zone !== "none" : read.zone !== "offset";
  return isKnown ? read.micros : undefined;
}
