// SPDX-License-Identifier: Apache-2.0
import { invalidExpression, unsupportedConstruct } from "./errors.ts";

/**
 * The tokens of an expression:
 *
 *     word   := letter (letter | digit)*            letter includes "_" and everything outside ASCII
 *     quoted := "`" (any but "`" | "``")* "`"
 *     text   := ["r"] quote (any | escape)* quote     quote := "'" | '"'
 *     number := (digit+ ["." digit*] | "." digit+) [("e" | "E") ["+" | "-"] digit+] [suffix]
 *     suffix := "Y" | "S" | "L" | "F" | "D" | "BD"  regardless of case
 */
export interface ExpressionToken {
  readonly kind: "word" | "quoted" | "text" | "number" | "mark" | "end";
  /** The content: without quotes, with escapes resolved. */
  readonly value: string;
  readonly position: number;
  readonly end: number;
}

/** Longer texts are refused, so that a hostile table cannot keep the parser busy. */
const MAX_EXPRESSION_LENGTH = 65_536;

const SPACE = /\s+/uy;
const NUMBER =
  /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:[bB][dD]|[yYsSlLfFdD])?(?![0-9A-Za-z_\u0080-\u{10ffff}])/uy;
const WORD = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*/uy;
const QUOTED = /`((?:[^`]|``)*)`/uy;
const TEXT = /'((?:[^'\\]|\\[^]|'')*)'|"((?:[^"\\]|\\[^]|"")*)"/uy;
const RAW_TEXT = /[rR](?:'([^']*)'|"([^"]*)")/uy;
const COMMENT = /--|\/\*/uy;
/** Those that no construct of the subset has are read too, to name them in the error. */
const MARK = /<=>|<=|>=|<>|<<|>>|!=|==|\|\||&&|::|->|=>|[=<>!+\-*/%(),.|&^~:;[\]{}?@$#]/uy;

/** @throws DeltaError `invalid_argument` with the position of the first character that starts no token. */
export function tokenizeExpression(sql: string): ExpressionToken[] {
  if (sql.length > MAX_EXPRESSION_LENGTH) {
    throw invalidExpression(
      `the text has ${sql.length} characters, more than ${MAX_EXPRESSION_LENGTH}`,
      MAX_EXPRESSION_LENGTH,
    );
  }
  const tokens: ExpressionToken[] = [];
  let position = 0;
  while (position < sql.length) {
    const space = matchAt(SPACE, sql, position);
    if (space !== null) {
      position += space[0].length;
      continue;
    }
    const token = tokenAt(sql, position);
    tokens.push(token);
    position = token.end;
  }
  tokens.push({ kind: "end", value: "", position, end: position });
  return tokens;
}

function tokenAt(sql: string, position: number): ExpressionToken {
  const make = (
    kind: ExpressionToken["kind"],
    match: RegExpExecArray,
    value: string,
  ): ExpressionToken => ({ kind, value, position, end: position + match[0].length });
  if (matchAt(COMMENT, sql, position) !== null) throw unsupportedConstruct("a comment", position);
  const raw = matchAt(RAW_TEXT, sql, position);
  if (raw !== null) return make("text", raw, raw[1] ?? raw[2] ?? "");
  const number = matchAt(NUMBER, sql, position);
  if (number !== null) return make("number", number, number[0]);
  const word = matchAt(WORD, sql, position);
  if (word !== null) return make("word", word, word[0]);
  const quoted = matchAt(QUOTED, sql, position);
  if (quoted !== null) return make("quoted", quoted, (quoted[1] ?? "").replaceAll("``", "`"));
  const text = matchAt(TEXT, sql, position);
  if (text !== null) {
    // Some versions of Spark read it as a quote, others as two texts side by side.
    if (/^(?:'(?:[^'\\]|\\[^])*''|"(?:[^"\\]|\\[^])*"")./su.test(text[0])) {
      throw unsupportedConstruct("a doubled quote in a text (write \\ before a quote)", position);
    }
    return make("text", text, unescapeText(text[1] ?? text[2] ?? "", position));
  }
  const mark = matchAt(MARK, sql, position);
  if (mark !== null) return make("mark", mark, mark[0]);
  const character = String.fromCodePoint(sql.codePointAt(position) ?? 0);
  throw /[`'"]/.test(character)
    ? invalidExpression(`the quote ${character} is not closed`, position)
    : invalidExpression(`${JSON.stringify(character)} is not expected`, position);
}

function matchAt(pattern: RegExp, sql: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(sql);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  n: "\n",
  r: "\r",
  t: "\t",
  Z: "\u001a",
  // LIKE gives these their meaning.
  "%": "\\%",
  _: "\\_",
};

/** Backslash escapes as Spark reads them; any other escaped character stands for itself. */
function unescapeText(text: string, position: number): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|([^]))/gu,
    (_, unit?: string, point?: string, octal?: string, other = "") => {
      if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
      if (point !== undefined) return codePoint(Number.parseInt(point, 16), position);
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES[other] ?? other;
    },
  );
}

function codePoint(value: number, position: number): string {
  if (value > 0x10_ffff) {
    throw invalidExpression(`the text has an escape for no character`, position);
  }
  return String.fromCodePoint(value);
}
