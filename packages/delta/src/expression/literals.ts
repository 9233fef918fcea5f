// SPDX-License-Identifier: Apache-2.0
import { MAX_DECIMAL_PRECISION } from "../schema/type-names.ts";
import { invalidExpression } from "./errors.ts";
import { decimalType, integralRange, type IntegralType, type Scalar } from "./scalar-types.ts";
import type { Expression } from "./syntax.ts";
import { daysOfSparkText, readTimestampText } from "./time-text.ts";

type Literal = Extract<Expression, { readonly kind: "literal" }>;

const INTEGRAL_SUFFIXES: Readonly<Record<string, IntegralType>> = {
  Y: "byte",
  S: "short",
  L: "long",
};

/**
 * A number as Spark types it: without point and exponent the narrowest of INT, BIGINT and DECIMAL; with a point DECIMAL;
 * with an exponent DOUBLE; or as its suffix says.
 */
export function numberLiteral(text: string, isNegative: boolean, position: number): Literal {
  const suffix = /(?:BD|[YSLFD])$/i.exec(text)?.[0].toUpperCase() ?? "";
  const digits = (isNegative ? "-" : "") + text.slice(0, text.length - suffix.length);
  if (suffix === "F" || suffix === "D") return floatLiteral(digits, suffix, position);
  const isWhole = !/[.eE]/.test(digits);
  const integral = INTEGRAL_SUFFIXES[suffix];
  if (integral !== undefined) {
    if (!isWhole) throw invalidExpression(`${text} is no whole number`, position);
    return integerLiteral(BigInt(digits), [integral], text, position);
  }
  if (suffix === "" && isWhole) {
    const value = BigInt(digits);
    const [min, max] = integralRange("long");
    if (value >= min && value <= max)
      return integerLiteral(value, ["integer", "long"], text, position);
  }
  if (suffix === "" && /[eE]/.test(digits)) return floatLiteral(digits, "D", position);
  return decimalLiteral(digits, text, position);
}

/** `DATE`, `TIMESTAMP`, `TIMESTAMP_NTZ`, `TIMESTAMP_LTZ` and `X` before a text; `undefined` for any other word. */
export function typedLiteral(word: string, text: string, position: number): Literal | undefined {
  const literal = (type: Literal["type"], value: Scalar | undefined): Literal => {
    if (value !== undefined) return { kind: "literal", position, type, value };
    throw invalidExpression(`${word} ${JSON.stringify(text)} is no value of its type`, position);
  };
  switch (word) {
    case "DATE":
      return literal("date", daysOfSparkText(text.trim()));
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return literal("timestamp", readTimestampText(text.trim())?.micros);
    case "TIMESTAMP_NTZ": {
      const read = readTimestampText(text.trim());
      return literal("timestamp_ntz", read?.zone === "none" ? read.micros : undefined);
    }
    case "X":
      return literal("binary", bytesOfHex(text));
    default:
      return undefined;
  }
}

/** Unscaled integer and scale of a number in plain or exponent notation, `undefined` where it is none. */
export function readDecimal(text: string): { unscaled: bigint; scale: number } | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? "";
  const fraction = match[3] ?? "";
  if (whole + fraction === "") return undefined;
  const magnitude = BigInt(whole + fraction);
  const scale = fraction.length - Number(match[4] ?? 0);
  const unscaled = match[1] === "-" ? -magnitude : magnitude;
  return scale >= 0
    ? { unscaled, scale }
    : { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 };
}

/** A floating-point number, `NaN` and `Infinity` among them; `undefined` where the text is none. */
export function readDouble(text: string): number | undefined {
  if (readDecimal(text) !== undefined) return Number(text);
  const match = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(text);
  if (match === null) return undefined;
  if (match[2] === undefined) return Number.NaN;
  return match[1] === "-" ? -Infinity : Infinity;
}

function integerLiteral(
  value: bigint,
  types: readonly IntegralType[],
  text: string,
  position: number,
): Literal {
  for (const type of types) {
    const [min, max] = integralRange(type);
    if (value < min || value > max) continue;
    return { kind: "literal", position, type, value: type === "long" ? value : Number(value) };
  }
  throw invalidExpression(`${text} is out of range`, position);
}

function floatLiteral(digits: string, suffix: "F" | "D", position: number): Literal {
  const value = suffix === "F" ? Math.fround(Number(digits)) : Number(digits);
  if (!Number.isFinite(value)) throw invalidExpression(`${digits} is out of range`, position);
  return { kind: "literal", position, type: suffix === "F" ? "float" : "double", value };
}

function decimalLiteral(digits: string, text: string, position: number): Literal {
  const read = readDecimal(digits);
  if (read !== undefined && read.scale <= MAX_DECIMAL_PRECISION) {
    const digitCount = read.unscaled.toString().replace("-", "").length;
    const precision = Math.max(digitCount, read.scale);
    if (precision <= MAX_DECIMAL_PRECISION) {
      const type = decimalType(precision, read.scale);
      return { kind: "literal", position, type, value: read.unscaled };
    }
  }
  throw invalidExpression(`${text} has more than ${MAX_DECIMAL_PRECISION} digits`, position);
}

function bytesOfHex(text: string): Uint8Array | undefined {
  if (!/^[0-9A-Fa-f]*$/.test(text)) return undefined;
  // A lone first digit is a byte of its own, as in Spark.
  return Uint8Array.from(Buffer.from(text.length % 2 === 0 ? text : `0${text}`, "hex"));
}
