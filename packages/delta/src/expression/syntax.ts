// SPDX-License-Identifier: Apache-2.0
import type { ArithmeticOperator, Scalar, ScalarType } from "./scalar-types.ts";

export type ComparisonOperator = "=" | "<=>" | "<" | "<=" | ">" | ">=";

interface Placed {
  /** Where it starts in the text, zero based. */
  readonly position: number;
}

/** A parsed expression whose names are not resolved yet. What has a NOT in it (`<>`, `NOT IN`) is wrapped in `not`. */
export type Expression = Placed &
  (
    | { readonly kind: "literal"; readonly type: ScalarType; readonly value: Scalar | null }
    | { readonly kind: "column"; readonly path: readonly string[] }
    | { readonly kind: "and" | "or"; readonly operands: readonly Expression[] }
    | { readonly kind: "not" | "negate" | "isNull"; readonly operand: Expression }
    | { readonly kind: "isTruth"; readonly operand: Expression; readonly truth: boolean }
    | {
        readonly kind: "comparison";
        readonly operator: ComparisonOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: "arithmetic";
        readonly operator: ArithmeticOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: "in"; readonly operand: Expression; readonly items: readonly Expression[] }
    | {
        readonly kind: "between";
        readonly operand: Expression;
        readonly lower: Expression;
        readonly upper: Expression;
      }
    | {
        readonly kind: "like";
        readonly operand: Expression;
        readonly pattern: Expression;
        /** One character. */
        readonly escape: string;
      }
    | { readonly kind: "call"; readonly name: string; readonly operands: readonly Expression[] }
    | { readonly kind: "cast"; readonly operand: Expression; readonly target: ScalarType }
  );
