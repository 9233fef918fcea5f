// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { MAX_TYPE_DEPTH } from "./schema-json.ts";
import { CHAR_VARCHAR_METADATA_KEY, quoteName } from "./sql-type.ts";
import { type SqlToken, tokenizeSql } from "./sql-tokens.ts";
import { isDecimalInRange, MAX_DECIMAL_PRECISION, SQL_NAMES } from "./type-names.ts";
import type {
  DataType,
  DecimalTypeName,
  PrimitiveTypeName,
  StructField,
  StructType,
} from "./types.ts";
import { validateTableSchema } from "./validate-schema.ts";

/**
 * Reads the columns of a `CREATE TABLE` statement:
 *
 *     columns := column ("," column)*
 *     column  := name type ["NOT" "NULL"] ["COMMENT" text]
 *     type    := primitive | ("DECIMAL" | "NUMERIC" | "DEC") ["(" p ["," s] ")"] | ("VARCHAR" | "CHAR") "(" n ")"
 *              | "ARRAY" "<" type ">" | "MAP" "<" type "," type ">" | "STRUCT" "<" [field ("," field)*] ">"
 *     field   := name [":"] type ["NOT" "NULL"] ["COMMENT" text]
 *
 * Words are read regardless of case; DECIMAL alone is DECIMAL(10,0).
 * @param isMapped whether they are for a table that maps column names, so that any character may be in them.
 * @throws DeltaError `invalid_argument` with what was expected and where, or naming the column that cannot be.
 */
export function parseColumnList(sql: string, isMapped = false): StructType {
  const parser = new ColumnListParser(tokenizeSql(sql));
  const schema: StructType = { type: "struct", fields: parser.columns() };
  validateTableSchema(schema, isMapped);
  return schema;
}

/**
 * Reads a single type; VARCHAR(n) and CHAR(n) become STRING.
 * @throws DeltaError `invalid_argument` with what was expected and where.
 */
export function parseSqlType(sql: string): DataType {
  return new ColumnListParser(tokenizeSql(sql)).onlyType();
}

const TYPES_BY_SQL_NAME: ReadonlyMap<string, PrimitiveTypeName> = new Map(
  (Object.keys(SQL_NAMES) as PrimitiveTypeName[]).flatMap((type) =>
    SQL_NAMES[type].map((name): [string, PrimitiveTypeName] => [name, type]),
  ),
);

/** A type and how it was declared; the two differ where VARCHAR or CHAR is in it. */
interface DeclaredType {
  readonly type: DataType;
  readonly catalogText: string;
  readonly hasCharVarchar: boolean;
}

