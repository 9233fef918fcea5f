// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { parseColumnList, parseSqlType } from "../../../src/schema/column-list.ts";
import { parseSchemaString, printSchemaString } from "../../../src/schema/schema-json.ts";
import {
  catalogTypeNameOf,
  catalogTypeOf,
  catalogTypeOfField,
  sqlOfField,
  sqlTypeOf,
} from "../../../src/schema/sql-type.ts";
import { arbitrarySchema } from "../../support/arbitrary-schema.ts";

function refusal(sql: string): string {
  try {
    parseColumnList(sql);
  } catch (error) {
    assert.ok(error instanceof DeltaError);
    assert.equal(error.code, "invalid_argument");
    return error.message;
  }
  return assert.fail(`${sql} was accepted`);
}

describe("column list", () => {
  test("reads every primitive type by each of its names", () => {
    const types: Record<string, string> = {
      STRING: "string",
      boolean: "boolean",
      TINYINT: "byte",
      Byte: "byte",
      SMALLINT: "short",
      SHORT: "short",
      INT: "integer",
      INTEGER: "integer",
      BIGINT: "long",
      LONG: "long",
      FLOAT: "float",
      REAL: "float",
      DOUBLE: "double",
      BINARY: "binary",
      DATE: "date",
      TIMESTAMP: "timestamp",
      TIMESTAMP_NTZ: "timestamp_ntz",
      VARIANT: "variant",
      DECIMAL: "decimal(10,0)",
      "DECIMAL(5)": "decimal(5,0)",
      "NUMERIC(38, 38)": "decimal(38,38)",
      "dec(9,2)": "decimal(9,2)",
    };
    for (const [sql, type] of Object.entries(types)) assert.equal(parseSqlType(sql), type, sql);
  });

  test("reads nested types, NOT NULL, comments and quoted names", () => {
    const schema = parseColumnList(
      "id BIGINT NOT NULL COMMENT 'it''s the key', `odd``name` struct<a: int not null, `b-c` array<map<string, decimal(4,1)>>>",
    );
    assert.deepEqual(schema, {
      type: "struct",
      fields: [
        { name: "id", type: "long", nullable: false, metadata: { comment: "it's the key" } },
        {
          name: "odd`name",
          nullable: true,
          metadata: {},
          type: {
            type: "struct",
            fields: [
              { name: "a", type: "integer", nullable: false, metadata: {} },
              {
                name: "b-c",
                nullable: true,
                metadata: {},
                type: {
                  type: "array",
                  containsNull: true,
                  elementType: {
                    type: "map",
                    keyType: "string",
                    valueType: "decimal(4,1)",
                    valueContainsNull: true,
                  },
                },
              },
            ],
          },
        },
      ],
    });
  });

  test("keeps the declared type of VARCHAR and CHAR in the column's metadata", () => {
    const schema = parseColumnList("a VARCHAR(10), b ARRAY<CHAR(2)> NOT NULL");
    assert.deepEqual(
      schema.fields.map((field) => [sqlTypeOf(field.type), catalogTypeOfField(field)]),
      [
        ["STRING", "varchar(10)"],
        ["ARRAY<STRING>", "array<char(2)>"],
      ],
    );
    assert.deepEqual(parseColumnList(schema.fields.map(sqlOfField).join(", ")), schema);
  });

  test("names what it expected, what it found and where", () => {
    assert.match(refusal("id"), /expected a type at position 2, found the end of the text/);
    assert.match(refusal("id BIGNT"), /expected a type at position 3, found "BIGNT"/);
    assert.match(refusal("id BIGINT name STRING"), /expected "," or the end at position 10/);
    assert.match(refusal("id BIGINT NOT"), /expected NULL at position 13/);
    assert.match(refusal("id BIGINT,"), /expected a column name at position 10/);
    assert.match(refusal("`id BIGINT"), /the quote ` at position 0 is not closed/);
    assert.match(refusal("a-b INT"), /"-" at position 1 is not expected; quote/);
    assert.match(refusal("a DECIMAL(39,0)"), /DECIMAL\(39,0\) is out of range/);
    assert.match(refusal("a DECIMAL(3,4)"), /DECIMAL\(3,4\) is out of range/);
    assert.match(refusal("a VARCHAR(0)"), /VARCHAR\(0\) must have room/);
    assert.match(refusal("a VARCHAR"), /expected "\(" at position 9/);
    assert.match(refusal("a ARRAY<INT"), /expected ">" at position 11/);
    assert.match(refusal(""), /expected a column name at position 0/);
  });

  test("refuses names that a Delta table cannot have", () => {
    assert.match(refusal("Id INT, iD STRING"), /"iD" differs only in case from "Id"/);
    assert.match(refusal("a INT, a INT"), /"a" is declared twice/);
    assert.match(refusal("`` INT"), /a column name is empty/);
    assert.match(refusal("`a b` INT"), /character " " in its name/);
    assert.match(refusal("s STRUCT<`x=y`: INT>"), /"s\.x=y" has the character "="/);
    assert.match(refusal("s STRUCT<>"), /"s" is a struct without fields/);
    assert.match(refusal("m MAP<VARIANT, INT>"), /map key of type MAP or VARIANT/);
  });

  test("refuses types nested without end", () => {
    assert.match(refusal(`a ${"ARRAY<".repeat(5000)}INT${">".repeat(5000)}`), /fewer nested types/);
  });

  test("prints types for catalogs", () => {
    const type = parseSqlType("STRUCT<a: BIGINT, b: MAP<STRING, DECIMAL(10,2)>>");
    assert.equal(sqlTypeOf(type), "STRUCT<a: BIGINT, b: MAP<STRING, DECIMAL(10,2)>>");
    assert.equal(catalogTypeOf(type), "struct<a:bigint,b:map<string,decimal(10,2)>>");
    assert.deepEqual(
      ["integer", "long", "decimal(3,1)"].map((name) => catalogTypeNameOf(name as "long")),
      ["INT", "LONG", "DECIMAL"],
    );
    assert.equal(catalogTypeNameOf(type), "STRUCT");
  });

  test("reads back every schema from its SQL and from its JSON", () => {
    fc.assert(
      fc.property(arbitrarySchema(), (schema) => {
        assert.deepEqual(parseColumnList(schema.fields.map(sqlOfField).join(", ")), schema);
        assert.deepEqual(parseSchemaString(printSchemaString(schema)), schema);
        for (const field of schema.fields) {
          assert.deepEqual(parseSqlType(sqlTypeOf(field.type)), field.type);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("answers any text with a schema or an invalid_argument", () => {
    const word = fc.constantFrom(
      "INT",
      "STRUCT<",
      "ARRAY<",
      ">",
      ",",
      "(",
      ")",
      "`",
      "'",
      "a",
      "NOT",
      "NULL",
      ":",
      "9",
      "DECIMAL",
      "COMMENT",
      "\u0000",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(word).map((words) => words.join(" ")),
        ),
        (sql) => {
          try {
            parseColumnList(sql);
          } catch (error) {
            assert.ok(error instanceof DeltaError, String(error));
            assert.equal(error.code, "invalid_argument");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
