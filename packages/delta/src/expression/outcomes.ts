// SPDX-License-Identifier: Apache-2.0
import { comparatorOf } from "./compare.ts";
import type { ValueBounds } from "./file-bounds.ts";
import { textAfterPrefix } from "./file-bounds.ts";
import type { LikePattern } from "./like-pattern.ts";
import type { Scalar, ScalarType } from "./scalar-types.ts";
import type { ComparisonOperator } from "./syntax.ts";

/** What a condition may be for the rows of a file; what is not set cannot be. */
export interface Outcomes {
  readonly mayBeTrue: boolean;
  readonly mayBeFalse: boolean;
  readonly mayBeNull: boolean;
}

export const ANY_OUTCOME: Outcomes = { mayBeTrue: true, mayBeFalse: true, mayBeNull: true };

export function outcomesOfAnd(parts: readonly Outcomes[]): Outcomes {
  return {
    mayBeTrue: parts.every(({ mayBeTrue }) => mayBeTrue),
    mayBeFalse: parts.some(({ mayBeFalse }) => mayBeFalse),
    mayBeNull: parts.some(({ mayBeNull }) => mayBeNull),
  };
}

export function outcomesOfOr(parts: readonly Outcomes[]): Outcomes {
  return outcomesOfNot(outcomesOfAnd(parts.map(outcomesOfNot)));
}

export function outcomesOfNot({ mayBeTrue, mayBeFalse, mayBeNull }: Outcomes): Outcomes {
  return { mayBeTrue: mayBeFalse, mayBeFalse: mayBeTrue, mayBeNull };
}

/** Of a condition that is never NULL. */
export function certainOutcomes(mayBeTrue: boolean, mayBeFalse: boolean): Outcomes {
  return { mayBeTrue, mayBeFalse, mayBeNull: false };
}

export function outcomesOfComparison(
  operator: ComparisonOperator,
  type: ScalarType,
  left: ValueBounds,
  right: ValueBounds,
): Outcomes {
  const isPresent = left.mayBePresent && right.mayBePresent;
  const isNull = left.mayBeNull || right.mayBeNull;
  const order = possibleOrders(type, left, right);
  const [mayBeTrue, mayBeFalse] = relationOutcomes(operator, order);
  if (operator !== "<=>") {
    return {
      mayBeTrue: isPresent && mayBeTrue,
      mayBeFalse: isPresent && mayBeFalse,
      mayBeNull: isNull,
    };
  }
  return certainOutcomes(
    (isPresent && mayBeTrue) || (left.mayBeNull && right.mayBeNull),
    (isPresent && mayBeFalse) ||
      (left.mayBeNull && right.mayBePresent) ||
      (left.mayBePresent && right.mayBeNull),
  );
}

export function outcomesOfIn(
  type: ScalarType,
  operand: ValueBounds,
  values: readonly Scalar[],
  hasNull: boolean,
): Outcomes {
  const each = values.map((value) => outcomesOfComparison("=", type, operand, exactBounds(value)));
  const found = outcomesOfOr(each);
  const mayBeFalse = operand.mayBePresent && found.mayBeFalse;
  return {
    mayBeTrue: found.mayBeTrue,
    mayBeFalse: mayBeFalse && !hasNull,
    mayBeNull: operand.mayBeNull || (mayBeFalse && hasNull),
  };
}

export function outcomesOfLike(pattern: LikePattern, operand: ValueBounds): Outcomes {
  const { mayBeNull, mayBePresent } = operand;
  if (pattern.kind === "suffix" || pattern.kind === "contains") {
    return { mayBeTrue: mayBePresent, mayBeFalse: mayBePresent, mayBeNull };
  }
  const prefix = pattern.kind === "general" ? pattern.prefix : pattern.text;
  const compare = comparatorOf("string");
  const [min, max] = [operand.min, operand.max] as [string | undefined, string | undefined];
  const after = textAfterPrefix(prefix);
  const isBelow = max !== undefined && compare(max, prefix) < 0;
  const isAbove = min !== undefined && after !== undefined && compare(min, after) >= 0;
  const isAll =
    pattern.kind === "prefix" &&
    min?.startsWith(prefix) === true &&
    max?.startsWith(prefix) === true;
  return {
    mayBeTrue: mayBePresent && !isBelow && !isAbove,
    mayBeFalse: mayBePresent && !isAll,
    mayBeNull,
  };
}

/** Bounds of one value that is known. */
export function exactBounds(value: Scalar | null): ValueBounds {
  if (value === null) {
    return {
      mayBeNull: true,
      mayBePresent: false,
      mayBeNan: false,
      min: undefined,
      max: undefined,
    };
  }
  const isNan = typeof value === "number" && Number.isNaN(value);
  return isNan
    ? { mayBeNull: false, mayBePresent: true, mayBeNan: true, min: Infinity, max: -Infinity }
    : { mayBeNull: false, mayBePresent: true, mayBeNan: false, min: value, max: value };
}

interface PossibleOrders {
  readonly mayBeBelow: boolean;
  readonly mayBeEqual: boolean;
  readonly mayBeAbove: boolean;
}

/** How a present value of `left` may stand to one of `right`. NaN is beside the bounds, and above all. */
function possibleOrders(type: ScalarType, left: ValueBounds, right: ValueBounds): PossibleOrders {
  const compare = comparatorOf(type);
  // Negative where every value of one is below every value of the other, and so on; unknown ends compare as anything.
  const lowest = orderOf(compare, left.min, right.max);
  const highest = orderOf(compare, left.max, right.min);
  const isOrdered = !isNothing(compare, left) && !isNothing(compare, right);
  return {
    mayBeBelow:
      (isOrdered && (lowest === undefined || lowest < 0)) ||
      (right.mayBeNan && !isNothing(compare, left)),
    mayBeEqual:
      (isOrdered &&
        (lowest === undefined || lowest <= 0) &&
        (highest === undefined || highest >= 0)) ||
      (left.mayBeNan && right.mayBeNan),
    mayBeAbove:
      (isOrdered && (highest === undefined || highest > 0)) ||
      (left.mayBeNan && !isNothing(compare, right)),
  };
}

function orderOf(
  compare: (left: Scalar, right: Scalar) => number,
  left: Scalar | undefined,
  right: Scalar | undefined,
): number | undefined {
  return left === undefined || right === undefined ? undefined : compare(left, right);
}

/** Whether no value but NaN is possible. */
function isNothing(
  compare: (left: Scalar, right: Scalar) => number,
  { min, max }: ValueBounds,
): boolean {
  return min !== undefined && max !== undefined && compare(min, max) > 0;
}

function relationOutcomes(
  operator: ComparisonOperator,
  { mayBeBelow, mayBeEqual, mayBeAbove }: PossibleOrders,
): readonly [mayBeTrue: boolean, mayBeFalse: boolean] {
  switch (operator) {
    case "=":
    case "<=>":
      return [mayBeEqual, mayBeBelow || mayBeAbove];
    case "<":
      return [mayBeBelow, mayBeEqual || mayBeAbove];
    case "<=":
      return [mayBeBelow || mayBeEqual, mayBeAbove];
    case ">":
      return [mayBeAbove, mayBeBelow || mayBeEqual];
    case ">=":
      return [mayBeAbove || mayBeEqual, mayBeBelow];
  }
}
