// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fetchTableSchema, type TableSchema, ZerobusError } from "@sluice/client";
import { parseTypeJson } from "../../../src/schema/parse-type-json.ts";
import { parseTypeText } from "../../../src/schema/parse-type-text.ts";
import { sqlTypeText } from "../../../src/schema/table-schema.ts";
import { failsWith, TABLE } from "./support.ts";

const MANAGED = { table_type: "MANAGED", data_source_format: "DELTA" };

/** What is made of an answer of the catalog. */
function fetched(answer: unknown, status = 200, token = "secret"): Promise<TableSchema> {
  return fetchTableSchema({
    unityCatalogUrl: "https://host.test/base/",
    table: TABLE,
    token: async () => token,
    get: async (url, headers) => {
      assert.equal(url.href, `https://host.test/base/api/2.1/unity-catalog/tables/${TABLE}`);
      assert.equal(headers["authorization"], `Bearer ${token}`);
      return { status, body: typeof answer === "string" ? answer : JSON.stringify(answer) };
    },
  });
}

describe("the text of a type", () => {
  const texts: readonly [string, string][] = [
    ["bigint", "BIGINT"],
    ["decimal", "DECIMAL(10,0)"],
    ["DECIMAL( 38 , 6 )", "DECIMAL(38,6)"],
    ["varchar(10)", "VARCHAR(10)"],
    ["string collate UTF8_LCASE", "STRING"],
    ["timestamp_ntz", "TIMESTAMP_NTZ"],
    [
      "map<string,array<struct<a:int,`b``c`:decimal(4,1)>>>",
      "MAP<STRING, ARRAY<STRUCT<a: INT, `b``c`: DECIMAL(4,1)>>>",
    ],
    [
      "struct<my col:int NOT NULL COMMENT 'it''s',b:variant>",
      "STRUCT<`my col`: INT NOT NULL, b: VARIANT>",
    ],
    ["struct<a INT, b: date>", "STRUCT<a: INT, b: DATE>"],
    ["struct<>", "STRUCT<>"],
  ];
  for (const [text, sql] of texts) {
    it(`${text} is ${sql}`, () => {
      const type = parseTypeText(text);
      assert.ok(typeof type === "object", JSON.stringify(type));
      assert.equal(sqlTypeText(type), sql);
    });
  }

  for (const text of [
    "",
    "interval day",
    "decimal(39,0)",
    "array<int",
    "map<int>",
    "int>",
    "struct<a>",
    "void",
    "varchar",
    "varchar(0)",
    "decimal(2,3)",
    "array<".repeat(200),
  ]) {
    it(`${JSON.stringify(text.slice(0, 20))} is refused with a reason`, () => {
      assert.equal(typeof parseTypeText(text), "string");
    });
  }
});

describe("the JSON form of a type", () => {
  it("is read alone and as a field, with what Spark keeps in its metadata", () => {
    const field = {
      name: "f",
      type: {
        type: "struct",
        fields: [
          {
            name: "code",
            type: "string",
            nullable: false,
            metadata: { __CHAR_VARCHAR_TYPE_STRING: "char(3)", comment: "c" },
          },
          {
            name: "xs",
            type: { type: "array", elementType: "decimal(5,2)", containsNull: false },
            nullable: true,
            metadata: {},
          },
        ],
      },
      nullable: false,
      metadata: { comment: "hello" },
    };
    const read = parseTypeJson(JSON.stringify(field));
    assert.ok(typeof read === "object");
    assert.equal(sqlTypeText(read.type), "STRUCT<code: CHAR(3) NOT NULL, xs: ARRAY<DECIMAL(5,2)>>");
    assert.equal(read.nullable, false);
    assert.equal(read.comment, "hello");
    const alone = parseTypeJson(JSON.stringify(field.type));
    assert.ok(typeof alone === "object");
    assert.deepEqual(alone.type, read.type);
  });

  it("is refused with the part that is unknown", () => {
    const type = {
      type: "struct",
      fields: [{ name: "a", type: { type: "array", elementType: "geography" } }],
    };
    assert.match(
      JSON.stringify(parseTypeJson(JSON.stringify({ name: "c", type }))),
      /a\.element\W+ has the unknown type \W+geography/,
    );
    assert.equal(parseTypeJson("{"), "it is not JSON");
  });
});

