// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError, type DeltaErrorCode } from "../../../src/delta-error.ts";
import { parseSchemaString } from "../../../src/schema/schema-json.ts";

function refusesWith(schema: unknown, code: DeltaErrorCode, message: RegExp): void {
  const text = typeof schema === "string" ? schema : JSON.stringify(schema);
  assert.throws(
    () => parseSchemaString(text),
    (error) => {
      assert.ok(error instanceof DeltaError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
}

const struct = (...fields: unknown[]): unknown => ({ type: "struct", fields });
const field = (name: string, type: unknown, extra: object = {}): unknown => ({
  name,
  type,
  nullable: true,
  metadata: {},
  ...extra,
});

describe("schema JSON", () => {
  test("keeps the metadata of columns and ignores unknown keys", () => {
    const schema = parseSchemaString(
      JSON.stringify({
        ...(struct(field("a", "long", { metadata: { x: [1] }, later: 1 })) as object),
        more: true,
      }),
    );
    assert.deepEqual(schema, {
      type: "struct",
      fields: [{ name: "a", type: "long", nullable: true, metadata: { x: [1] } }],
    });
  });

  test("names the column whose type is unknown", () => {
    refusesWith(
      struct(field("a", "interval year")),
      "unsupported",
      /column "a" has type "interval year"/,
    );
    refusesWith(
      struct(field("a", "decimal(39,1)")),
      "unsupported",
      /column "a" has type "decimal\(39,1\)"/,
    );
    const nested = struct(
      field("s", struct(field("l", { type: "array", elementType: "void", containsNull: true }))),
    );
    refusesWith(nested, "unsupported", /column "s\.l\.element" has type "void"/);
    refusesWith(
      struct(field("u", { type: "udt", class: "x" })),
      "unsupported",
      /column "u" has type "udt"/,
    );
  });

  test("names the column that is malformed", () => {
    refusesWith("{", "invalid_argument", /the schema is not valid JSON/);
    refusesWith('"long"', "invalid_argument", /the schema must be of type "struct"/);
    refusesWith({ type: "struct" }, "invalid_argument", /the schema has no list "fields"/);
    refusesWith(struct({ type: "long", nullable: true }), "invalid_argument", /no name in field 0/);
    refusesWith(
      struct(field("a", "long", { nullable: "yes" })),
      "invalid_argument",
      /column "a" has nullable "yes"/,
    );
    refusesWith(
      struct(field("a", null)),
      "invalid_argument",
      /column "a" has null where a type belongs/,
    );
    refusesWith(
      struct(field("a", { type: "array", elementType: "long" })),
      "invalid_argument",
      /"a" has containsNull undefined/,
    );
    refusesWith(
      struct(field("a", "long", { metadata: 1 })),
      "invalid_argument",
      /column "a" has metadata 1/,
    );
  });

  test("refuses types nested without end", () => {
    const depth = 3000;
    const open = '{"type":"array","containsNull":true,"elementType":'.repeat(depth);
    refusesWith(
      `{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":${open}"long"${"}".repeat(depth)}}]}`,
      "invalid_argument",
      /nests more than 100 types/,
    );
  });
});
