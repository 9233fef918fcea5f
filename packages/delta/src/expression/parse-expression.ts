// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parseSqlType } from "../schema/column-list.ts";
import { invalidExpression, unsupportedConstruct } from "./errors.ts";
import { characterCount } from "./characters.ts";
import { numberLiteral, typedLiteral } from "./literals.ts";
import { type ArithmeticOperator, type ScalarType, scalarTypeOf } from "./scalar-types.ts";
import type { ComparisonOperator, Expression } from "./syntax.ts";
import { TokenCursor } from "./token-cursor.ts";
import { type ExpressionToken, tokenizeExpression } from "./tokens.ts";

/**
 * Reads an expression of the subset of Spark SQL that `docs/expressions.md` describes:
 *
 *     or         := and ("OR" and)*
 *     and        := not ("AND" not)*
 *     not        := ("NOT" | "!") not | predicate
 *     predicate  := comparison [is | ["NOT"] (in | between | like)]
 *     is         := "IS" ["NOT"] ("NULL" | "TRUE" | "FALSE" | "UNKNOWN" | "DISTINCT" "FROM" comparison)
 *     in         := "IN" "(" or ("," or)* ")"
 *     between    := "BETWEEN" sum "AND" sum
 *     like       := "LIKE" sum ["ESCAPE" text]
 *     comparison := sum (("=" | "==" | "<=>" | "<>" | "!=" | "<" | "<=" | ">" | ">=") sum)*
 *     sum        := product (("+" | "-") product)*
 *     product    := unary (("*" | "/" | "%") unary)*
 *     unary      := ("-" | "+") unary | primary
 *     primary    := literal | "CAST" "(" or "AS" type ")" | word "(" [or ("," or)*] ")" | column | "(" or ")"
 *     column     := name ("." name)*
 *
 * @throws DeltaError `invalid_argument` with what was expected and where; `unsupported` naming a construct of SQL that is
 *   not in the subset. Both have `details.position`, zero based.
 */
export function parseExpression(sql: string): Expression {
  const parser = new ExpressionParser(sql, tokenizeExpression(sql));
  return parser.whole();
}