describe("fetching a table's schema", () => {
  it("takes columns in the order of their positions, from type_json or else type_text", async () => {
    const schema = await fetched({
      ...MANAGED,
      columns: [
        { name: "b", type_text: "varchar(5)", type_json: '"string"', position: 1, nullable: true },
        {
          name: "a",
          type_json: '{"name":"a","type":"long","nullable":false,"metadata":{}}',
          position: 0,
        },
        {
          name: "c",
          type_text: "struct<x:double>",
          position: 2,
          nullable: false,
          comment: "place",
        },
      ],
    });
    assert.deepEqual(schema, {
      table: TABLE,
      columns: [
        { name: "a", type: { kind: "long" }, nullable: false },
        { name: "b", type: { kind: "varchar", maxCharacters: 5 }, nullable: true },
        {
          name: "c",
          type: {
            kind: "struct",
            fields: [{ name: "x", type: { kind: "double" }, nullable: true }],
          },
          nullable: false,
          comment: "place",
        },
      ],
    });
  });

  const refused: readonly [string, unknown, number, string, RegExp][] = [
    ["a table that is not there", { message: "no such table" }, 404, "not_found", /no such table/],
    [
      "a token without grants",
      { message: "no USE SCHEMA" },
      403,
      "permission_denied",
      /needs SELECT/,
    ],
    ["a bad token", "", 401, "unauthenticated", /access token/],
    ["a busy catalog", "", 429, "resource_exhausted", /slow down/],
    ["a catalog that is down", "<html>", 502, "unavailable", /502/],
    ["a page that is not JSON", "<html>", 200, "internal", /names no columns/],
    [
      "an external table",
      { table_type: "EXTERNAL", data_source_format: "DELTA", columns: [] },
      200,
      "unimplemented",
      /EXTERNAL DELTA/,
    ],
    ["a view", { table_type: "VIEW", columns: [] }, 200, "unimplemented", /is VIEW/],
    [
      "an Iceberg table",
      { table_type: "MANAGED", data_source_format: "ICEBERG", columns: [] },
      200,
      "unimplemented",
      /MANAGED ICEBERG/,
    ],
    ["no columns", { ...MANAGED, columns: [] }, 200, "internal", /no columns/],
    [
      "a column without a name",
      { ...MANAGED, columns: [{}] },
      200,
      "internal",
      /no name for column 0/,
    ],
    [
      "a column of an unknown type",
      {
        ...MANAGED,
        columns: [{ name: "g", type_text: "geography(4326)", type_json: '"geography(4326)"' }],
      },
      200,
      "unimplemented",
      /Column "g" of table main\.test\.readings is of type "geography\(4326\)"/,
    ],
  ];
  for (const [what, answer, status, code, text] of refused) {
    it(`says so about ${what}`, async () => {
      await assert.rejects(fetched(answer, status), failsWith(code, text));
    });
  }

  it("keeps the token that a catalog repeats out of its error", async () => {
    const answer = { message: "opaque is no good, nor is Bearer opaque" };
    await assert.rejects(fetched(answer, 401, "opaque"), (error: unknown) => {
      assert.ok(error instanceof ZerobusError);
      assert.doesNotMatch(JSON.stringify([error.message, error.details]), /opaque/);
      assert.match(error.message, /is no good/);
      return true;
    });
  });

  it("refuses a table's name that is none before asking", async () => {
    await assert.rejects(
      fetchTableSchema({ unityCatalogUrl: "https://host.test", table: "t" }),
      failsWith("invalid_argument", /three non-empty parts/),
    );
  });
});
