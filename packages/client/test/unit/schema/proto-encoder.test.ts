// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileProtoEncoder, descriptorOfSchema } from "@sluice/client";
import { messageOfSchema } from "../../../src/schema/descriptor/message-of-schema.ts";
import { protoEncoderOf } from "../../../src/schema/encode/proto-encoder.ts";
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

const EVERY_TYPE = schemaOf(
  column("id", "long", false),
  column("name", "string"),
  column("code", { kind: "varchar", maxCharacters: 3 }),
  column("tiny", "byte"),
  column("small", "short"),
  column("whole", "integer"),
  column("f", "float"),
  column("d", "double"),
  column("price", DECIMAL),
  column("raw", "binary"),
  column("ok", "boolean"),
  column("day", "date"),
  column("at", "timestamp"),
  column("local", "timestamp_ntz"),
  column("doc", "variant"),
  column(
    "place",
    structOf(column("x", "double", false), column("inner", structOf(column("n", "integer")))),
  ),
  column("tags", arrayOf({ kind: "string" })),
  column("numbers", arrayOf({ kind: "long" })),
  column("points", arrayOf(structOf(column("x", "double", false)))),
  column("counts", mapOf({ kind: "string" }, DECIMAL)),
  column("flags", mapOf({ kind: "boolean" }, structOf(column("v", "integer")))),
);

