// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { MAX_COLUMNS } from "@sluice/protocol";
import protobuf from "protobufjs";
import type { SetupProblem } from "../../../src/columns/decoder.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import {
  bind,
  column,
  descriptorOf,
  hexOf,
  planOf,
  rowOf,
  struct,
  type TestField,
} from "./support.ts";

const TABLE = struct(column("id", "long", false), column("name", "string"));
const FIELDS: readonly TestField[] = [
  { name: "id", number: 1, type: "int64" },
  { name: "name", number: 2, type: "string" },
];

function problemsOf(fields: readonly TestField[], table = TABLE): SetupProblem[] {
  const outcome = compileProtoDecoder(table, descriptorOf(fields));
  assert.equal(outcome.kind, "setupFailure");
  return outcome.kind === "setupFailure" ? [...outcome.problems] : [];
}

for (const mode of ["auto", "interpreted"] as const) {
  describe(`proto decoder (${mode})`, () => {
    const decoderOf = () =>
      bind(planOf(compileProtoDecoder(TABLE, descriptorOf(FIELDS), { mode })), TABLE);
    const decodeHex = (hex: string) => {
      const { builder, decoder } = decoderOf();
      const bytes = Buffer.from(hex, "hex");
      if (decoder.decode(bytes, 0, bytes.length)) return rowOf(builder, 0);
      const { failure } = decoder;
      assert.ok(failure !== undefined);
      return [failure.reason, failure.field, failure.byteOffset];
    };

    test("takes fields in any order", () => {
      assert.deepEqual(decodeHex("0801120161"), [1n, hexOf("a")]);
      assert.deepEqual(decodeHex("1201610801"), [1n, hexOf("a")]);
    });

    test("takes the last of a repeated field", () => {
      assert.deepEqual(decodeHex("080112036162630802120161"), [2n, hexOf("a")]);
    });

    test("takes tags and varints that are written longer than needed", () => {
      assert.deepEqual(decodeHex("8800818000"), [1n, null]);
    });

    test("skips unknown fields of every wire type", () => {
      assert.deepEqual(decodeHex("08011a03ffffff2101020304050607082d010203043005"), [1n, null]);
    });

    test("refuses a field with another wire type than its own", () => {
      assert.deepEqual(decodeHex("0801100a"), ["wrong_type", "name", 2]);
      assert.deepEqual(decodeHex("08010a020102"), ["wrong_type", "id", 2]);
      assert.deepEqual(decodeHex("08010d01020304"), ["wrong_type", "id", 2]);
    });

    test("drops the bits of a varint beyond the 64th", () => {
      assert.deepEqual(decodeHex("08ffffffffffffffffff7f"), [-1n, null]);
    });

    test("makes an absent nullable column null and refuses an absent NOT NULL one", () => {
      assert.deepEqual(decodeHex("0801"), [1n, null]);
      assert.deepEqual(decodeHex("120161"), ["missing_required", "id", 3]);
      assert.deepEqual(decodeHex(""), ["missing_required", "id", 0]);
    });

    test("refuses malformed records with the place", () => {
      assert.deepEqual(decodeHex("080100"), ["malformed", undefined, 2]);
      assert.deepEqual(decodeHex("08012b"), ["malformed", undefined, 2]);
      assert.deepEqual(decodeHex("0801888080808001"), ["malformed", undefined, 2]);
      assert.deepEqual(decodeHex("08ffffffffffffffffffff01"), ["malformed", "id", 0]);
    });

    test("refuses truncated records with the place", () => {
      assert.deepEqual(decodeHex("0801120361"), ["truncated", "name", 2]);
      assert.deepEqual(decodeHex("0880"), ["truncated", "id", 0]);
      assert.deepEqual(decodeHex("080112"), ["truncated", "name", 2]);
      assert.deepEqual(decodeHex("0801210102"), ["truncated", undefined, 2]);
      assert.deepEqual(decodeHex("080112ffffffffffffffffff01"), ["truncated", "name", 2]);
    });

    test("refuses strings that are not UTF-8, short and long", () => {
      assert.deepEqual(decodeHex("08011201ff"), ["invalid_utf8", "name", 2]);
      assert.deepEqual(decodeHex(`080112c801${"61".repeat(199)}ff`), ["invalid_utf8", "name", 2]);
      assert.deepEqual(decodeHex("08011203e6b0b4"), [1n, hexOf("水")]);
    });

    test("does not read behind the record", () => {
      const { builder, decoder } = decoderOf();
      const bytes = Buffer.from("0801120161", "hex");
      assert.ok(decoder.decode(bytes, 0, 2));
      assert.deepEqual(rowOf(builder, 0), [1n, null]);
      assert.ok(!decoder.decode(bytes, 0, 4));
      assert.equal(builder.rowCount, 1);
    });

    test("goes on in the builder's new buffers after it grew or was sealed", () => {
      const { builder, decoder } = decoderOf();
      const bytes = Buffer.from("0801120161", "hex");
      for (let row = 0; row < 9; row++) assert.ok(decoder.decode(bytes, 0, bytes.length));
      const block = builder.seal();
      assert.equal(block.rowCount, 9);
      assert.ok(decoder.decode(bytes, 0, bytes.length));
      assert.deepEqual(rowOf(builder, 0), [1n, hexOf("a")]);
      assert.equal(builder.rowCount, 1);
    });
  });
}

