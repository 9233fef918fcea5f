// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parseSqlType } from "../schema/column-list.ts";
import { invalidExpression, unsupportedConstruct } from "./errors.ts";
import { characterCount } from "./characters.ts";
import { numberLiteral, typedLiteral } from "./literals.ts";
import { type ArithmeticOperator, type ScalarType, scalarTypeOf } from "./scalar-types.ts";
import type { ComparisonOperator, Expression } from "./syntax.ts";
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

/** Nested parentheses and chained operators, so that a hostile text cannot exhaust the stack. */
const MAX_DEPTH = 200;

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

const KNOWN_MARKS = new Set([
  ...Object.keys(COMPARISONS),
  "+",
  "-",
  "*",
  "/",
  "%",
  "(",
  ")",
  ",",
  ".",
  "!",
]);
/** Words that stand where an operator may, and what they belong to. */
const OTHER_OPERATORS = new Set([
  "DIV",
  "RLIKE",
  "REGEXP",
  "ILIKE",
  "COLLATE",
  "AT",
  "OVER",
  "MOD",
]);
/** Words that only backquotes make a column of. */
const RESERVED_WORDS = new Set(["AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN"]);
/** Words that stand where a value may, and are none here. */
const OTHER_VALUES = new Set(["CASE", "EXISTS", "SELECT", "INTERVAL"]);

class ExpressionParser {
  readonly #sql: string;
  readonly #tokens: readonly ExpressionToken[];
  #next = 0;
  #depth = 0;

  constructor(sql: string, tokens: readonly ExpressionToken[]) {
    this.#sql = sql;
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#peek().kind !== "end") throw this.#unexpected("an operator or the end");
    return expression;
  }