for (const kind of ["generated", "interpreted"] as const) {
  describe(`a ${kind} encoder`, () => {
    const encoder = protoEncoderOf<unknown>(messageOfSchema(EVERY_TYPE), {}, kind);
    const type = typeOfDescriptor(encoder.descriptor as Uint8Array);
    const roundTrip = (record: unknown): Record<string, unknown> =>
      decoded(type, encoder.encode(record));

    it("writes a value of every type", () => {
      const record = {
        id: 2n ** 63n - 1n,
        name: "a\u{1f600}".repeat(50),
        code: "äö\u{1f600}",
        tiny: -128,
        small: 32_767,
        whole: -1,
        f: 1.5,
        d: Number.NEGATIVE_INFINITY,
        price: "-12345.60",
        raw: Uint8Array.of(0, 255),
        ok: false,
        day: "2024-02-29",
        at: new Date("2024-02-29T10:00:00.123Z"),
        local: "2024-02-29 10:00:00.123456",
        doc: { a: [1, null, "x"], b: undefined },
        place: { x: -0.5, inner: { n: 7 } },
        tags: ["", "b"],
        numbers: [1, -1n, "9007199254740993"],
        points: [{ x: 1 }, { x: 2 }],
        counts: new Map([["k", 2.5]]),
        flags: { true: { v: 1 }, false: {} },
      };
      assert.deepEqual(roundTrip(record), {
        ...record,
        id: "9223372036854775807",
        raw: [0, 255],
        day: 19_782,
        at: "1709200800123000",
        local: "1709200800123456",
        doc: '{"a":[1,null,"x"]}',
        numbers: ["1", "-1", "9007199254740993"],
        counts: { k: "2.5" },
      });
    });

    it("leaves out what is undefined or null", () => {
      assert.deepEqual(roundTrip({ id: 1, name: undefined, d: null, tags: [], counts: {} }), {
        id: "1",
      });
    });

    const longs: readonly (readonly [unknown, string])[] = [
      [0, "0"],
      [-0, "0"],
      [127, "127"],
      [-1, "-1"],
      [2 ** 31, "2147483648"],
      [2 ** 32 + 5, "4294967301"],
      [-(2 ** 31) - 1, "-2147483649"],
      [Number.MAX_SAFE_INTEGER, "9007199254740991"],
      [Number.MIN_SAFE_INTEGER, "-9007199254740991"],
      [-(2n ** 63n), "-9223372036854775808"],
      ["+17", "17"],
      [{ low: -1, high: -1, unsigned: false }, "-1"],
    ];
    for (const [value, text] of longs) {
      it(`writes ${JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? `${member}n` : member))} as BIGINT ${text}`, () => {
        assert.equal(roundTrip({ id: value })["id"], text);
      });
    }

    const times: readonly (readonly [unknown, string])[] = [
      ["0001-01-01T00:00:00Z", "-62135596800000000"],
      ["9999-12-31T23:59:59.999999Z", "253402300799999999"],
      ["2024-02-29T10:00+05:30", "1709181000000000"],
      [new Date("9999-12-31T23:59:59.999Z"), "253402300799999000"],
      [new Date(-1), "-1000"],
      [1, "1"],
      [-62_135_596_800_000_000n, "-62135596800000000"],
    ];
    for (const [value, micros] of times) {
      it(`writes ${String(value)} as TIMESTAMP ${micros}`, () => {
        assert.equal(roundTrip({ id: 1, at: value })["at"], micros);
      });
    }

    const refused: readonly (readonly [string, unknown, string | undefined, RegExp])[] = [
      ["no object", "text", undefined, /expected an object.*not the string "text"/],
      ["null", null, undefined, /not null/],
      ["an array", [], undefined, /not an array/],
      ["a Map", new Map([["id", 1]]), undefined, /not an object of class Map/],
      [
        "a NOT NULL column without a value",
        {},
        "id",
        /has no value for it, and the column is NOT NULL/,
      ],
      ["null in a NOT NULL column", { id: null }, "id", /it is null/],
      ["an unknown key", { id: 1, nmae: "x" }, "nmae", /no such column.*the string "x"/],
      ["an unknown key of a struct", { id: 1, place: { x: 1, z: 1 } }, "place.z", /no such column/],
      ["a number beyond 2^53", { id: 2 ** 53 }, "id", /whole number of 64 bits/],
      ["a bigint beyond 64 bits", { id: 2n ** 63n }, "id", /not the bigint 9223372036854775808/],
      ["a fraction", { id: 1.5 }, "id", /not the number 1.5/],
      [
        "text in a number",
        { id: 1, whole: "1" },
        "whole",
        /from -2147483648 to 2147483647, not the string "1"/,
      ],
      ["a TINYINT out of range", { id: 1, tiny: 128 }, "tiny", /from -128 to 127/],
      ["an INT that is NaN", { id: 1, whole: Number.NaN }, "whole", /not the number NaN/],
      ["a FLOAT out of range", { id: 1, f: 1e39 }, "f", /range of FLOAT/],
      ["a number in text", { id: 1, name: 5 }, "name", /expected a string, not the number 5/],
      ["half of a surrogate pair", { id: 1, name: "a\ud83d" }, "name", /surrogate/],
      ["the same in a long text", { id: 1, name: `${"a".repeat(40)}\ud83d` }, "name", /surrogate/],
      ["a text longer than its VARCHAR", { id: 1, code: "abcd" }, "code", /at most 3 characters/],
      ["a decimal with a finer scale", { id: 1, price: 0.1 + 0.2 }, "price", /2 behind it/],
      ["a decimal that is too large", { id: 1, price: "10000000" }, "price", /7 digits before/],
      ["a decimal that is no number", { id: 1, price: "NaN" }, "price", /decimal number/],
      ["1 for true", { id: 1, ok: 1 }, "ok", /true or false/],
      ["base64 in BINARY", { id: 1, raw: "AP8=" }, "raw", /Uint8Array/],
      ["a day that is none", { id: 1, day: "2023-02-29" }, "day", /date of the years/],
      ["a Date that is not midnight", { id: 1, day: new Date(1) }, "day", /midnight UTC/],
      ["an invalid Date", { id: 1, at: new Date(Number.NaN) }, "at", /an invalid Date/],
      ["a TIMESTAMP text without a zone", { id: 1, at: "2024-02-29T10:00:00" }, "at", /10:00:00Z/],
      [
        "a TIMESTAMP_NTZ text with a zone",
        { id: 1, local: "2024-02-29T10:00:00Z" },
        "local",
        /without a zone/,
      ],
      [
        "a fraction below a microsecond",
        { id: 1, at: "2024-02-29T10:00:00.1234567Z" },
        "at",
        /time of the years/,
      ],
      ["a leap second", { id: 1, at: "2016-12-31T23:59:60Z" }, "at", /time of the years/],
      ["the year 10000", { id: 1, at: 253_402_300_800_000_000n }, "at", /1 to 9999/],
      ["NaN in a VARIANT", { id: 1, doc: { a: [Number.NaN] } }, "doc.a[0]", /NaN/],
      ["a bigint in a VARIANT", { id: 1, doc: 1n }, "doc", /JSON has no bigint/],
      ["an object for an array", { id: 1, tags: { 0: "a" } }, "tags", /expected an array/],
      ["null in an array", { id: 1, tags: ["a", null] }, "tags[1]", /no null inside of an ARRAY/],
      [
        "a wrong element",
        { id: 1, points: [{ x: 1 }, { x: "2" }] },
        "points[1].x",
        /expected a number/,
      ],
      ["null in a map", { id: 1, counts: { k: null } }, "counts.k", /no null inside of a MAP/],
      ["a wrong map key", { id: 1, flags: { yes: {} } }, "flags.yes", /true or false/],
      ["a missing field of a struct", { id: 1, place: {} }, "place.x", /NOT NULL/],
    ];
    for (const [what, record, path, text] of refused) {
      it(`refuses ${what}, and encodes the next record`, () => {
        const expected = failsWith("invalid_argument", text, path);
        assert.throws(() => encoder.encode(record), expected);
        assert.deepEqual(roundTrip({ id: 5 }), { id: "5" });
      });
    }

    it("refuses a value that contains itself", () => {
      const doc: { self?: unknown } = {};
      doc.self = doc;
      assert.throws(
        () => encoder.encode({ id: 1, doc }),
        failsWith("invalid_argument", /contains itself/),
      );
    });

    it("takes names that mean something in JavaScript for what they are", () => {
      const names = ["__proto__", "constructor", "toString", 'a"b\\\n`${x}', "return", "\u2028"];
      const hostile = protoEncoderOf<unknown>(
        messageOfSchema(schemaOf(...names.map((name) => column(name, "string")))),
        {},
        kind,
      );
      const record = Object.fromEntries(names.map((name, index) => [name, `v${index}`]));
      const bytes = hostile.encode(record);
      const expected = names.map((_, index) =>
        Buffer.from([8 * (index + 1) + 2, 2, 0x76, 0x30 + index]),
      );
      assert.deepEqual(Buffer.from(bytes), Buffer.concat(expected));
      assert.equal(hostile.encode({}).length, 0, "what every object inherits is no value");
    });

    it("ignores unknown keys if told to, and undefined ones anyway", () => {
      const lenient = protoEncoderOf<unknown>(
        messageOfSchema(EVERY_TYPE),
        { unknownKeys: "ignore" },
        kind,
      );
      const record = { id: 1, other: 1, place: { x: 1, z: 2 } };
      assert.deepEqual(decoded(type, lenient.encode(record)), { id: "1", place: { x: 1 } });
      assert.deepEqual(roundTrip({ other: undefined, id: 1 }), { id: "1" });
    });

    it("writes records of a table with as many columns as there may be", () => {
      const columns = Array.from({ length: 2000 }, (_, index) => column(`c${index}`, "integer"));
      const wide = protoEncoderOf<unknown>(messageOfSchema(schemaOf(...columns)), {}, kind);
      const record = Object.fromEntries(columns.map(({ name }, index) => [name, index]));
      const wideType = typeOfDescriptor(wide.descriptor as Uint8Array);
      assert.deepEqual(decoded(wideType, wide.encode(record)), record);
      assert.throws(
        () => wide.encode({ ...record, c1999: "x" }),
        failsWith("invalid_argument", /whole number/, "c1999"),
      );
    });

    it("grows its buffer for a large record, also in the middle of nested ones", () => {
      const large = "x".repeat(3_000_000);
      const points = Array.from({ length: 30_000 }, (_, index) => ({ x: index }));
      const { name, points: read } = roundTrip({ id: 1, name: large, points });
      assert.equal(name, large);
      assert.deepEqual(read, points);
      assert.deepEqual(roundTrip({ id: 1 }), { id: "1" });
    });
  });
}

