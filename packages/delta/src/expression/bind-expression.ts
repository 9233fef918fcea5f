// SPDX-License-Identifier: Apache-2.0
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { StructType } from "../schema/types.ts";
import {
  type BoundColumn,
  type BoundNode,
  type BoundPredicate,
  childrenOf,
} from "./bound-expression.ts";
import { castOperation } from "./casts.ts";
import {
  decimalOperandType,
  digitsType,
  folded,
  promoted,
  typeText,
  withTextLiterals,
} from "./coercion.ts";
import { comparatorOf } from "./compare.ts";
import { invalidExpression, unsupportedConstruct } from "./errors.ts";
import { compileLikePattern } from "./like-pattern.ts";
import { parseExpression } from "./parse-expression.ts";
import { resolveColumn } from "./resolve-column.ts";
import {
  arithmeticType,
  commonTypeOfAll,
  decimalFormatOf,
  isIntegral,
  isNumeric,
  isTimestamp,
  type Scalar,
  type ScalarType,
} from "./scalar-types.ts";
import type { ComparisonOperator, Expression } from "./syntax.ts";

type Of<Kind extends Expression["kind"]> = Extract<Expression, { readonly kind: Kind }>;

/**
 * Reads a predicate and fits it to a schema: `parseExpression`, then {@link bindPredicate}.
 * @throws DeltaError as the two do.
 */
export function parsePredicate(text: string, schema: StructType): BoundPredicate {
  return bindPredicate(parseExpression(text), schema, text);
}

/**
 * Resolves names, regardless of case, and gives every part its type by the rules of Spark's ANSI mode.
 * @param text what the expression was read from, for messages.
 * @throws DeltaError `invalid_argument` for an unknown column, types that do not fit and a result that is not BOOLEAN;
 *   `unsupported` for functions, types and casts that are not evaluated here.
 */
export function bindPredicate(
  expression: Expression,
  schema: StructType,
  text: string,
): BoundPredicate {
  const root = bindExpression(expression, schema);
  if (root.type !== "boolean" && root.type !== "void") {
    throw invalidExpression(
      `a condition must be BOOLEAN, and this is ${typeText(root.type)}`,
      expression.position,
    );
  }
  return { text, schema, root, columns: columnsOf(root) };
}

/** As {@link bindPredicate}, for an expression of any type. */
export function bindExpression(expression: Expression, schema: StructType): BoundNode {
  const binder = new Binder(schema);
  return binder.bind(expression);
}

class Binder {
  readonly #schema: StructType;

  constructor(schema: StructType) {
    this.#schema = schema;
  }

