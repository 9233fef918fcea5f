// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/**
 * The words of a column list:
 *
 *     word   := letter (letter | digit)*            letter includes "_" and everything outside ASCII
 *     quoted := "`" (any but "`" | "``")* "`"
 *     text   := "'" (any but "'" | "''")* "'"
 *     number := digit+
 *     mark   := "," | ":" | "<" | ">" | "(" | ")"
 */
export interface SqlToken {
  readonly kind: "word" | "quoted" | "text" | "number" | "mark" | "end";
  /** The content, without quotes. */
  readonly value: string;
  /** Where it starts in the text, zero based. */
  readonly position: number;
}

/** @throws DeltaError `invalid_argument` with the position of the first character that starts no token. */
export function tokenizeSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  const pattern =
    /(?<space>\s+)|`(?<quoted>(?:[^`]|``)*)`|'(?<text>(?:[^']|'')*)'|(?<number>[0-9]+(?![0-9A-Za-z_]))|(?<word>[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*)|(?<mark>[,:<>()])/uy;
  while (pattern.lastIndex < sql.length) {
    const position = pattern.lastIndex;
    const groups = pattern.exec(sql)?.groups;
    if (groups === undefined) throw unreadable(sql, position);
    const token = tokenOf(groups, position);
    if (token !== undefined) tokens.push(token);
  }
  tokens.push({ kind: "end", value: "", position: sql.length });
  return tokens;
}

function tokenOf(
  groups: Readonly<Record<string, string | undefined>>,
  position: number,
): SqlToken | undefined {
  const { quoted, text, number, word, mark } = groups as Readonly<
    Partial<Record<"quoted" | "text" | "number" | "word" | "mark", string>>
  >;
  if (word !== undefined) return { kind: "word", value: word, position };
  if (mark !== undefined) return { kind: "mark", value: mark, position };
  if (number !== undefined) return { kind: "number", value: number, position };
  if (quoted !== undefined)
    return { kind: "quoted", value: quoted.replaceAll("``", "`"), position };
  if (text !== undefined) return { kind: "text", value: text.replaceAll("''", "'"), position };
  return undefined;
}

function unreadable(sql: string, position: number): DeltaError {
  const character = String.fromCodePoint(sql.codePointAt(position) ?? 0);
  const problem =
    character === "`" || character === "'"
      ? `the quote ${character} at position ${position} is not closed`
      : `${JSON.stringify(character)} at position ${position} is not expected; quote unusual column names with backquotes`;
  return new DeltaError("invalid_argument", `cannot read the column list: ${problem}`, {
    details: { position },
  });
}