describe("descriptorOfSchema", () => {
  it("maps each type as the service does, NOT NULL to required, numbers from 1", () => {
    const type = typeOfDescriptor(descriptorOfSchema(EVERY_TYPE));
    assert.equal(type.name, "table_readings");
    const fields = type.fieldsArray.map((field) => [
      field.id,
      field.name,
      field.type,
      field.repeated,
    ]);
    const scalars = [
      "int64",
      "string",
      "string",
      "int32",
      "int32",
      "int32",
      "float",
      "double",
      "string",
      "bytes",
      "bool",
      "int32",
      "int64",
      "int64",
      "string",
    ];
    for (const [index, scalar] of scalars.entries()) {
      assert.deepEqual(fields[index], [index + 1, EVERY_TYPE.columns[index]?.name, scalar, false]);
    }
    assert.equal(type.fields["id"]?.required, true);
    assert.equal(type.fields["name"]?.required, false);
    assert.equal(type.fields["tags"]?.repeated, true);
  });

  it("gives nested messages names that differ from fields and from one another", () => {
    const inner = structOf(column("a", "integer"));
    const schema = schemaOf(
      column("place", inner),
      column("Place", "integer"),
      column("pl_ace", inner),
      column("plAce", inner),
    );
    const type = typeOfDescriptor(descriptorOfSchema(schema));
    assert.deepEqual(
      type.nestedArray.map(({ name }) => name),
      ["Place_2", "PlAce", "PlAce_2"],
    );
  });

  for (const [what, bad] of [
    ["an array in an array", arrayOf(arrayOf({ kind: "integer" }))],
    ["a map in an array", arrayOf(mapOf({ kind: "string" }, { kind: "integer" }))],
    ["an array in a map", mapOf({ kind: "string" }, arrayOf({ kind: "integer" }))],
    ["a map with keys of DOUBLE", mapOf({ kind: "double" }, { kind: "integer" })],
  ] as const) {
    it(`refuses ${what} with the column's path`, () => {
      const schema = schemaOf(column("s", structOf(column("bad", bad))));
      assert.throws(() => descriptorOfSchema(schema), failsWith("unimplemented", /send JSON/));
      assert.throws(() => compileProtoEncoder(schema), failsWith("unimplemented", /"s\.bad/));
    });
  }
});