  bind(expression: Expression): BoundNode {
    return folded(this.#bind(expression));
  }

  #bind(expression: Expression): BoundNode {
    switch (expression.kind) {
      case "literal":
        return expression;
      case "column":
        return this.#column(expression);
      case "and":
      case "or":
        return {
          kind: expression.kind,
          type: "boolean",
          operands: expression.operands.map((operand) => this.#condition(operand)),
        };
      case "not":
        return { kind: "not", type: "boolean", operand: this.#condition(expression.operand) };
      case "isNull":
        return this.#isNull(expression.operand);
      case "isTruth":
        return {
          kind: "isTruth",
          type: "boolean",
          operand: this.#condition(expression.operand),
          truth: expression.truth,
        };
      case "comparison":
        return this.#comparison(expression.operator, expression.left, expression.right);
      case "between":
        return {
          kind: "and",
          type: "boolean",
          operands: [
            this.#comparison(">=", expression.operand, expression.lower),
            this.#comparison("<=", expression.operand, expression.upper),
          ],
        };
      case "in":
        return this.#in(expression);
      case "like":
        return this.#like(expression);
      case "arithmetic":
        return this.#arithmetic(expression);
      case "negate":
        return this.#signed("negate", this.bind(expression.operand), expression.operand.position);
      case "call":
        return this.#call(expression);
      case "cast":
        return this.#cast(expression);
    }
  }

  #column({ path, position }: Of<"column">): BoundNode {
    const column = resolveColumn(this.#schema, path, position);
    if (column.type === "nested") {
      const type = column.fields.at(-1)?.type;
      throw unsupportedConstruct(
        `the column ${JSON.stringify(column.name)} of type ${type === undefined ? "" : sqlTypeOf(type)} other than in IS NULL`,
        position,
      );
    }
    return { kind: "column", type: column.type, column };
  }

  #condition(expression: Expression): BoundNode {
    const node = this.bind(expression);
    if (node.type === "boolean" || node.type === "void") return node;
    throw invalidExpression(
      `a condition must be BOOLEAN, and this is ${typeText(node.type)}`,
      expression.position,
    );
  }

  #isNull(operand: Expression): BoundNode {
    if (operand.kind === "column") {
      const column = resolveColumn(this.#schema, operand.path, operand.position);
      return { kind: "isColumnNull", type: "boolean", column };
    }
    return { kind: "isNull", type: "boolean", operand: this.bind(operand) };
  }

  #comparison(operator: ComparisonOperator, left: Expression, right: Expression): BoundNode {
    const [boundLeft, boundRight] = this.#sameType([left, right], "compare") as [
      BoundNode,
      BoundNode,
    ];
    return { kind: "comparison", type: "boolean", operator, left: boundLeft, right: boundRight };
  }

  #in({ operand, items, position }: Of<"in">): BoundNode {
    if (items.length === 0) throw invalidExpression("the list of IN is empty", position);
    const [value, ...bound] = this.#sameType([operand, ...items], "compare") as [
      BoundNode,
      ...BoundNode[],
    ];
    if (!bound.every((item) => item.kind === "literal")) {
      const operands = bound.map(
        (item): BoundNode => ({
          kind: "comparison",
          type: "boolean",
          operator: "=",
          left: value,
          right: item,
        }),
      );
      return { kind: "or", type: "boolean", operands };
    }
    const values = bound.flatMap((item) => (item.value === null ? [] : [item.value]));
    return {
      kind: "in",
      type: "boolean",
      operand: value,
      values: distinct(values, value.type),
      hasNull: values.length < bound.length,
    };
  }

  #like({ operand, pattern, escape, position }: Of<"like">): BoundNode {
    const value = this.bind(operand);
    const bound = this.bind(pattern);
    requireText(value, operand.position);
    requireText(bound, pattern.position);
    if (bound.kind !== "literal") {
      throw unsupportedConstruct("a pattern of LIKE that is no literal", pattern.position);
    }
    if (bound.value === null) return NULL_BOOLEAN;
    const compiled = compileLikePattern(bound.value as string, escape);
    if ("problem" in compiled) throw invalidExpression(compiled.problem, position);
    return { kind: "like", type: "boolean", operand: value, pattern: compiled };
  }

  #arithmetic({ operator, left, right, position }: Of<"arithmetic">): BoundNode {
    const [a, b] = withTextLiterals([this.bind(left), this.bind(right)], [left, right]) as [
      BoundNode,
      BoundNode,
    ];
    const [typeA, typeB] = [digitsType(a, b), digitsType(b, a)];
    const type = arithmeticType(operator, typeA, typeB);
    if (type === undefined) {
      throw unsupportedConstruct(`${typeText(a.type)} ${operator} ${typeText(b.type)}`, position);
    }
    if (a.type === "void" || b.type === "void") return { kind: "literal", type, value: null };
    // Decimals are aligned by the operation itself.
    const isDecimal = decimalFormatOf(type) !== undefined && !isIntegral(type);
    const operands = isDecimal
      ? [promoted(a, decimalOperandType(typeA)), promoted(b, decimalOperandType(typeB))]
      : [promoted(a, type), promoted(b, type)];
    const [boundLeft, boundRight] = operands.map(folded) as [BoundNode, BoundNode];
    return { kind: "arithmetic", type, operator, left: boundLeft, right: boundRight };
  }

  #signed(kind: "negate" | "abs", operand: BoundNode, position: number): BoundNode {
    if (operand.type === "void") return { kind: "literal", type: "double", value: null };
    if (!isNumeric(operand.type)) {
      throw invalidExpression(`${typeText(operand.type)} has no sign`, position);
    }
    return { kind, type: operand.type, operand };
  }

  #call({ name, operands, position }: Of<"call">): BoundNode {
    const only = (): Expression => {
      const [operand] = operands;
      if (operand !== undefined && operands.length === 1) return operand;
      throw invalidExpression(`${name} takes one argument, not ${operands.length}`, position);
    };
    switch (name) {
      case "LENGTH":
      case "LEN":
      case "CHAR_LENGTH":
      case "CHARACTER_LENGTH": {
        const operand = this.bind(only());
        if (operand.type !== "binary") requireText(operand, only().position);
        return { kind: "length", type: "integer", operand };
      }
      case "UPPER":
      case "UCASE":
      case "LOWER":
      case "LCASE": {
        const operand = this.bind(only());
        requireText(operand, only().position);
        return { kind: name.startsWith("U") ? "upper" : "lower", type: "string", operand };
      }
      case "ABS":
        return this.#signed("abs", this.bind(only()), only().position);
      case "COALESCE": {
        if (operands.length === 0) {
          throw invalidExpression("COALESCE takes at least one argument", position);
        }
        const bound = this.#sameType(operands, "choose between");
        return { kind: "coalesce", type: (bound[0] as BoundNode).type, operands: bound };
      }
      default:
        throw unsupportedConstruct(`the function ${name}`, position);
    }
  }

  #cast({ operand, target, position }: Of<"cast">): BoundNode {
    const bound = this.bind(operand);
    if (bound.type === target) return bound;
    // Zones by name, and times without a day, are read from no column here.
    const isOpenText = bound.type === "string" && bound.kind !== "literal" && isTimestamp(target);
    if (isOpenText || castOperation(bound.type, target) === undefined) {
      throw unsupportedConstruct(
        `CAST of ${typeText(bound.type)} to ${typeText(target)}`,
        position,
      );
    }
    return { kind: "cast", type: target, operand: bound };
  }

  /** Binds all and promotes them to the type in which they compare. */
  #sameType(expressions: readonly Expression[], verb: string): BoundNode[] {
    const nodes = withTextLiterals(
      expressions.map((expression) => this.bind(expression)),
      expressions,
    );
    const type = commonTypeOfAll(nodes.map((node) => node.type));
    if (type === undefined) {
      const types = [...new Set(nodes.map((node) => typeText(node.type)))];
      throw invalidExpression(
        `cannot ${verb} ${types.join(" and ")} (a CAST may help)`,
        (expressions[0] as Expression).position,
      );
    }
    return nodes.map((node) => folded(promoted(node, type)));
  }
}

const NULL_BOOLEAN: BoundNode = { kind: "literal", type: "boolean", value: null };

function requireText(node: BoundNode, position: number): void {
  if (node.type === "string" || node.type === "void") return;
  throw invalidExpression(`expected STRING, found ${typeText(node.type)}`, position);
}

function distinct(values: readonly Scalar[], type: ScalarType): Scalar[] {
  const compare = comparatorOf(type);
  const sorted = values.toSorted(compare);
  return sorted.filter((value, index) => {
    const before = sorted[index - 1];
    return before === undefined || compare(before, value) !== 0;
  });
}

function columnsOf(root: BoundNode): BoundColumn[] {
  const byName = new Map<string, BoundColumn>();
  const collect = (node: BoundNode): void => {
    if (node.kind === "column" || node.kind === "isColumnNull") {
      const key = JSON.stringify(node.column.fields.map(({ name }) => name));
      if (!byName.has(key)) byName.set(key, node.column);
    }
    childrenOf(node).forEach(collect);
  };
  collect(root);
  return [...byName.values()];
}
