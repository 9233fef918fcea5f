// SPDX-License-Identifier: Apache-2.0
import type { StructField, StructType } from "../schema/types.ts";
import type { LikePattern } from "./like-pattern.ts";
import type { ArithmeticOperator, Scalar, ScalarType } from "./scalar-types.ts";
import type { ComparisonOperator } from "./syntax.ts";

/** A column that an expression reads, perhaps inside of STRUCT columns. */
export interface BoundColumn {
  /** From the table's column down to the field that is read. */
  readonly fields: readonly StructField[];
  /** The names of `fields`, joined by dots. */
  readonly name: string;
  /** `nested` where it is a type with parts or VARIANT, of which only IS NULL is known. */
  readonly type: ScalarType | "nested";
}

/**
 * An expression whose names are resolved and whose types fit: both sides of a comparison have the same type, but for
 * the precision of DECIMAL, by `promote` nodes, which are exact or round as a cast to DOUBLE does, and never fail.
 */
export type BoundNode =
  | { readonly kind: "literal"; readonly type: ScalarType; readonly value: Scalar | null }
  | { readonly kind: "column"; readonly type: ScalarType; readonly column: BoundColumn }
  | {
      readonly kind: "and" | "or";
      readonly type: "boolean";
      readonly operands: readonly BoundNode[];
    }
  | { readonly kind: "not"; readonly type: "boolean"; readonly operand: BoundNode }
  | { readonly kind: "isNull"; readonly type: "boolean"; readonly operand: BoundNode }
  | { readonly kind: "isColumnNull"; readonly type: "boolean"; readonly column: BoundColumn }
  | {
      readonly kind: "isTruth";
      readonly type: "boolean";
      readonly operand: BoundNode;
      readonly truth: boolean;
    }
  | {
      readonly kind: "comparison";
      readonly type: "boolean";
      readonly operator: ComparisonOperator;
      readonly left: BoundNode;
      readonly right: BoundNode;
    }
  | {
      readonly kind: "in";
      readonly type: "boolean";
      readonly operand: BoundNode;
      /** Of the operand's type; distinct. */
      readonly values: readonly Scalar[];
      /** Whether the list has a NULL too. */
      readonly hasNull: boolean;
    }
  | {
      readonly kind: "like";
      readonly type: "boolean";
      readonly operand: BoundNode;
      readonly pattern: LikePattern;
    }
  | {
      readonly kind: "arithmetic";
      readonly type: ScalarType;
      readonly operator: ArithmeticOperator;
      readonly left: BoundNode;
      readonly right: BoundNode;
    }
  | {
      readonly kind: "negate" | "abs" | "length" | "upper" | "lower" | "promote" | "cast";
      readonly type: ScalarType;
      readonly operand: BoundNode;
    }
  | {
      readonly kind: "coalesce";
      readonly type: ScalarType;
      readonly operands: readonly BoundNode[];
    };

/** A predicate that fits a schema: what the evaluators and the pruner are compiled from. */
export interface BoundPredicate {
  /** The text it was read from. */
  readonly text: string;
  readonly schema: StructType;
  readonly root: BoundNode;
  /** Every column it reads, each once, in the order in which they first appear. */
  readonly columns: readonly BoundColumn[];
}

export function childrenOf(node: BoundNode): readonly BoundNode[] {
  switch (node.kind) {
    case "literal":
    case "column":
    case "isColumnNull":
      return [];
    case "and":
    case "or":
    case "coalesce":
      return node.operands;
    case "comparison":
    case "arithmetic":
      return [node.left, node.right];
    default:
      return [node.operand];
  }
}

/** Whether evaluation may fail: by an overflow, a division by zero or a cast of a value that does not fit. */
export function mayFail(node: BoundNode): boolean {
  switch (node.kind) {
    case "cast":
      return true;
    case "arithmetic":
      if (node.type !== "float" && node.type !== "double") return true;
      if (node.operator === "/" || node.operator === "%") return true;
      break;
    case "negate":
    case "abs":
      if (node.type !== "float" && node.type !== "double") return true;
      break;
    default:
      break;
  }
  return childrenOf(node).some(mayFail);
}