describe("proto decoder setup", () => {
  test("refuses a descriptor field that the table lacks", () => {
    const [problem, ...others] = problemsOf([
      ...FIELDS,
      { name: "Name", number: 3, type: "string" },
    ]);
    assert.deepEqual([problem?.reason, problem?.field], ["field_not_in_table", "Name"]);
    assert.match(problem?.message ?? "", /it has "name"/);
    assert.equal(others.length, 0);
  });

  test("refuses a descriptor without a NOT NULL column", () => {
    const [problem] = problemsOf([{ name: "name", number: 2, type: "string" }]);
    assert.deepEqual([problem?.reason, problem?.field], ["missing_required_column", "id"]);
  });

  test("refuses types that could lose values", () => {
    for (const type of ["uint64", "fixed64", "string", "double", "bool"] as const) {
      const [problem] = problemsOf([{ name: "id", number: 1, type }]);
      assert.equal(problem?.reason, "type_incompatible");
      assert.match(problem?.message ?? "", /"id".*BIGINT.*int64/);
    }
    const [narrow] = problemsOf(
      [{ name: "count", number: 1, type: "int64" }],
      struct(column("count", "integer")),
    );
    assert.equal(narrow?.reason, "type_incompatible");
  });

  test("names every problem at once", () => {
    const problems = problemsOf([
      { name: "a", number: 1, type: "string" },
      { name: "name", number: 2, type: "int32" },
    ]);
    assert.deepEqual(
      problems.map((problem) => problem.field),
      ["a", "name", "id"],
    );
  });

  test("is not moved by names that look like code", () => {
    const names = [
      '"];process.exit(1);//',
      "`${process.exit(1)}`",
      "__proto__",
      "constructor",
      "\u2028",
    ];
    const table = struct(...names.map((name) => column(name, "integer", false)));
    const fields = names.map((name, index) => ({
      name,
      number: index + 1,
      type: "int32" as const,
    }));
    const { builder, decoder } = bind(
      planOf(compileProtoDecoder(table, descriptorOf(fields))),
      table,
    );
    const bytes = Buffer.from("08011002180320042805", "hex");
    assert.ok(decoder.decode(bytes, 0, bytes.length));
    assert.deepEqual(rowOf(builder, 0), [1, 2, 3, 4, 5]);
    assert.ok(!decoder.decode(bytes, 0, 8));
    assert.equal(decoder.failure?.field, "\u2028");
  });

  test("decodes the widest table, in order, out of order and in part, record by record and in runs", () => {
    const names = Array.from({ length: MAX_COLUMNS }, (_, index) => `c${index}`);
    const table = struct(...names.map((name) => column(name, "integer")));
    const fields = names.map((name, index) => ({
      name,
      number: index + 1,
      type: "int32" as const,
    }));
    const plan = planOf(compileProtoDecoder(table, descriptorOf(fields)));
    assert.equal(plan.mode, "generated");
    const { builder, decoder } = bind(plan, table);
    const pieces = names.map((_, index) =>
      protobuf.Writer.create()
        .uint32((index + 1) * 8)
        .int32(index * 3)
        .finish(),
    );
    const all = names.map((_, index) => index * 3);
    const cases: [Uint8Array[], (number | null)[]][] = [
      [pieces, all],
      [pieces.toReversed(), all],
      [
        pieces.filter((_, index) => index % 100 === 7),
        all.map((n, i) => (i % 100 === 7 ? n : null)),
      ],
      [[], all.map(() => null)],
    ];
    for (const [present, expected] of cases) {
      const bytes = Buffer.concat(present);
      for (const unit of [decoder, decoder.run]) {
        assert.ok(unit?.decode(bytes, 0, bytes.length));
        assert.deepEqual(rowOf(builder, builder.rowCount - 1), expected);
      }
    }
    assert.ok(!decoder.decode(Buffer.from([0x00]), 0, 1));
    assert.equal(decoder.failure?.reason, "malformed");
  });

  test("interprets tables wider than those that streams write to", () => {
    const names = Array.from({ length: MAX_COLUMNS + 1 }, (_, index) => `c${index}`);
    const table = struct(...names.map((name) => column(name, "integer")));
    const fields: TestField[] = [{ name: "c0", number: 1, type: "int32" }];
    const plan = planOf(compileProtoDecoder(table, descriptorOf(fields)));
    assert.equal(plan.mode, "interpreted");
    const { builder, decoder } = bind(plan, table);
    const bytes = Buffer.from("0801", "hex");
    assert.ok(decoder.decode(bytes, 0, bytes.length));
    assert.deepEqual(rowOf(builder, 0).slice(0, 2), [1, null]);
  });

  test("interprets where the runtime forbids generated code", () => {
    const compiler = new URL(
      "../../../src/columns/proto/compile-proto-decoder.js",
      import.meta.url,
    );
    const script = `
      const { compileProtoDecoder } = await import(${JSON.stringify(compiler.href)});
      const field = { name: "n", number: 1, isRepeated: false, type: { kind: "scalar", scalar: "int32" } };
      const schema = { type: "struct", fields: [{ name: "n", type: "integer", nullable: true, metadata: {} }] };
      const descriptor = { kind: "descriptor", root: { name: "R", isMapEntry: false, fields: [field] } };
      process.stdout.write(compileProtoDecoder(schema, descriptor).mode);`;
    const child = spawnSync(
      process.execPath,
      ["--disallow-code-generation-from-strings", "--input-type=module", "-e", script],
      { encoding: "utf8" },
    );
    assert.equal(child.stdout, "interpreted", child.stderr);
  });
});
