// SPDX-License-Identifier: Apache-2.0
// A varint with more bits than its 32-bit field was cut to them: a wrong number became a right one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DataType } from "@sluice/delta";
import protobuf from "protobufjs";
import type { ProtoScalarType } from "../../src/columns/descriptor/descriptor-model.ts";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import { nestedMessageOf } from "../unit/columns/nested-proto.ts";
import { arrayOf, mapOf } from "../unit/columns/nested-support.ts";
import { bind, column, descriptorOf, planOf, rowOf, struct } from "../unit/columns/support.ts";

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const MODES = ["auto", "interpreted"] as const;

function decode(type: DataType, scalar: ProtoScalarType, wire: bigint): unknown {
  const schema = struct(column("n", type));
  const descriptor = descriptorOf([{ name: "n", number: 1, type: scalar }]);
  const results = MODES.map((mode) => {
    // Once at the end of the buffer, and once with bytes behind it, which is read in another way.
    return [0, 16].map((padding) => {
      const { builder, decoder } = bind(
        planOf(compileProtoDecoder(schema, descriptor, { mode })),
        schema,
      );
      const bytes = Buffer.concat([Buffer.of(8), varint(wire), Buffer.alloc(padding)]);
      if (padding > 0) bytes.fill(Buffer.of(0x10, 1), bytes.length - padding);
      return decoder.decode(bytes, 0, bytes.length)
        ? rowOf(builder, 0)[0]
        : decoder.failure?.reason;
    });
  }).flat();
  for (const result of results) assert.deepEqual(result, results[0], `${scalar} ${wire}`);
  return results[0];
}

describe("a varint that its field cannot hold", () => {
  it("is refused for int32, also for a DATE and for a BIGINT", () => {
    for (const type of ["integer", "long"] as const) {
      const taken = (value: number): unknown => (type === "long" ? BigInt(value) : value);
      for (const value of [0, 1, -1, 300, 2 ** 31 - 1, -(2 ** 31)]) {
        assert.equal(decode(type, "int32", BigInt(value)), taken(value));
      }
      for (const wire of [
        2n ** 31n,
        2n ** 32n,
        2n ** 32n + 1n,
        2n ** 32n - 1n,
        2n ** 63n,
        -(2n ** 31n) - 1n,
      ]) {
        assert.equal(decode(type, "int32", wire), "out_of_range", `${wire}`);
      }
    }
    assert.equal(decode("date", "int32", 2n ** 32n + 1n), "out_of_range");
    assert.equal(decode("short", "int32", 2n ** 32n + 1n), "out_of_range");
    assert.equal(decode("byte", "int32", -1n), -1);
  });

  it("is refused for sint32 and uint32", () => {
    assert.equal(decode("integer", "sint32", 2n ** 32n - 1n), -(2 ** 31));
    assert.equal(decode("integer", "sint32", 2n ** 32n), "out_of_range");
    assert.equal(decode("integer", "sint32", -1n), "out_of_range");
    assert.equal(decode("long", "sint32", 2n ** 32n + 2n), "out_of_range");
    assert.equal(decode("long", "uint32", 2n ** 32n - 1n), 2n ** 32n - 1n);
    assert.equal(decode("long", "uint32", 2n ** 32n), "out_of_range");
    assert.equal(decode("long", "uint32", -1n), "out_of_range");
  });

  it("is true for bool, whatever its bits", () => {
    for (const wire of [1n, 2n, 2n ** 32n, 2n ** 63n]) {
      assert.equal(decode("boolean", "bool", wire), 1, `${wire}`);
    }
    assert.equal(decode("boolean", "bool", 0n), 0);
  });

  it("is refused in a STRUCT, an ARRAY and a MAP", () => {
    const schema = struct(
      column("p", struct(column("x", "integer"))),
      column("a", arrayOf("integer")),
      column("m", mapOf("integer", "integer")),
    );
    const { descriptor } = nestedMessageOf(schema, true);
    const reasonOf = (field: number, wire: bigint, tag: number): unknown => {
      const reasons = MODES.map((mode) => {
        const { decoder } = bind(planOf(compileProtoDecoder(schema, descriptor, { mode })), schema);
        const value = varint(wire);
        const content = tag === 0 ? value : Buffer.concat([Buffer.of(tag), value]);
        const writer = protobuf.Writer.create()
          .uint32(field * 8 + 2)
          .bytes(content);
        const bytes = writer.finish();
        return decoder.decode(bytes, 0, bytes.length) ? "taken" : decoder.failure?.reason;
      });
      assert.equal(reasons[0], reasons[1]);
      return reasons[0];
    };
    for (const [field, tag] of [
      [1, 8],
      [2, 0],
      [3, 8],
      [3, 16],
    ] as const) {
      assert.equal(reasonOf(field, -5n, tag), "taken", `field ${field}`);
      assert.equal(reasonOf(field, 2n ** 32n + 1n, tag), "out_of_range", `field ${field}`);
      assert.equal(reasonOf(field, 2n ** 31n, tag), "out_of_range", `field ${field}`);
    }
  });
});
