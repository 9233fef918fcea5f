// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import { type BoundNode, childrenOf, mayFail } from "./bound-expression.ts";
import { invalidExpression } from "./errors.ts";
import { type ColumnReaders, compileNode } from "./evaluate.ts";
import {
  commonTypeOfAll,
  decimalFormatOf,
  decimalType,
  isIntegral,
  isNumeric,
  type Scalar,
  type ScalarType,
} from "./scalar-types.ts";
import type { Expression } from "./syntax.ts";

/** The value of an expression without columns. */
export function constantValue(node: BoundNode): Scalar | null {
  return compileNode(node, NO_COLUMNS)(undefined, 0);
}

const NO_COLUMNS: ColumnReaders<undefined> = {
  valueReader(column) {
    throw new DeltaError("internal", `the column ${column.name} has no value without a row`);
  },
  nullReader(column) {
    throw new DeltaError("internal", `the column ${column.name} has no value without a row`);
  },
};

/**
 * A text literal beside a value of another type is read as one of that type, as Spark does: of BIGINT beside integers,
 * of DOUBLE beside other numbers.
 */
export function withTextLiterals(
  nodes: readonly BoundNode[],
  expressions: readonly Expression[],
): BoundNode[] {
  const others = nodes.filter((node) => !isTextLiteral(node) && node.type !== "void");
  const type = others.length === 0 ? "string" : commonTypeOfAll(others.map((node) => node.type));
  if (type === undefined || type === "string" || type === "binary") return [...nodes];
  const target = isNumeric(type) ? (isIntegral(type) ? "long" : "double") : type;
  return nodes.map((node, index) => {
    if (!isTextLiteral(node)) return node;
    const cast = folded({ kind: "cast", type: target, operand: node });
    if (cast.kind === "literal") return cast;
    throw invalidExpression(
      `${JSON.stringify((node as { readonly value: unknown }).value)} is no ${typeText(target)}`,
      (expressions[index] as Expression).position,
    );
  });
}

function isTextLiteral(node: BoundNode): boolean {
  return node.kind === "literal" && node.type === "string";
}

export function promoted(node: BoundNode, type: ScalarType): BoundNode {
  if (node.type === type) return node;
  if (node.type === "void") return { kind: "literal", type, value: null };
  return { kind: "promote", type, operand: node };
}

/** What has no columns and does not fail becomes a literal. */
export function folded(node: BoundNode): BoundNode {
  if (node.kind === "literal" || !isConstant(node)) return node;
  try {
    return { kind: "literal", type: node.type, value: constantValue(node) };
  } catch (error) {
    if (error instanceof DeltaError && error.code === "invalid_argument" && mayFail(node))
      return node;
    throw error;
  }
}

/** Operands have been folded before, so one level tells. */
function isConstant(node: BoundNode): boolean {
  if (node.kind === "column" || node.kind === "isColumnNull") return false;
  return childrenOf(node).every((child) => child.kind === "literal");
}

/** Beside a DECIMAL, a whole number that is a literal counts with the digits it has. */
export function digitsType(node: BoundNode, other: BoundNode): ScalarType {
  const isBesideDecimal = decimalFormatOf(other.type) !== undefined && !isIntegral(other.type);
  if (!isBesideDecimal || node.kind !== "literal" || !isIntegral(node.type)) return node.type;
  return decimalType(String(node.value).replace("-", "").length, 0);
}

export function decimalOperandType(type: ScalarType): ScalarType {
  const format = decimalFormatOf(type);
  return format === undefined ? type : decimalType(format.precision, format.scale);
}

export function typeText(type: ScalarType): string {
  return type === "void" ? "NULL" : sqlTypeOf(type);
}
