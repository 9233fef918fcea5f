// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { THRIFT_TYPE, ThriftWriter } from "../../../src/parquet/thrift-compact.ts";

describe("ThriftWriter", () => {
  it("packs a field id next to the last one into one byte with the type", () => {
    const writer = new ThriftWriter();
    writer.writeI32(1, 0);
    writer.writeI32(3, -1);
    writer.endStruct();
    assert.deepEqual([...writer.toBytes()], [0x15, 0, 0x25, 1, 0]);
  });

  it("writes a field id more than 15 further out in full", () => {
    const writer = new ThriftWriter();
    writer.writeI32(16, 1);
    writer.endStruct();
    assert.deepEqual([...writer.toBytes()], [0x05, 32, 2, 0]);
  });

  it("keeps a boolean in its field header", () => {
    const writer = new ThriftWriter();
    writer.writeBoolean(1, true);
    writer.writeBoolean(2, false);
    assert.deepEqual([...writer.toBytes()], [0x11, 0x12]);
  });

  it("counts field ids of a nested struct from zero, and goes on where the outer one was", () => {
    const writer = new ThriftWriter();
    writer.writeI32(4, 0);
    writer.beginStruct(5);
    writer.writeI8(1, 7);
    writer.endStruct();
    writer.writeI32(6, 0);
    assert.deepEqual([...writer.toBytes()], [0x45, 0, 0x1c, 0x13, 7, 0, 0x15, 0]);
  });

  it("writes list headers of up to 14 elements in one byte", () => {
    const short = new ThriftWriter();
    short.writeI32List(
      1,
      Array.from({ length: 14 }, () => 0),
    );
    assert.equal(short.toBytes()[1], (14 << 4) | THRIFT_TYPE.i32);
    const long = new ThriftWriter();
    long.writeI32List(
      1,
      Array.from({ length: 15 }, () => 0),
    );
    assert.deepEqual([...long.toBytes().subarray(1, 3)], [0xf0 | THRIFT_TYPE.i32, 15]);
  });

  it("writes text as UTF-8 with its byte length", () => {
    const writer = new ThriftWriter();
    writer.writeString(1, "é");
    assert.deepEqual([...writer.toBytes()], [0x18, 2, 0xc3, 0xa9]);
  });

  it("writes integers that decode to themselves, up to 2^52", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (value) => {
        const writer = new ThriftWriter();
        writer.writeI64(1, value);
        assert.equal(decodedZigzag(writer.toBytes().subarray(1)), BigInt(value));
      }),
    );
  });

  it("refuses an integer that a double cannot hold twice", () => {
    const writer = new ThriftWriter();
    assert.throws(() => writer.writeI64(9, 2 ** 52 + 2), /field 9/);
    assert.throws(() => writer.writeI64(9, 0.5), RangeError);
  });

  it("grows for values larger than its buffer", () => {
    const value = new Uint8Array(100_000).fill(7);
    const writer = new ThriftWriter();
    writer.writeBinary(1, value);
    const bytes = writer.toBytes();
    assert.equal(bytes.length, 1 + 3 + value.length);
    assert.equal(bytes.at(-1), 7);
  });
});

function decodedZigzag(bytes: Uint8Array): bigint {
  let raw = 0n;
  for (const [index, byte] of bytes.entries()) raw |= BigInt(byte & 0x7f) << BigInt(7 * index);
  return (raw >> 1n) ^ -(raw & 1n);
}
