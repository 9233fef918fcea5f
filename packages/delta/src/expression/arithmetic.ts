// SPDX-License-Identifier: Apache-2.0
import { type DecimalFormat, decimalOf, decimalText } from "../schema/decimal.ts";
import { evaluationError } from "./errors.ts";
import {
  type ArithmeticOperator,
  decimalFormatOf,
  integralRange,
  isIntegral,
  type Scalar,
  type ScalarType,
} from "./scalar-types.ts";

export type BinaryOperation = (left: Scalar, right: Scalar) => Scalar;
export type UnaryOperation = (value: Scalar) => Scalar;

/**
 * The operation on operands of `type`, or for decimals of `left` and `right`, giving `type`. It fails where Spark's ANSI
 * mode does: on overflow, and on division by zero, of floating-point numbers too.
 */
export function arithmeticOperation(
  operator: ArithmeticOperator,
  type: ScalarType,
  left: ScalarType,
  right: ScalarType,
): BinaryOperation {
  if (type === "long") return longOperation(operator);
  if (isIntegral(type)) return integerOperation(operator, type);
  if (type === "float" || type === "double") return floatOperation(operator, type);
  return decimalOperation(
    operator,
    formatOf(type),
    decimalFormatOf(left) as DecimalFormat,
    decimalFormatOf(right) as DecimalFormat,
  );
}

export function negation(type: ScalarType): UnaryOperation {
  if (type === "long") return (value) => checkedLong(-(value as bigint));
  if (isIntegral(type)) {
    const [min, max] = integralRange(type);
    // Adding zero takes the sign from a zero.
    return (value) => checkedInteger(-(value as number) + 0, Number(min), Number(max), type);
  }
  if (type === "float" || type === "double") return (value) => -(value as number);
  return (value) => -(value as bigint);
}

export function absoluteValue(type: ScalarType): UnaryOperation {
  const negate = negation(type);
  if (type === "float" || type === "double") return (value) => Math.abs(value as number);
  return (value) => ((value as number | bigint) < 0 ? negate(value) : value);
}

/** `unscaled / 10^digits`, halves away from zero. */
export function rescaled(unscaled: bigint, digits: number): bigint {
  return digits <= 0
    ? unscaled * 10n ** BigInt(-digits)
    : roundedQuotient(unscaled, 10n ** BigInt(digits));
}

/** @throws DeltaError where the integer has more digits than the format. */
export function checkedDecimal(unscaled: bigint, format: DecimalFormat): bigint {
  const limit = 10n ** BigInt(format.precision);
  if (unscaled < limit && unscaled > -limit) return unscaled;
  throw evaluationError(
    `${decimalText(unscaled, format.scale)} does not fit DECIMAL(${format.precision},${format.scale})`,
  );
}

export function checkedLong(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw evaluationError(`${value} does not fit BIGINT`);
}

function formatOf(type: ScalarType): DecimalFormat {
  return decimalOf(type as Exclude<ScalarType, "void">) as DecimalFormat;
}

function checkedInteger(value: number, min: number, max: number, type: ScalarType): number {
  if (value >= min && value <= max) return value;
  throw evaluationError(`${value} does not fit ${type}`);
}

function divisionByZero(): never {
  throw evaluationError("division by zero");
}

function integerOperation(operator: ArithmeticOperator, type: ScalarType): BinaryOperation {
  const [min, max] = integralRange(type as "integer").map(Number) as [number, number];
  const checked = (value: number): number => checkedInteger(value, min, max, type);
  switch (operator) {
    case "+":
      return (left, right) => checked((left as number) + (right as number));
    case "-":
      return (left, right) => checked((left as number) - (right as number));
    case "*":
      // A product beyond 2^53 is rounded, but far out of range all the same.
      return (left, right) => checked((left as number) * (right as number) + 0);
    default:
      return (left, right) => {
        if (right === 0) divisionByZero();
        return ((left as number) % (right as number)) + 0;
      };
  }
}

function longOperation(operator: ArithmeticOperator): BinaryOperation {
  switch (operator) {
    case "+":
      return (left, right) => checkedLong((left as bigint) + (right as bigint));
    case "-":
      return (left, right) => checkedLong((left as bigint) - (right as bigint));
    case "*":
      return (left, right) => checkedLong((left as bigint) * (right as bigint));
    default:
      return (left, right) => {
        if (right === 0n) divisionByZero();
        return (left as bigint) % (right as bigint);
      };
  }
}

function floatOperation(operator: ArithmeticOperator, type: "float" | "double"): BinaryOperation {
  const round = type === "float" ? Math.fround : (value: number): number => value;
  switch (operator) {
    case "+":
      return (left, right) => round((left as number) + (right as number));
    case "-":
      return (left, right) => round((left as number) - (right as number));
    case "*":
      return (left, right) => round((left as number) * (right as number));
    case "/":
      return (left, right) => {
        if (right === 0) divisionByZero();
        return round((left as number) / (right as number));
      };
    case "%":
      return (left, right) => {
        if (right === 0) divisionByZero();
        return round((left as number) % (right as number));
      };
  }
}

function decimalOperation(
  operator: ArithmeticOperator,
  result: DecimalFormat,
  a: DecimalFormat,
  b: DecimalFormat,
): BinaryOperation {
  const scale = Math.max(a.scale, b.scale);
  const factorA = 10n ** BigInt(scale - a.scale);
  const factorB = 10n ** BigInt(scale - b.scale);
  const finish = (unscaled: bigint, from: number): bigint =>
    checkedDecimal(rescaled(unscaled, from - result.scale), result);
  switch (operator) {
    case "+":
      return (left, right) =>
        finish((left as bigint) * factorA + (right as bigint) * factorB, scale);
    case "-":
      return (left, right) =>
        finish((left as bigint) * factorA - (right as bigint) * factorB, scale);
    case "*":
      return (left, right) => finish((left as bigint) * (right as bigint), a.scale + b.scale);
    case "/": {
      const factor = 10n ** BigInt(result.scale);
      return (left, right) => {
        if (right === 0n) divisionByZero();
        const dividend = (left as bigint) * factorA * factor;
        return checkedDecimal(roundedQuotient(dividend, (right as bigint) * factorB), result);
      };
    }
    case "%":
      return (left, right) => {
        if (right === 0n) divisionByZero();
        return finish(((left as bigint) * factorA) % ((right as bigint) * factorB), scale);
      };
  }
}

/** Halves away from zero. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  const isUp = magnitude(rest) * 2n >= magnitude(divisor);
  if (!isUp) return quotient;
  return quotient + (dividend < 0n === divisor < 0n ? 1n : -1n);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
