// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NestedColumn, StructType } from "@sluice/delta";
import protobuf from "protobufjs";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import { nestedMessageOf } from "./nested-proto.ts";
import { arrayOf, mapOf } from "./nested-support.ts";
import { bind, column, planOf, struct } from "./support.ts";

/** The levels and fixed-size values of the rows of each leaf, one text for a leaf: `repetition:definition` entries. */
function leavesOf(nested: NestedColumn, rowCount: number): string[] {
  return nested.leaves.map((leaf) => {
    const entryCount = leaf.entryEnds[rowCount - 1] ?? 0;
    const valueCount = leaf.valueEnds[rowCount - 1] ?? 0;
    const entries = Array.from(
      { length: entryCount },
      (_, entry) => `${leaf.repetitions[entry]}:${leaf.definitions[entry]}`,
    );
    const { values } = leaf;
    const shown =
      values.kind === "bytes"
        ? Array.from({ length: valueCount }, (_, index) =>
            Buffer.from(
              values.data.subarray(values.startOf(index) + 4, values.ends[index]),
            ).toString(),
          )
        : Array.from(values.values.subarray(0, valueCount));
    return `${entries.join(" ")} = ${shown.join(",")}`;
  });
}

function fromJson(schema: StructType, ...texts: string[]): string[] | string {
  const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
  for (const text of texts) {
    const bytes = Buffer.from(text);
    if (decoder.decode(bytes, 0, bytes.length)) continue;
    return `${decoder.failure?.reason} ${decoder.failure?.field}`;
  }
  return leavesOf(builder.columns[0] as NestedColumn, builder.rowCount);
}

/** What both proto decoders make of a message. */
function fromProto(schema: StructType, message: Uint8Array): string[] | string {
  const { descriptor } = nestedMessageOf(schema, true);
  const results = (["auto", "interpreted"] as const).map((mode) => {
    const { builder, decoder } = bind(
      planOf(compileProtoDecoder(schema, descriptor, { mode })),
      schema,
    );
    return decoder.decode(message, 0, message.length)
      ? leavesOf(builder.columns[0] as NestedColumn, builder.rowCount)
      : `${decoder.failure?.reason} ${decoder.failure?.field}`;
  });
  assert.deepEqual(results[0], results[1]);
  return results[0] as string[] | string;
}

const LIST = struct(column("a", arrayOf("integer")));
const STRICT_LIST = struct(column("a", arrayOf("integer", false), false));
const PERSON = struct(column("p", struct(column("x", "integer", false), column("y", "integer"))));
const SCORES = struct(column("m", mapOf("string", "integer")));

describe("nested values from JSON", () => {
  test("tell a null list from an empty one and from a null element", () => {
    assert.deepEqual(fromJson(LIST, '{"a":null}', "{}", '{"a":[]}', '{"a":[null,7]}'), [
      "0:0 0:0 0:1 0:2 1:3 = 7",
    ]);
  });

  test("hold parts to NOT NULL at each level", () => {
    assert.equal(fromJson(STRICT_LIST, "{}"), "missing_required a");
    assert.equal(fromJson(STRICT_LIST, '{"a":[1,null]}'), "missing_required a.element");
    assert.equal(fromJson(PERSON, '{"p":{"y":1}}'), "missing_required p.x");
    assert.deepEqual(fromJson(PERSON, '{"p":{"x":1}}', '{"p":null}'), [
      "0:1 0:0 = 1",
      "0:1 0:0 = ",
    ]);
  });

  test("refuse unknown and repeated keys, and values of other types, by their path", () => {
    assert.equal(fromJson(PERSON, '{"p":{"x":1,"z":1}}'), "unknown_field p");
    assert.equal(fromJson(PERSON, '{"p":{"x":1,"x":1}}'), "duplicate_field p.x");
    assert.equal(fromJson(PERSON, '{"p":{"x":"1"}}'), "wrong_type p.x");
    assert.equal(fromJson(PERSON, '{"p":[1]}'), "wrong_type p");
    assert.equal(fromJson(SCORES, '{"m":{"a":1,"\\u0061":2}}'), "duplicate_field m.key");
    assert.equal(fromJson(SCORES, '{"m":{"a":99999999999}}'), "out_of_range m.value");
  });

  test("take keys of maps as the texts of their types", () => {
    const numbers = struct(column("m", mapOf("integer", "integer")));
    assert.deepEqual(fromJson(numbers, '{"m":{"-5":1,"7":null}}'), [
      "0:2 1:2 = -5,7",
      "0:3 1:2 = 1",
    ]);
    assert.equal(fromJson(numbers, '{"m":{"x":1}}'), "wrong_type m.key");
    assert.equal(fromJson(numbers, '{"m":{"":1}}'), "wrong_type m.key");
  });

  test("leave no trace of a refused record, in however many leaves", () => {
    const { builder, decoder } = bind(planOf(compileJsonDecoder(LIST)), LIST);
    const decode = (text: string): boolean => decoder.decode(Buffer.from(text), 0, text.length);
    assert.ok(decode('{"a":[1,2]}'));
    assert.ok(!decode('{"a":[3,4,"x"]}'));
    assert.ok(decode('{"a":[5]}'));
    builder.truncate(1);
    assert.ok(decode('{"a":[6]}'));
    assert.deepEqual(leavesOf(builder.columns[0] as NestedColumn, 2), ["0:3 1:3 0:3 = 1,2,6"]);
    assert.equal(builder.seal().rowCount, 2);
    assert.ok(decode('{"a":[8]}'));
    assert.deepEqual(leavesOf(builder.columns[0] as NestedColumn, 1), ["0:3 = 8"]);
  });

  test("refuse a record that makes too many entries", () => {
    const fields = Array.from({ length: 2000 }, (_, index) => column(`f${index}`, "integer"));
    const wide = struct(column("a", arrayOf(struct(column("s", struct(...fields))))));
    const text = `{"a":[${"{},".repeat(20_000)}{}]}`;
    assert.equal(fromJson(wide, text), "out_of_range a.element.s");
  });
});