  #or(): Expression {
    return this.#nested(() =>
      this.#chain("or", "OR", () => this.#chain("and", "AND", () => this.#not())),
    );
  }

  /** One node for the whole chain, however long. */
  #chain(kind: "and" | "or", word: string, operand: () => Expression): Expression {
    const first = operand();
    if (!this.#isWord(word)) return first;
    const operands = [first];
    while (this.#takeWord(word)) operands.push(operand());
    return { kind, position: first.position, operands };
  }

  #not(): Expression {
    const { position } = this.#peek();
    if (!this.#takeWord("NOT") && !this.#takeMark("!")) return this.#predicate();
    return this.#nested(() => ({ kind: "not", position, operand: this.#not() }));
  }

  #predicate(): Expression {
    const operand = this.#comparison();
    const { position } = operand;
    if (this.#takeWord("IS")) {
      const isNegated = this.#takeWord("NOT");
      return negatedIf(isNegated, this.#is(operand));
    }
    const isNegated = this.#takeWord("NOT");
    if (this.#takeWord("IN")) {
      return negatedIf(isNegated, { kind: "in", position, operand, items: this.#list() });
    }
    if (this.#takeWord("BETWEEN")) {
      const lower = this.#sum();
      if (!this.#takeWord("AND")) throw this.#unexpected("AND");
      return negatedIf(isNegated, {
        kind: "between",
        position,
        operand,
        lower,
        upper: this.#sum(),
      });
    }
    if (this.#takeWord("LIKE")) return negatedIf(isNegated, this.#like(operand));
    if (isNegated) throw this.#unexpected("IN, BETWEEN or LIKE");
    return operand;
  }

  #is(operand: Expression): Expression {
    const { position } = operand;
    if (this.#takeWord("NULL") || this.#takeWord("UNKNOWN")) {
      return { kind: "isNull", position, operand };
    }
    if (this.#takeWord("TRUE")) return { kind: "isTruth", position, operand, truth: true };
    if (this.#takeWord("FALSE")) return { kind: "isTruth", position, operand, truth: false };
    if (this.#takeWord("DISTINCT")) {
      if (!this.#takeWord("FROM")) throw this.#unexpected("FROM");
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
    throw this.#unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  }

  #like(operand: Expression): Expression {
    const quantifier = this.#peek();
    if (this.#isWord("ANY") || this.#isWord("SOME") || this.#isWord("ALL")) {
      throw unsupportedConstruct(`LIKE ${quantifier.value.toUpperCase()}`, quantifier.position);
    }
    const pattern = this.#sum();
    let escape = "\\";
    if (this.#takeWord("ESCAPE")) {
      const token = this.#peek();
      if (token.kind !== "text" || characterCount(token.value) !== 1) {
        throw this.#unexpected("one character in quotes");
      }
      this.#next += 1;
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
    const depth = this.#depth;
    for (;;) {
      const token = this.#peek();
      const operator = token.kind === "mark" ? operatorOf(token.value) : undefined;
      if (operator === undefined) break;
      this.#next += 1;
      this.#deepen(token.position);
      left = join(operator, left, operand());
    }
    this.#depth = depth;
    return left;
  }

  #unary(): Expression {
    const { position } = this.#peek();
    if (this.#takeMark("+")) return this.#nested(() => this.#unary());
    if (!this.#takeMark("-")) return this.#primary();
    const token = this.#peek();
    if (token.kind === "number") {
      this.#next += 1;
      return numberLiteral(token.value, true, position);
    }
    return this.#nested(() => ({ kind: "negate", position, operand: this.#unary() }));
  }

  #primary(): Expression {
    const token = this.#peek();
    const { position } = token;
    switch (token.kind) {
      case "number":
        this.#next += 1;
        return numberLiteral(token.value, false, position);
      case "text":
        this.#next += 1;
        return { kind: "literal", position, type: "string", value: this.#joinedText(token.value) };
      case "quoted":
        return this.#column();
      case "word":
        return this.#word(token);
      default:
        break;
    }
    if (!this.#takeMark("(")) throw this.#unexpected("a value");
    const inner = this.#or();
    this.#expectMark(")");
    return inner;
  }

  /** Texts that follow each other are one, as in Spark. */
  #joinedText(first: string): string {
    let text = first;
    for (let token = this.#peek(); token.kind === "text"; token = this.#peek()) {
      text += token.value;
      this.#next += 1;
    }
    return text;
  }

  #word(token: ExpressionToken): Expression {
    const { position } = token;
    const word = token.value.toUpperCase();
    const following = this.#tokens[this.#next + 1] as ExpressionToken;
    if (following.kind === "text") {
      const literal = typedLiteral(word, following.value, position);
      if (literal !== undefined) {
        this.#next += 2;
        return literal;
      }
    }
    if (word === "INTERVAL" && following.kind === "mark") return this.#column();
    if (RESERVED_WORDS.has(word)) throw this.#unexpected("a value");
    if (OTHER_VALUES.has(word)) throw unsupportedConstruct(word, position);
    if (following.kind === "mark" && following.value === "(") {
      this.#next += 1;
      if (word === "CAST") return this.#cast(position);
      const operands = this.#list();
      return { kind: "call", position, name: word, operands };
    }
    if (word === "TRUE" || word === "FALSE" || word === "NULL") {
      this.#next += 1;
      if (word === "NULL") return { kind: "literal", position, type: "void", value: null };
      return { kind: "literal", position, type: "boolean", value: word === "TRUE" };
    }
    return this.#column();
  }

  #column(): Expression {
    const { position } = this.#peek();
    const path = [this.#name()];
    while (this.#takeMark(".")) path.push(this.#name());
    return { kind: "column", position, path };
  }

  #name(): string {
    const token = this.#peek();
    if (token.kind !== "word" && token.kind !== "quoted") throw this.#unexpected("a column name");
    this.#next += 1;
    return token.value;
  }

  /** `"(" [or ("," or)*] ")"` */
  #list(): Expression[] {
    this.#expectMark("(");
    const items: Expression[] = [];
    if (this.#takeMark(")")) return items;
    if (this.#isWord("SELECT")) throw unsupportedConstruct("a subquery", this.#peek().position);
    if (this.#isMark("*") || this.#isWord("DISTINCT")) {
      throw unsupportedConstruct("an aggregate", this.#peek().position);
    }
    do items.push(this.#or());
    while (this.#takeMark(","));
    this.#expectMark(")");
    return items;
  }

  #cast(position: number): Expression {
    this.#expectMark("(");
    const operand = this.#or();
    if (!this.#takeWord("AS")) throw this.#unexpected("AS");
    const target = this.#castTarget();
    this.#expectMark(")");
    return { kind: "cast", position, operand, target };
  }

  #castTarget(): ScalarType {
    const first = this.#peek();
    if (first.kind !== "word") throw this.#unexpected("a type");
    this.#next += 1;
    let { end } = first;
    if (this.#takeMark("(")) {
      while (!this.#isMark(")") && this.#peek().kind !== "end") this.#next += 1;
      end = this.#peek().end;
      this.#expectMark(")");
    }
    const text = this.#sql.slice(first.position, end);
    if (this.#isMark("<") || /^(?:var)?char\b/i.test(text)) {
      throw unsupportedConstruct(`CAST to ${text.toUpperCase()}`, first.position);
    }
    const type = scalarTypeOf(typeOfText(text, first.position));
    if (type === undefined) {
      throw unsupportedConstruct(`CAST to ${text.toUpperCase()}`, first.position);
    }
    return type;
  }

  #nested<Result>(parse: () => Result): Result {
    const depth = this.#depth;
    this.#deepen(this.#peek().position);
    const result = parse();
    this.#depth = depth;
    return result;
  }

  #deepen(position: number): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw invalidExpression(
        `more than ${MAX_DEPTH} operators or parentheses are nested`,
        position,
      );
    }
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.kind === "word" && token.value.toUpperCase() === word;
  }

  #isMark(mark: string): boolean {
    const token = this.#peek();
    return token.kind === "mark" && token.value === mark;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#next += 1;
    return true;
  }

  #takeMark(mark: string): boolean {
    if (!this.#isMark(mark)) return false;
    this.#next += 1;
    return true;
  }

  #expectMark(mark: string): void {
    if (!this.#takeMark(mark)) throw this.#unexpected(JSON.stringify(mark));
  }

  #peek(): ExpressionToken {
    return this.#tokens[this.#next] as ExpressionToken;
  }

  #unexpected(expected: string): DeltaError {
    const token = this.#peek();
    const word = token.value.toUpperCase();
    const isOther =
      (token.kind === "mark" && !KNOWN_MARKS.has(token.value)) ||
      (token.kind === "word" && OTHER_OPERATORS.has(word));
    if (isOther) return unsupportedConstruct(`the operator ${word}`, token.position);
    const found = token.kind === "end" ? "the end of the text" : JSON.stringify(token.value);
    return invalidExpression(`expected ${expected}, found ${found}`, token.position);
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
