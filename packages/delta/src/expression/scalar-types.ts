// SPDX-License-Identifier: Apache-2.0
import { type DecimalFormat, decimalOf } from "../schema/decimal.ts";
import { MAX_DECIMAL_PRECISION } from "../schema/type-names.ts";
import type { DataType, DecimalTypeName, PrimitiveTypeName } from "../schema/types.ts";

/** Types that expressions compute with; `void` is that of NULL by itself. */
export type ScalarType = Exclude<PrimitiveTypeName, "variant"> | DecimalTypeName | "void";

/**
 * A value inside of an expression. BYTE, SHORT, INT, FLOAT and DOUBLE are numbers, BIGINT a bigint, a DECIMAL its
 * unscaled integer as a bigint, DATE days and TIMESTAMP microseconds (a bigint) since 1970, BINARY bytes.
 */
export type Scalar = boolean | number | bigint | string | Uint8Array;

export type IntegralType = "byte" | "short" | "integer" | "long";

/** From the narrowest to the widest, with the decimal digits that hold every value. */
const INTEGRAL_DIGITS: Readonly<Record<IntegralType, number>> = {
  byte: 3,
  short: 5,
  integer: 10,
  long: 20,
};
const INTEGRAL_BITS: Readonly<Record<IntegralType, number>> = {
  byte: 8,
  short: 16,
  integer: 32,
  long: 64,
};

export function scalarTypeOf(type: DataType): ScalarType | undefined {
  return typeof type === "string" && type !== "variant" ? type : undefined;
}

export function isIntegral(type: ScalarType): type is IntegralType {
  return Object.hasOwn(INTEGRAL_DIGITS, type);
}

export function isFractional(type: ScalarType): boolean {
  return type === "float" || type === "double";
}

export function isNumeric(type: ScalarType): boolean {
  return isFractional(type) || decimalFormatOf(type) !== undefined;
}

export function isTimestamp(type: ScalarType): boolean {
  return type === "timestamp" || type === "timestamp_ntz";
}

/** The smallest and the largest value of an integral type. */
export function integralRange(type: IntegralType): readonly [min: bigint, max: bigint] {
  const half = 2n ** BigInt(INTEGRAL_BITS[type] - 1);
  return [-half, half - 1n];
}

/** The format of a DECIMAL, or of the DECIMAL that holds every value of an integral type. */
export function decimalFormatOf(type: ScalarType): DecimalFormat | undefined {
  if (type === "void") return undefined;
  return isIntegral(type) ? { precision: INTEGRAL_DIGITS[type], scale: 0 } : decimalOf(type);
}

export function decimalType(precision: number, scale: number): DecimalTypeName {
  return `decimal(${precision},${scale})`;
}

/**
 * The type in which values of two types are compared, as in Spark's ANSI mode: integers widen, an integer with a FLOAT
 * and a DECIMAL with either of the two become DOUBLE, exact numbers stay exact, a DATE is its midnight (UTC).
 * `undefined` where the two do not compare.
 */
export function commonType(left: ScalarType, right: ScalarType): ScalarType | undefined {
  if (left === right || right === "void") return left;
  if (left === "void") return right;
  if (isNumeric(left) && isNumeric(right)) return commonNumericType(left, right);
  const isCalendar = (type: ScalarType): boolean => type === "date" || isTimestamp(type);
  if (isCalendar(left) && isCalendar(right)) {
    return left === "timestamp" || right === "timestamp" ? "timestamp" : "timestamp_ntz";
  }
  return undefined;
}

/** As {@link commonType}, over all of them. */
export function commonTypeOfAll(types: readonly ScalarType[]): ScalarType | undefined {
  let common: ScalarType | undefined = "void";
  for (const type of types) {
    if (common !== undefined) common = commonType(common, type);
  }
  return common;
}

function commonNumericType(left: ScalarType, right: ScalarType): ScalarType {
  if (isFractional(left) || isFractional(right)) return "double";
  if (isIntegral(left) && isIntegral(right)) {
    return INTEGRAL_DIGITS[left] >= INTEGRAL_DIGITS[right] ? left : right;
  }
  const a = decimalFormatOf(left) as DecimalFormat;
  const b = decimalFormatOf(right) as DecimalFormat;
  const scale = Math.max(a.scale, b.scale);
  const digits = Math.max(a.precision - a.scale, b.precision - b.scale);
  return decimalType(Math.min(digits + scale, MAX_DECIMAL_PRECISION), scale);
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** The type of an arithmetic result, as Spark gives it; `undefined` where an operand is no number. */
export function arithmeticType(
  operator: ArithmeticOperator,
  left: ScalarType,
  right: ScalarType,
): ScalarType | undefined {
  const common = commonType(left, right);
  if (common === undefined || common === "void") return common && "double";
  if (!isNumeric(common)) return undefined;
  if (isFractional(common)) return operator === "/" ? "double" : common;
  if (isIntegral(common)) return operator === "/" ? "double" : common;
  const a = decimalFormatOf(left === "void" ? right : left) as DecimalFormat;
  const b = decimalFormatOf(right === "void" ? left : right) as DecimalFormat;
  return decimalResult(operator, a, b);
}

function decimalResult(
  operator: ArithmeticOperator,
  a: DecimalFormat,
  b: DecimalFormat,
): DecimalTypeName {
  const wholeA = a.precision - a.scale;
  const wholeB = b.precision - b.scale;
  const scale = Math.max(a.scale, b.scale);
  switch (operator) {
    case "+":
    case "-":
      return adjusted(Math.max(wholeA, wholeB) + scale + 1, scale);
    case "*":
      return adjusted(a.precision + b.precision + 1, a.scale + b.scale);
    case "/": {
      const quotientScale = Math.max(MIN_ADJUSTED_SCALE, a.scale + b.precision + 1);
      return adjusted(wholeA + b.scale + quotientScale, quotientScale);
    }
    case "%":
      return adjusted(Math.max(Math.min(wholeA, wholeB) + scale, 1), scale);
  }
}

/** Digits behind the point that Spark keeps where a result has more digits than a DECIMAL can have. */
const MIN_ADJUSTED_SCALE = 6;

function adjusted(precision: number, scale: number): DecimalTypeName {
  if (precision <= MAX_DECIMAL_PRECISION) return decimalType(precision, scale);
  const whole = precision - scale;
  const kept = Math.max(MAX_DECIMAL_PRECISION - whole, Math.min(scale, MIN_ADJUSTED_SCALE));
  return decimalType(MAX_DECIMAL_PRECISION, kept);
}
