// SPDX-License-Identifier: Apache-2.0
import type { DeltaError } from "../delta-error.ts";
import { invalidExpression, unsupportedConstruct } from "./errors.ts";
import type { ExpressionToken } from "./tokens.ts";

/** Nested parentheses and chained operators, so that a hostile text cannot exhaust the stack. */
const MAX_DEPTH = 200;

/** Marks of the subset; the others of {@link ExpressionToken} are read to be named. */
const KNOWN_MARK = /^(?:<=>|<>|[<>!=]=?|==|[-+*/%(),.])$/;
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

/** Goes through the tokens of an expression. */
export class TokenCursor {
  /** Operators and parentheses that the next token is inside of. */
  depth = 0;
  readonly #tokens: readonly ExpressionToken[];
  #next = 0;

  constructor(tokens: readonly ExpressionToken[]) {
    this.#tokens = tokens;
  }

  peek(): ExpressionToken {
    return this.#tokens[this.#next] as ExpressionToken;
  }

  /** The token after the next one; there is none after the end. */
  following(): ExpressionToken {
    return this.#tokens[this.#next + 1] as ExpressionToken;
  }

  skip(count: number): void {
    this.#next += count;
  }

  nested<Result>(parse: () => Result): Result {
    const depth = this.depth;
    this.deepen(this.peek().position);
    const result = parse();
    this.depth = depth;
    return result;
  }

  deepen(position: number): void {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) {
      throw invalidExpression(
        `more than ${MAX_DEPTH} operators or parentheses are nested`,
        position,
      );
    }
  }

  isWord(word: string): boolean {
    const token = this.peek();
    return token.kind === "word" && token.value.toUpperCase() === word;
  }

  isMark(mark: string): boolean {
    const token = this.peek();
    return token.kind === "mark" && token.value === mark;
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.#next += 1;
    return true;
  }

  takeMark(mark: string): boolean {
    if (!this.isMark(mark)) return false;
    this.#next += 1;
    return true;
  }

  expectMark(mark: string): void {
    if (!this.takeMark(mark)) throw this.unexpected(JSON.stringify(mark));
  }

  unexpected(expected: string): DeltaError {
    const token = this.peek();
    const word = token.value.toUpperCase();
    const isOther =
      (token.kind === "mark" && !KNOWN_MARK.test(token.value)) ||
      (token.kind === "word" && OTHER_OPERATORS.has(word));
    if (isOther) return unsupportedConstruct(`the operator ${word}`, token.position);
    const found = token.kind === "end" ? "the end of the text" : JSON.stringify(token.value);
    return invalidExpression(`expected ${expected}, found ${found}`, token.position);
  }
}
