// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileProtoEncoder, descriptorOfSchema, protoFileOf, typeScriptOf } from "@sluice/client";
import protobuf from "protobufjs";
import {
  arrayOf,
  column,
  DECIMAL,
  decoded,
  failsWith,
  mapOf,
  schemaOf,
  structOf,
  typeOfDescriptor,
} from "./support.ts";

const SCHEMA = schemaOf(
  { ...column("id", "long", false), comment: "first\nsecond */ end" },
  column("price", DECIMAL),
  column("numbers", arrayOf({ kind: "integer" })),
  column("place", structOf(column("x", "double", false), column("at", "timestamp"))),
  column("points", arrayOf(structOf(column("x", "double")))),
  column("by_name", mapOf({ kind: "string" }, structOf(column("n", "integer")))),
  column("doc", "variant"),
);

describe("protoFileOf", () => {
  it("writes a file that describes the same message as the descriptor", () => {
    const text = protoFileOf(SCHEMA, { packageName: "acme.events" });
    const { root } = protobuf.parse(text, { keepCase: true });
    root.resolveAll();
    const parsed = root.lookupType("acme.events.table_readings");
    const described = typeOfDescriptor(descriptorOfSchema(SCHEMA));
    const shapeOf = (type: protobuf.Type): unknown =>
      type.fieldsArray.map((field) => [
        field.id,
        field.name,
        field.type.split(".").at(-1),
        field.repeated || field.map,
        field.required,
        field.packed,
      ]);
    assert.deepEqual(shapeOf(parsed), shapeOf(described));
    const record = {
      id: 1,
      numbers: [1, 2],
      place: { x: 1 },
      points: [{ x: 2 }],
      by_name: { k: { n: 3 } },
      doc: "d",
    };
    const bytes = compileProtoEncoder(SCHEMA).encode(record);
    assert.deepEqual(decoded(parsed, bytes), { ...record, id: "1", doc: '"d"' });
    assert.match(text, /^ {2}\/\/ first second \*\/ end$/m);
  });

  it("refuses names that protobuf does not have, and packages that are none", () => {
    const schema = schemaOf(column("s", structOf(column("a b; }", "string"))));
    assert.throws(
      () => protoFileOf(schema),
      failsWith("unimplemented", /cannot stand in a \.proto file/, "s.a b; }"),
    );
    assert.throws(
      () => protoFileOf(SCHEMA, { packageName: "a;b" }),
      failsWith("invalid_argument", /package name/),
    );
  });
});

describe("typeScriptOf", () => {
  it("writes the values that the encoders take", () => {
    assert.equal(
      typeScriptOf(SCHEMA),
      `/** A record of the table main.test.readings. */
export interface Readings {
  /** BIGINT NOT NULL. first second *\\/ end */
  id: number | bigint | string;
  /** DECIMAL(9,2). */
  price?: string | number | bigint | null;
  /** ARRAY<INT>. */
  numbers?: readonly (number | bigint | null)[] | null;
  /** STRUCT<x: DOUBLE NOT NULL, at: TIMESTAMP>. */
  place?: {
    /** DOUBLE NOT NULL. */
    x: number;
    /** TIMESTAMP. */
    at?: Date | number | bigint | string | null;
  } | null;
  /** ARRAY<STRUCT<x: DOUBLE>>. */
  points?: readonly ({
    /** DOUBLE. */
    x?: number | null;
  } | null)[] | null;
  /** MAP<STRING, STRUCT<n: INT>>. */
  by_name?: ReadonlyMap<string, {
    /** INT. */
    n?: number | bigint | null;
  } | null> | { readonly [key: string]: {
    /** INT. */
    n?: number | bigint | null;
  } | null } | null;
  /** VARIANT. */
  doc?: JsonValue | null;
}

/** A value that JSON has. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
`,
    );
  });

  it("quotes names, so that none can end what it stands in", () => {
    const names = ["a b", '"; }\n*/', "__proto__", "\u2028", "1st"];
    const text = typeScriptOf(schemaOf(...names.map((name) => column(name, "boolean"))), {
      name: "R",
    });
    const keys = text
      .split("\n")
      .flatMap((line) => /^ {2}(.*)\?: boolean \| null;$/.exec(line)?.[1] ?? []);
    assert.deepEqual(keys, ['"a b"', '"\\"; }\\n*/"', '["__proto__"]', '"\\u2028"', '"1st"']);
    assert.throws(
      () => typeScriptOf(SCHEMA, { name: "a b" }),
      failsWith("invalid_argument", /not a type's name/),
    );
    const named = typeScriptOf({ ...SCHEMA, table: "a.b.1*/\n" });
    assert.match(
      named,
      /^\/\*\* A record of the table a\.b\.1\*\\\/\. \*\/\nexport interface M1 \{/,
    );
  });
});
