// SPDX-License-Identifier: Apache-2.0
import { absoluteValue, arithmeticOperation, negation, type UnaryOperation } from "./arithmetic.ts";
import type { BoundColumn, BoundNode } from "./bound-expression.ts";
import { castOperation, promotion } from "./casts.ts";
import { characterCount } from "./characters.ts";
import { comparatorOf } from "./compare.ts";
import { matcherOf } from "./like-pattern.ts";
import type { Scalar, ScalarType } from "./scalar-types.ts";
import type { ComparisonOperator } from "./syntax.ts";

/** The value for one row, `null` for NULL. */
export type Evaluator<Source> = (source: Source, row: number) => Scalar | null;
export type TruthEvaluator<Source> = (source: Source, row: number) => boolean | null;

/** How values of columns are had from a source of rows. */
export interface ColumnReaders<Source> {
  valueReader(column: BoundColumn, type: ScalarType): Evaluator<Source>;
  nullReader(column: BoundColumn): (source: Source, row: number) => boolean;
}

/** Compiles a bound expression into closures. Operands are evaluated from the left and only as far as the result asks. */
export function compileNode<Source>(
  node: BoundNode,
  readers: ColumnReaders<Source>,
): Evaluator<Source> {
  const compile = (child: BoundNode): Evaluator<Source> => compileNode(child, readers);
  switch (node.kind) {
    case "literal":
      return () => node.value;
    case "column":
      return readers.valueReader(node.column, node.type);
    case "arithmetic": {
      const operate = arithmeticOperation(
        node.operator,
        node.type,
        node.left.type,
        node.right.type,
      );
      const [left, right] = [compile(node.left), compile(node.right)];
      // As in Spark, the divisor comes first; it matters where the other operand is NULL and this one fails.
      return node.operator === "/" || node.operator === "%"
        ? bothPresent(right, left, (divisor, dividend) => operate(dividend, divisor))
        : bothPresent(left, right, operate);
    }
    case "coalesce":
      return firstPresent(node.operands.map(compile));
    case "negate":
    case "abs":
    case "length":
    case "upper":
    case "lower":
    case "promote":
    case "cast":
      return present(compile(node.operand), unaryOperation(node));
    default:
      return compileTruth(node, readers);
  }
}

/** The same for an expression of type BOOLEAN. */
export function compileTruth<Source>(
  node: BoundNode,
  readers: ColumnReaders<Source>,
): TruthEvaluator<Source> {
  const truth = (child: BoundNode): TruthEvaluator<Source> => compileTruth(child, readers);
  const value = (child: BoundNode): Evaluator<Source> => compileNode(child, readers);
  switch (node.kind) {
    case "and":
      return connected(node.operands.map(truth), false);
    case "or":
      return connected(node.operands.map(truth), true);
    case "not": {
      const operand = truth(node.operand);
      return (source, row) => {
        const result = operand(source, row);
        return result === null ? null : !result;
      };
    }
    case "isNull": {
      const operand = value(node.operand);
      return (source, row) => operand(source, row) === null;
    }
    case "isColumnNull":
      return readers.nullReader(node.column);
    case "isTruth": {
      const operand = truth(node.operand);
      return (source, row) => operand(source, row) === node.truth;
    }
    case "comparison":
      return comparison(node.operator, node.left.type, value(node.left), value(node.right));
    case "in":
      return membership(value(node.operand), node.operand.type, node.values, node.hasNull);
    case "like": {
      const matches = matcherOf(node.pattern);
      return present(value(node.operand), (text) =>
        matches(text as string),
      ) as TruthEvaluator<Source>;
    }
    default:
      return compileNode(node, readers) as TruthEvaluator<Source>;
  }
}

/** Whether an order has the relation; of `=` and `<=>` alike. */
export function satisfies(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case "=":
    case "<=>":
      return order === 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function unaryOperation(node: Extract<BoundNode, { readonly operand: BoundNode }>): UnaryOperation {
  const { type } = node.operand;
  switch (node.kind) {
    case "negate":
      return negation(type);
    case "abs":
      return absoluteValue(type);
    case "length":
      return type === "binary"
        ? (bytes) => (bytes as Uint8Array).length
        : (text) => characterCount(text as string);
    case "upper":
      return (text) => (text as string).toUpperCase();
    case "lower":
      return (text) => (text as string).toLowerCase();
    case "promote":
      return promotion(type, node.type);
    default:
      return castOperation(type, node.type) as UnaryOperation;
  }
}

function present<Source>(
  operand: Evaluator<Source>,
  operate: (value: Scalar) => Scalar,
): Evaluator<Source> {
  return (source, row) => {
    const value = operand(source, row);
    return value === null ? null : operate(value);
  };
}

function bothPresent<Source>(
  left: Evaluator<Source>,
  right: Evaluator<Source>,
  operate: (left: Scalar, right: Scalar) => Scalar,
): Evaluator<Source> {
  return (source, row) => {
    const leftValue = left(source, row);
    if (leftValue === null) return null;
    const rightValue = right(source, row);
    return rightValue === null ? null : operate(leftValue, rightValue);
  };
}

function firstPresent<Source>(operands: readonly Evaluator<Source>[]): Evaluator<Source> {
  return (source, row) => {
    for (const operand of operands) {
      const value = operand(source, row);
      if (value !== null) return value;
    }
    return null;
  };
}

/** AND (decided by `false`) and OR (by `true`). */
function connected<Source>(
  operands: readonly TruthEvaluator<Source>[],
  deciding: boolean,
): TruthEvaluator<Source> {
  return (source, row) => {
    let result: boolean | null = !deciding;
    for (const operand of operands) {
      const value = operand(source, row);
      if (value === deciding) return deciding;
      if (value === null) result = null;
    }
    return result;
  };
}

function comparison<Source>(
  operator: ComparisonOperator,
  type: ScalarType,
  left: Evaluator<Source>,
  right: Evaluator<Source>,
): TruthEvaluator<Source> {
  const compare = comparatorOf(type);
  if (operator !== "<=>") {
    return bothPresent(left, right, (leftValue, rightValue) =>
      satisfies(operator, compare(leftValue, rightValue)),
    ) as TruthEvaluator<Source>;
  }
  return (source, row) => {
    const leftValue = left(source, row);
    const rightValue = right(source, row);
    if (leftValue === null || rightValue === null) return leftValue === rightValue;
    return compare(leftValue, rightValue) === 0;
  };
}

function membership<Source>(
  operand: Evaluator<Source>,
  type: ScalarType,
  values: readonly Scalar[],
  hasNull: boolean,
): TruthEvaluator<Source> {
  const absent = hasNull ? null : false;
  if (type === "binary") {
    const compare = comparatorOf(type);
    return (source, row) => {
      const value = operand(source, row);
      if (value === null) return null;
      return values.some((item) => compare(value, item) === 0) || absent;
    };
  }
  // A Set tells NaN from nothing but NaN, and takes zeros as one: the equality of SQL.
  const items = new Set(values);
  return (source, row) => {
    const value = operand(source, row);
    if (value === null) return null;
    return items.has(value) || absent;
  };
}
