// SPDX-License-Identifier: Apache-2.0
import { decimalOf } from "../schema/decimal.ts";
import type { BoundColumn, BoundNode } from "./bound-expression.ts";
import { promotion } from "./casts.ts";
import { comparatorOf } from "./compare.ts";
import { satisfies } from "./evaluate.ts";
import {
  integralRange,
  isIntegral,
  isTimestamp,
  type Scalar,
  type ScalarType,
} from "./scalar-types.ts";
import type { ComparisonOperator } from "./syntax.ts";

/** A column, as it is or promoted to the type that it is compared in. */
export interface ColumnOperand {
  readonly column: BoundColumn;
  /** Of the column. */
  readonly type: ScalarType;
  /** From the column's value to the compared one; keeps the order. */
  readonly promote: (value: Scalar) => Scalar;
}

/** Inclusive, in the integers that the column is stored as. */
export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

export function columnOperand(node: BoundNode): ColumnOperand | undefined {
  if (node.kind === "column") {
    return { column: node.column, type: node.type, promote: (value) => value };
  }
  if (node.kind !== "promote") return undefined;
  const inner = columnOperand(node.operand);
  if (inner === undefined) return undefined;
  const promote = promotion(node.operand.type, node.type);
  return { ...inner, promote: (value) => promote(inner.promote(value)) };
}

/** The integers that values of a type are stored as; `undefined` for types that are not. */
export function storedRange(type: ScalarType): IntegerRange | undefined {
  if (isIntegral(type)) return rangeOf(integralRange(type));
  if (type === "boolean") return { min: 0n, max: 1n };
  if (type === "date") return rangeOf(integralRange("integer"));
  if (isTimestamp(type)) return rangeOf(integralRange("long"));
  const decimal = type === "void" ? undefined : decimalOf(type);
  if (decimal === undefined) return undefined;
  const limit = 10n ** BigInt(decimal.precision);
  return { min: 1n - limit, max: limit - 1n };
}

/**
 * Which stored integers of a column have a relation to a literal, as ranges (at most one for every operator there is,
 * since promotion keeps the order). Found by halving the range of the type, so it holds for whatever a promotion rounds.
 */
export function integersThat(
  operand: ColumnOperand,
  operator: ComparisonOperator,
  comparedType: ScalarType,
  literal: Scalar,
): IntegerRange | undefined {
  const all = storedRange(operand.type);
  if (all === undefined) return undefined;
  const compare = comparatorOf(comparedType);
  const orderOf = (stored: bigint): number =>
    compare(operand.promote(valueOfStored(stored, operand.type)), literal);
  switch (operator) {
    case "=":
    case "<=>":
      return {
        min: firstThat(all, (stored) => orderOf(stored) >= 0),
        max: firstThat(all, (stored) => orderOf(stored) > 0) - 1n,
      };
    case "<":
    case "<=":
      return {
        min: all.min,
        max: firstThat(all, (stored) => !satisfies(operator, orderOf(stored))) - 1n,
      };
    case ">":
    case ">=":
      return {
        min: firstThat(all, (stored) => satisfies(operator, orderOf(stored))),
        max: all.max,
      };
  }
}

/** The value as expressions have it of an integer as columns store it. */
export function valueOfStored(stored: bigint, type: ScalarType): Scalar {
  if (type === "boolean") return stored === 1n;
  if (type === "date" || (isIntegral(type) && type !== "long")) return Number(stored);
  return stored;
}

function rangeOf([min, max]: readonly [bigint, bigint]): IntegerRange {
  return { min, max };
}

/** The first integer of the range from which on a condition holds, or the one after the range. */
function firstThat({ min, max }: IntegerRange, holds: (value: bigint) => boolean): bigint {
  let low = min;
  let high = max + 1n;
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (holds(middle)) high = middle;
    else low = middle + 1n;
  }
  return low;
}