const COMPARISONS: Readonly<Record<string, ComparisonOperator | "<>">> = {
  "=": "=",
  "==": "=",
  "<=>": "<=>",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

/** Words that only backquotes make a column of. */
const RESERVED_WORDS = new Set(["AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN"]);
/** Words that stand where a value may, and are none here. */
const OTHER_VALUES = new Set(["CASE", "EXISTS", "SELECT", "INTERVAL"]);

class ExpressionParser {
  readonly #sql: string;
  readonly #cursor: TokenCursor;

  constructor(sql: string, tokens: readonly ExpressionToken[]) {
    this.#sql = sql;
    this.#cursor = new TokenCursor(tokens);
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#cursor.peek().kind !== "end") throw this.#cursor.unexpected("an operator or the end");
    return expression;
  }

  #or(): Expression {
    return this.#cursor.nested(() =>
      this.#chain("or", "OR", () => this.#chain("and", "AND", () => this.#not())),
    );
  }

  /** One node for the whole chain, however long. */
  #chain(kind: "and" | "or", word: string, operand: () => Expression): Expression {
    const first = operand();
    if (!this.#cursor.isWord(word)) return first;
    const operands = [first];
    while (this.#cursor.takeWord(word)) operands.push(operand());
    return { kind, position: first.position, operands };
  }

  #not(): Expression {
    const { position } = this.#cursor.peek();
    if (!this.#cursor.takeWord("NOT") && !this.#cursor.takeMark("!")) return this.#predicate();
    return this.#cursor.nested(() => ({ kind: "not", position, operand: this.#not() }));
  }

  #predicate(): Expression {
    const operand = this.#comparison();
    const { position } = operand;
    if (this.#cursor.takeWord("IS")) {
      const isNegated = this.#cursor.takeWord("NOT");
      return negatedIf(isNegated, this.#is(operand));
    }
    const isNegated = this.#cursor.takeWord("NOT");
    if (this.#cursor.takeWord("IN")) {
      return negatedIf(isNegated, { kind: "in", position, operand, items: this.#list() });
    }
    if (this.#cursor.takeWord("BETWEEN")) {
      const lower = this.#sum();
      if (!this.#cursor.takeWord("AND")) throw this.#cursor.unexpected("AND");
      return negatedIf(isNegated, {
        kind: "between",
        position,
        operand,
        lower,
        upper: this.#sum(),
      });
    }
    if (this.#cursor.takeWord("LIKE")) return negatedIf(isNegated, this.#like(operand));
    if (isNegated) throw this.#cursor.unexpected("IN, BETWEEN or LIKE");
    return operand;
  }

  #is(operand: Expression): Expression {
    const { position } = operand;
    if (this.#cursor.takeWord("NULL") || this.#cursor.takeWord("UNKNOWN")) {
      return { kind: "isNull", position, operand };
    }
    if (this.#cursor.takeWord("TRUE")) return { kind: "isTruth", position, operand, truth: true };
    if (this.#cursor.takeWord("FALSE")) return { kind: "isTruth", position, operand, truth: false };
    if (this.#cursor.takeWord("DISTINCT")) {
      if (!this.#cursor.takeWord("FROM")) throw this.#cursor.unexpected("FROM");
      const right = this.#sum();
      const same: Expression = {
        kind: "comparison",
        position,
        operator: "<=>",
        left: operand,
        right,
      };
      return { kind: "not", position, operand: same };
    }
    throw this.#cursor.unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  }

  #like(operand: Expression): Expression {
    const quantifier = this.#cursor.peek();
    if (this.#cursor.isWord("ANY") || this.#cursor.isWord("SOME") || this.#cursor.isWord("ALL")) {
      throw unsupportedConstruct(`LIKE ${quantifier.value.toUpperCase()}`, quantifier.position);
    }
    const pattern = this.#sum();
    let escape = "\\";
    if (this.#cursor.takeWord("ESCAPE")) {
      const token = this.#cursor.peek();
      if (token.kind !== "text" || characterCount(token.value) !== 1) {
        throw this.#cursor.unexpected("one character in quotes");
      }
      this.#cursor.skip(1);
      escape = token.value;
    }
    return { kind: "like", position: operand.position, operand, pattern, escape };
  }

  #comparison(): Expression {
    return this.#binary(
      () => this.#sum(),
      (mark) => COMPARISONS[mark],
      (operator, left, right) => {
        const { position } = left;
        return operator === "<>"
          ? {
              kind: "not",
              position,
              operand: { kind: "comparison", position, operator: "=", left, right },
            }
          : { kind: "comparison", position, operator, left, right };
      },
    );
  }

  #sum(): Expression {
    return this.#arithmetic(() => this.#product(), "+-");
  }

  #product(): Expression {
    return this.#arithmetic(() => this.#unary(), "*/%");
  }

  #arithmetic(operand: () => Expression, marks: string): Expression {
    return this.#binary(
      operand,
      (mark) => (marks.includes(mark) ? (mark as ArithmeticOperator) : undefined),
      (operator, left, right) => ({
        kind: "arithmetic",
        position: left.position,
        operator,
        left,
        right,
      }),
    );
  }

  #binary<Operator>(
    operand: () => Expression,
    operatorOf: (mark: string) => Operator | undefined,
    join: (operator: Operator, left: Expression, right: Expression) => Expression,
  ): Expression {
    let left = operand();
    const { depth } = this.#cursor;
    for (;;) {
      const token = this.#cursor.peek();
      const operator = token.kind === "mark" ? operatorOf(token.value) : undefined;
      if (operator === undefined) break;
      this.#cursor.skip(1);
      this.#cursor.deepen(token.position);
      left = join(operator, left, operand());
    }
    this.#cursor.depth = depth;
    return left;
  }

  #unary(): Expression {
    const { position } = this.#cursor.peek();
    if (this.#cursor.takeMark("+")) return this.#cursor.nested(() => this.#unary());
    if (!this.#cursor.takeMark("-")) return this.#primary();
    const token = this.#cursor.peek();
    if (token.kind === "number") {
      this.#cursor.skip(1);
      return numberLiteral(token.value, true, position);
    }
    return this.#cursor.nested(() => ({ kind: "negate", position, operand: this.#unary() }));
  }

  #primary(): Expression {
    const token = this.#cursor.peek();
    const { position } = token;
    switch (token.kind) {
      case "number":
        this.#cursor.skip(1);
        return numberLiteral(token.value, false, position);
      case "text":
        this.#cursor.skip(1);
        return { kind: "literal", position, type: "string", value: this.#joinedText(token.value) };
      case "quoted":
        return this.#column();
      case "word":
        return this.#word(token);
      default:
        break;
    }
    if (!this.#cursor.takeMark("(")) throw this.#cursor.unexpected("a value");
    const inner = this.#or();
    this.#cursor.expectMark(")");
    return inner;
  }

  /** Texts that follow each other are one, as in Spark. */
  #joinedText(first: string): string {
    let text = first;
    for (let token = this.#cursor.peek(); token.kind === "text"; token = this.#cursor.peek()) {
      text += token.value;
      this.#cursor.skip(1);
    }
    return text;
  }

  #word(token: ExpressionToken): Expression {
    const { position } = token;
    const word = token.value.toUpperCase();
    const following = this.#cursor.following();
    if (following.kind === "text") {
      const literal = typedLiteral(word, following.value, position);
      if (literal !== undefined) {
        this.#cursor.skip(2);
        return literal;
      }
    }
    if (word === "INTERVAL" && following.kind === "mark") return this.#column();
    if (RESERVED_WORDS.has(word)) throw this.#cursor.unexpected("a value");
    if (OTHER_VALUES.has(word)) throw unsupportedConstruct(word, position);
    if (following.kind === "mark" && following.value === "(") {
      this.#cursor.skip(1);
      if (word === "CAST") return this.#cast(position);
      const operands = this.#list();
      return { kind: "call", position, name: word, operands };
    }
    if (word === "TRUE" || word === "FALSE" || word === "NULL") {
      this.#cursor.skip(1);
      if (word === "NULL") return { kind: "literal", position, type: "void", value: null };
      return { kind: "literal", position, type: "boolean", value: word === "TRUE" };
    }
    return this.#column();
  }

  #column(): Expression {
    const { position } = this.#cursor.peek();
    const path = [this.#name()];
    while (this.#cursor.takeMark(".")) path.push(this.#name());
    return { kind: "column", position, path };
  }

  #name(): string {
    const token = this.#cursor.peek();
    if (token.kind !== "word" && token.kind !== "quoted")
      throw this.#cursor.unexpected("a column name");
    this.#cursor.skip(1);
    return token.value;
  }

  /** `"(" [or ("," or)*] ")"` */
  #list(): Expression[] {
    this.#cursor.expectMark("(");
    const items: Expression[] = [];
    if (this.#cursor.takeMark(")")) return items;
    if (this.#cursor.isWord("SELECT"))
      throw unsupportedConstruct("a subquery", this.#cursor.peek().position);
    if (this.#cursor.isMark("*") || this.#cursor.isWord("DISTINCT")) {
      throw unsupportedConstruct("an aggregate", this.#cursor.peek().position);
    }
    do items.push(this.#or());
    while (this.#cursor.takeMark(","));
    this.#cursor.expectMark(")");
    return items;
  }

  #cast(position: number): Expression {
    this.#cursor.expectMark("(");
    const operand = this.#or();
    if (!this.#cursor.takeWord("AS")) throw this.#cursor.unexpected("AS");
    const target = this.#castTarget();
    this.#cursor.expectMark(")");
    return { kind: "cast", position, operand, target };
  }

  #castTarget(): ScalarType {
    const first = this.#cursor.peek();
    if (first.kind !== "word") throw this.#cursor.unexpected("a type");
    this.#cursor.skip(1);
    let { end } = first;
    if (this.#cursor.takeMark("(")) {
      while (!this.#cursor.isMark(")") && this.#cursor.peek().kind !== "end") this.#cursor.skip(1);
      end = this.#cursor.peek().end;
      this.#cursor.expectMark(")");
    }
    const text = this.#sql.slice(first.position, end);
    if (this.#cursor.isMark("<") || /^(?:var)?char\b/i.test(text)) {
      throw unsupportedConstruct(`CAST to ${text.toUpperCase()}`, first.position);
    }
    const type = scalarTypeOf(typeOfText(text, first.position));
    if (type === undefined) {
      throw unsupportedConstruct(`CAST to ${text.toUpperCase()}`, first.position);
    }
    return type;
  }
}

function negatedIf(isNegated: boolean, operand: Expression): Expression {
  return isNegated ? { kind: "not", position: operand.position, operand } : operand;
}

function typeOfText(text: string, position: number): ReturnType<typeof parseSqlType> {
  try {
    return parseSqlType(text);
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    throw invalidExpression(`${JSON.stringify(text)} is no type`, position);
  }
}