describe("nested values from protobuf", () => {
  test("collect packed and unpacked elements in the order of the record", () => {
    const writer = protobuf.Writer.create();
    writer.uint32(8).int32(1).uint32(10).fork().int32(2).int32(3).ldelim().uint32(8).int32(4);
    assert.deepEqual(fromProto(LIST, writer.finish()), ["0:3 1:3 1:3 1:3 = 1,2,3,4"]);
  });

  test("take a list without elements as null, or as empty where it is NOT NULL", () => {
    assert.deepEqual(fromProto(LIST, Buffer.of()), ["0:0 = "]);
    assert.deepEqual(fromProto(LIST, Buffer.of(0x0a, 0)), ["0:0 = "]);
    assert.deepEqual(fromProto(STRICT_LIST, Buffer.of()), ["0:0 = "]);
    const inside = struct(column("p", struct(column("a", arrayOf("integer"), false))));
    assert.deepEqual(fromProto(inside, Buffer.of(0x0a, 0)), ["0:1 = "]);
  });

  test("merge a message that occurs again, and skip what the descriptor does not name", () => {
    const first = Buffer.of(0x0a, 2, 0x08, 1);
    const second = Buffer.of(0x0a, 6, 0x10, 5, 0x08, 2, 0x18, 9);
    assert.deepEqual(fromProto(PERSON, Buffer.concat([first, second])), ["0:1 = 2", "0:2 = 5"]);
    assert.equal(fromProto(PERSON, Buffer.of(0x0a, 2, 0x10, 5)), "missing_required p.x");
  });

  test("keep the last of the entries with a key, and fill in what an entry omits", () => {
    const entry = (...bytes: number[]): Buffer => Buffer.of(0x0a, bytes.length, ...bytes);
    const message = Buffer.concat([
      entry(0x0a, 1, 0x61, 0x10, 1),
      entry(0x10, 2),
      entry(0x0a, 1, 0x62),
      entry(0x10, 3, 0x0a, 1, 0x61),
    ]);
    assert.deepEqual(fromProto(SCORES, message), ["0:2 1:2 1:2 = a,,b", "0:3 1:3 1:3 = 3,2,0"]);
  });

  test("refuse damaged messages by the path of the field", () => {
    assert.equal(fromProto(PERSON, Buffer.of(0x0a, 5, 0x08, 1)), "truncated p");
    assert.equal(fromProto(PERSON, Buffer.of(0x0a, 1, 0x08)), "truncated p.x");
    assert.equal(fromProto(LIST, Buffer.of(0x0a, 1, 0x80)), "truncated a");
  });

  test("refuse a list in a list, which has no form", () => {
    const { descriptor } = nestedMessageOf(LIST, true);
    const outcome = compileProtoDecoder(
      struct(column("a", arrayOf(arrayOf("integer")))),
      descriptor,
    );
    assert.equal(outcome.kind, "setupFailure");
    assert.match(outcome.kind === "setupFailure" ? outcome.message : "", /no form/);
  });

  test("refuse fields of a message that the table lacks, and other types, by their path", () => {
    const { descriptor } = nestedMessageOf(PERSON, true);
    const table = struct(column("p", struct(column("x", "string"))));
    const outcome = compileProtoDecoder(table, descriptor);
    assert.equal(outcome.kind, "setupFailure");
    const problems = outcome.kind === "setupFailure" ? outcome.problems : [];
    assert.deepEqual(
      problems.map(({ field, reason }) => [field, reason]),
      [
        ["p.x", "type_incompatible"],
        ["p.y", "field_not_in_table"],
      ],
    );
  });
});

test("variants are two values in every row, from JSON text", () => {
  const schema = struct(column("v", "variant"));
  const leaves = fromJson(schema, '{"v":"{\\"a\\": 1}"}', '{"v":null}', '{"v":"\\"x\\""}');
  assert.ok(Array.isArray(leaves));
  assert.equal(leaves.length, 2);
  assert.ok(leaves.every((text) => text.startsWith("0:1 0:0 0:1 = ")));
  assert.equal(fromJson(schema, '{"v":"{"}'), "wrong_type v");
  assert.equal(fromJson(schema, '{"v":{}}'), "wrong_type v");
});
