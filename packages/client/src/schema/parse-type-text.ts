// SPDX-License-Identifier: Apache-2.0
import { MAX_TYPE_DEPTH, parameterizedTypeOf, simpleTypeOf } from "./simple-types.ts";
import type { Column, ColumnType } from "./table-schema.ts";

/**
 * Reads a type as catalogs write it (`type_text` of Unity Catalog) or as SQL, regardless of case:
 *
 *     type   := word ["(" number ["," number] ")"] ["COLLATE" word]
 *             | "ARRAY" "<" type ">" | "MAP" "<" type "," type ">" | "STRUCT" "<" [field ("," field)*] ">"
 *     field  := name [":"] type ["NOT" "NULL"] ["COMMENT" "'" text "'"]
 *     name   := "`" text "`" | anything up to a colon | word
 *
 * Elements and values may be null, since the text does not say.
 * @returns a text that says what is wrong where it is not such a type
 */
export function parseTypeText(text: string): ColumnType | string {
  const parser = new TypeTextParser(text);
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof UnreadableType) return error.message;
    throw error;
  }
}

class UnreadableType extends Error {}

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /\d{1,9}/y;
const QUOTED_NAME = /`((?:[^`]|``)*)`/y;
const NAME_BEFORE_COLON = /([^:<>(),`]+):/y;
const COMMENT = /'((?:[^'\\]|''|\\[^])*)'/y;
const SPACE = /\s*/y;

class TypeTextParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ColumnType {
    const type = this.#type();
    if (this.#at < this.#text.length) throw this.#unexpected("the end");
    return type;
  }

  #type(): ColumnType {
    if (this.#depth >= MAX_TYPE_DEPTH) {
      throw new UnreadableType(`it nests more than ${MAX_TYPE_DEPTH} types`);
    }
    this.#depth++;
    const type = this.#typeInside();
    this.#depth--;
    return type;
  }

  #typeInside(): ColumnType {
    this.#take(SPACE);
    const start = this.#at;
    const word = this.#take(WORD)?.[0];
    if (word === undefined) throw this.#unexpected("a type");
    switch (word.toLowerCase()) {
      case "array":
        return this.#array();
      case "map":
        return this.#map();
      case "struct":
        return this.#struct();
      default:
    }
    const type = this.#takeMark("(")
      ? parameterizedTypeOf(word, this.#parameters())
      : simpleTypeOf(word);
    if (type === undefined) {
      throw new UnreadableType(`${JSON.stringify(this.#text.slice(start, this.#at))} is unknown`);
    }
    if (type.kind === "string" && this.#takeWord("COLLATE")) {
      if (this.#take(WORD) === undefined) throw this.#unexpected("a collation");
      this.#take(SPACE);
    }
    return type;
  }

  #array(): ColumnType {
    this.#expectMark("<");
    const element = this.#type();
    this.#expectMark(">");
    return { kind: "array", element, containsNull: true };
  }

  #map(): ColumnType {
    this.#expectMark("<");
    const key = this.#type();
    this.#expectMark(",");
    const value = this.#type();
    this.#expectMark(">");
    return { kind: "map", key, value, valueContainsNull: true };
  }

  #struct(): ColumnType {
    this.#expectMark("<");
    const fields: Column[] = [];
    while (!this.#takeMark(">")) {
      if (fields.length > 0) this.#expectMark(",");
      fields.push(this.#field());
    }
    return { kind: "struct", fields };
  }

  #field(): Column {
    const name = this.#name();
    const type = this.#type();
    let nullable = true;
    if (this.#takeWord("NOT")) {
      if (!this.#takeWord("NULL")) throw this.#unexpected("NULL");
      nullable = false;
    }
    if (!this.#takeWord("COMMENT")) return { name, type, nullable };
    const comment = this.#take(COMMENT)?.[1];
    if (comment === undefined) throw this.#unexpected("a comment in quotes");
    this.#take(SPACE);
    return { name, type, nullable, comment: comment.replaceAll("''", "'") };
  }

  #name(): string {
    this.#take(SPACE);
    const quoted = this.#take(QUOTED_NAME)?.[1];
    if (quoted !== undefined) {
      this.#takeMark(":");
      return quoted.replaceAll("``", "`");
    }
    const name = (this.#take(NAME_BEFORE_COLON)?.[1] ?? this.#take(WORD)?.[0])?.trim();
    if (name === undefined || name === "") throw this.#unexpected("a field's name");
    return name;
  }

  #parameters(): number[] {
    const numbers: number[] = [];
    do {
      this.#take(SPACE);
      const digits = this.#take(NUMBER)?.[0];
      if (digits === undefined) throw this.#unexpected("a number");
      numbers.push(Number(digits));
    } while (this.#takeMark(","));
    this.#expectMark(")");
    return numbers;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #takeMark(mark: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    this.#take(SPACE);
    return true;
  }

  #takeWord(word: string): boolean {
    this.#take(SPACE);
    const start = this.#at;
    if (this.#take(WORD)?.[0].toUpperCase() === word) {
      this.#take(SPACE);
      return true;
    }
    this.#at = start;
    return false;
  }

  #expectMark(mark: string): void {
    if (!this.#takeMark(mark)) throw this.#unexpected(JSON.stringify(mark));
  }

  #unexpected(expected: string): UnreadableType {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    const found = rest === "" ? "the end" : JSON.stringify(rest);
    return new UnreadableType(`expected ${expected} at character ${this.#at}, found ${found}`);
  }
}