class ColumnListParser {
  readonly #tokens: readonly SqlToken[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly SqlToken[]) {
    this.#tokens = tokens;
  }

  columns(): StructField[] {
    const fields: StructField[] = [];
    do {
      const name = this.#name("a column name");
      const declared = this.#type();
      const field = this.#constraints(name, declared.type);
      fields.push(declared.hasCharVarchar ? withDeclaredType(field, declared.catalogText) : field);
    } while (this.#takeMark(","));
    this.#expectEnd(`"," or the end`);
    return fields;
  }

  onlyType(): DataType {
    const { type } = this.#type();
    this.#expectEnd("the end");
    return type;
  }

  #type(): DeclaredType {
    if (this.#depth >= MAX_TYPE_DEPTH) throw this.#unexpected("fewer nested types");
    this.#depth += 1;
    const declared = this.#typeInside();
    this.#depth -= 1;
    return declared;
  }

  #typeInside(): DeclaredType {
    const token = this.#peek();
    if (token.kind !== "word") throw this.#unexpected("a type");
    this.#next += 1;
    const word = token.value.toUpperCase();
    const primitive = TYPES_BY_SQL_NAME.get(word);
    if (primitive !== undefined) return plain(primitive, SQL_NAMES[primitive][0].toLowerCase());
    switch (word) {
      case "DECIMAL":
      case "NUMERIC":
      case "DEC":
        return this.#decimal(token);
      case "VARCHAR":
      case "CHAR":
        return this.#charVarchar(word.toLowerCase(), token);
      case "ARRAY":
        return this.#array();
      case "MAP":
        return this.#map();
      case "STRUCT":
        return this.#struct();
      default:
        this.#next -= 1;
        throw this.#unexpected("a type");
    }
  }

  #decimal(token: SqlToken): DeclaredType {
    let precision = 10;
    let scale = 0;
    if (this.#takeMark("(")) {
      precision = this.#number();
      if (this.#takeMark(",")) scale = this.#number();
      this.#expectMark(")");
    }
    if (!isDecimalInRange(precision, scale)) {
      throw invalid(
        token,
        `DECIMAL(${precision},${scale}) is out of range: the precision is 1 to ${MAX_DECIMAL_PRECISION}, the scale 0 to the precision`,
      );
    }
    const name: DecimalTypeName = `decimal(${precision},${scale})`;
    return plain(name, name);
  }

  #charVarchar(word: string, token: SqlToken): DeclaredType {
    this.#expectMark("(");
    const length = this.#number();
    this.#expectMark(")");
    if (length < 1) throw invalid(token, `${word.toUpperCase()}(${length}) must have room for 1`);
    return { type: "string", catalogText: `${word}(${length})`, hasCharVarchar: true };
  }

  #array(): DeclaredType {
    this.#expectMark("<");
    const element = this.#type();
    this.#expectMark(">");
    return {
      type: { type: "array", elementType: element.type, containsNull: true },
      catalogText: `array<${element.catalogText}>`,
      hasCharVarchar: element.hasCharVarchar,
    };
  }

  #map(): DeclaredType {
    this.#expectMark("<");
    const key = this.#type();
    this.#expectMark(",");
    const value = this.#type();
    this.#expectMark(">");
    return {
      type: { type: "map", keyType: key.type, valueType: value.type, valueContainsNull: true },
      catalogText: `map<${key.catalogText},${value.catalogText}>`,
      hasCharVarchar: key.hasCharVarchar || value.hasCharVarchar,
    };
  }

  #struct(): DeclaredType {
    this.#expectMark("<");
    const fields: StructField[] = [];
    const texts: string[] = [];
    let hasCharVarchar = false;
    while (!this.#takeMark(">")) {
      if (fields.length > 0) this.#expectMark(",");
      const name = this.#name("a field name");
      this.#takeMark(":");
      const declared = this.#type();
      fields.push(this.#constraints(name, declared.type));
      texts.push(`${quoteName(name)}:${declared.catalogText}`);
      hasCharVarchar ||= declared.hasCharVarchar;
    }
    return {
      type: { type: "struct", fields },
      catalogText: `struct<${texts.join(",")}>`,
      hasCharVarchar,
    };
  }

  #constraints(name: string, type: DataType): StructField {
    let nullable = true;
    if (this.#takeWord("NOT")) {
      if (!this.#takeWord("NULL")) throw this.#unexpected("NULL");
      nullable = false;
    }
    const metadata: Record<string, unknown> = {};
    if (this.#takeWord("COMMENT")) {
      const token = this.#peek();
      if (token.kind !== "text") throw this.#unexpected("a comment in single quotes");
      this.#next += 1;
      metadata["comment"] = token.value;
    }
    return { name, type, nullable, metadata };
  }

  #name(expected: string): string {
    const token = this.#peek();
    if (token.kind !== "word" && token.kind !== "quoted") throw this.#unexpected(expected);
    this.#next += 1;
    return token.value;
  }

  #number(): number {
    const token = this.#peek();
    const value = Number(token.value);
    if (token.kind !== "number" || value > 0x7fff_ffff) {
      throw this.#unexpected("a number from 0 to 2147483647");
    }
    this.#next += 1;
    return value;
  }

  #takeWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== "word" || token.value.toUpperCase() !== word) return false;
    this.#next += 1;
    return true;
  }

  #takeMark(mark: string): boolean {
    const token = this.#peek();
    if (token.kind !== "mark" || token.value !== mark) return false;
    this.#next += 1;
    return true;
  }

  #expectMark(mark: string): void {
    if (!this.#takeMark(mark)) throw this.#unexpected(JSON.stringify(mark));
  }

  #expectEnd(expected: string): void {
    if (this.#peek().kind !== "end") throw this.#unexpected(expected);
  }

  #peek(): SqlToken {
    return this.#tokens[this.#next] as SqlToken;
  }

  #unexpected(expected: string): DeltaError {
    const token = this.#peek();
    const found = token.kind === "end" ? "the end of the text" : JSON.stringify(token.value);
    return invalid(token, `expected ${expected} at position ${token.position}, found ${found}`);
  }
}

function plain(type: DataType, catalogText: string): DeclaredType {
  return { type, catalogText, hasCharVarchar: false };
}

function withDeclaredType(field: StructField, catalogText: string): StructField {
  return { ...field, metadata: { ...field.metadata, [CHAR_VARCHAR_METADATA_KEY]: catalogText } };
}

function invalid(token: SqlToken, problem: string): DeltaError {
  return new DeltaError("invalid_argument", `cannot read the column list: ${problem}`, {
    details: { position: token.position },
  });
}
