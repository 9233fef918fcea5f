// SPDX-License-Identifier: Apache-2.0
import { type DecimalFormat, decimalOf, decimalText } from "../schema/decimal.ts";
import { checkedDecimal, rescaled, type UnaryOperation } from "./arithmetic.ts";
import { evaluationError } from "./errors.ts";
import { readDecimal, readDouble } from "./literals.ts";
import {
  decimalFormatOf,
  integralRange,
  type IntegralType,
  isFractional,
  isIntegral,
  isTimestamp,
  type Scalar,
  type ScalarType,
} from "./scalar-types.ts";
import {
  daysOfSparkText,
  floorDivide,
  MICROS_PER_DAY,
  readTimestampText,
  textOfDays,
  timestampParts,
} from "./time-text.ts";

/**
 * Turns values of a type into those of a wider one, see `commonType`. It never fails, and keeps the order: what is not
 * greater does not become greater.
 */
export function promotion(from: ScalarType, to: ScalarType): UnaryOperation {
  if (from === "date" && isTimestamp(to))
    return (value) => BigInt(value as number) * MICROS_PER_DAY;
  if (to === "long" && from !== "long") return (value) => BigInt(value as number);
  if (isFractional(to)) {
    if (isFractional(from)) return identity;
    return toDouble(from);
  }
  const wider = decimalFormatOf(to);
  const narrower = decimalFormatOf(from);
  if (wider === undefined || narrower === undefined || isIntegral(to)) return identity;
  const factor = 10n ** BigInt(wider.scale - narrower.scale);
  return (value) => BigInt(value as number | bigint) * factor;
}

/**
 * An explicit cast by the rules of Spark's ANSI mode; `undefined` where there is none here. It fails where a value does
 * not fit; a fraction is cut for integers and rounded, halves away from zero, for DECIMAL.
 */
export function castOperation(from: ScalarType, to: ScalarType): UnaryOperation | undefined {
  if (from === to || from === "void") return identity;
  if (from === "string") return castFromText(to);
  if (to === "string") return castToText(from);
  if (from === "date" || isTimestamp(from)) return castCalendar(from, to);
  if (isIntegral(to)) return castToIntegral(from, to);
  const decimal = to === "void" ? undefined : decimalOf(to);
  if (decimal !== undefined) return castToDecimal(from, decimal);
  if (!isFractional(to)) return undefined;
  const convert = isFractional(from) ? identity : doubleOf(from);
  if (convert === undefined) return undefined;
  return to === "float" ? (value) => Math.fround(convert(value) as number) : convert;
}

function identity(value: Scalar): Scalar {
  return value;
}

function doubleOf(from: ScalarType): UnaryOperation | undefined {
  return decimalFormatOf(from) === undefined ? undefined : toDouble(from);
}

function toDouble(from: ScalarType): UnaryOperation {
  const scale = decimalFormatOf(from)?.scale ?? 0;
  if (scale === 0) return (value) => Number(value);
  return (value) => Number(decimalText(value as bigint, scale));
}

function castToIntegral(from: ScalarType, to: IntegralType): UnaryOperation | undefined {
  const [min, max] = integralRange(to);
  const finish = (value: bigint): Scalar => {
    if (value < min || value > max) throw evaluationError(`${value} does not fit ${to}`);
    return to === "long" ? value : Number(value);
  };
  if (isFractional(from)) {
    return (value) => {
      if (!Number.isFinite(value)) throw evaluationError(`${String(value)} does not fit ${to}`);
      return finish(BigInt(Math.trunc(value as number)));
    };
  }
  const format = decimalFormatOf(from);
  if (format === undefined) return undefined;
  const factor = 10n ** BigInt(format.scale);
  return (value) => finish(BigInt(value as number | bigint) / factor);
}

function castToDecimal(from: ScalarType, to: DecimalFormat): UnaryOperation | undefined {
  if (isFractional(from)) return (value) => decimalOfText(String(value), to);
  const format = decimalFormatOf(from);
  if (format === undefined) return undefined;
  return (value) =>
    checkedDecimal(rescaled(BigInt(value as number | bigint), format.scale - to.scale), to);
}

function castCalendar(from: ScalarType, to: ScalarType): UnaryOperation | undefined {
  if (from === "date") return isTimestamp(to) ? promotion(from, to) : undefined;
  if (isTimestamp(to)) return identity;
  if (to !== "date") return undefined;
  return (value) => Number(floorDivide(value as bigint, MICROS_PER_DAY));
}

function castToText(from: ScalarType): UnaryOperation | undefined {
  if (from === "boolean" || isIntegral(from)) return String;
  if (from === "date") return (value) => known(textOfDays(value as number), value, "string");
  if (isTimestamp(from)) {
    return (value) => {
      const [day, time] = known(timestampParts(value as bigint), value, "string");
      return `${day} ${time.replace(/\.?0+$/, "")}`;
    };
  }
  const format = decimalFormatOf(from);
  return format && ((value) => decimalText(value as bigint, format.scale));
}

function castFromText(to: ScalarType): UnaryOperation | undefined {
  const reading =
    (read: (text: string) => Scalar | undefined): UnaryOperation =>
    (value) =>
      known(read((value as string).trim()), value, to);
  if (isIntegral(to)) {
    const [min, max] = integralRange(to);
    return reading((text) => {
      if (!/^[+-]?\d+$/.test(text)) return undefined;
      const value = BigInt(text.replace(/^\+/, ""));
      if (value < min || value > max) return undefined;
      return to === "long" ? value : Number(value);
    });
  }
  switch (to) {
    case "boolean":
      return reading(booleanOfText);
    case "float":
      return reading((text) => {
        const value = castDouble(text);
        return value === undefined ? undefined : Math.fround(value);
      });
    case "double":
      return reading(castDouble);
    case "date":
      return reading(daysOfSparkText);
    case "timestamp":
      return reading((text) => readTimestampText(text)?.micros);
    case "timestamp_ntz":
      return reading((text) => {
        const read = readTimestampText(text);
        return read?.zone === "none" ? read.micros : undefined;
      });
    default: {
      const decimal = to === "void" ? undefined : decimalOf(to);
      return decimal && reading((text) => decimalOfText(text, decimal));
    }
  }
}

/** A suffix that Java takes is dropped. */
function castDouble(text: string): number | undefined {
  return readDouble(text.replace(/(?<=[\d.])[dDfF]$/, ""));
}

function booleanOfText(text: string): boolean | undefined {
  const folded = text.toLowerCase();
  if (["true", "t", "yes", "y", "1"].includes(folded)) return true;
  return ["false", "f", "no", "n", "0"].includes(folded) ? false : undefined;
}

function decimalOfText(text: string, to: DecimalFormat): bigint {
  const read = readDecimal(text);
  if (read === undefined) throw evaluationError(`${JSON.stringify(text)} is no DECIMAL`);
  return checkedDecimal(rescaled(read.unscaled, read.scale - to.scale), to);
}

function known<Value>(value: Value | undefined, from: Scalar, to: ScalarType): Value {
  if (value !== undefined) return value;
  const text = typeof from === "string" ? JSON.stringify(from) : String(from);
  throw evaluationError(`${text} cannot be cast to ${to}`);
}
