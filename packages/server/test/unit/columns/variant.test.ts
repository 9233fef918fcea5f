// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VariantEncoder } from "../../../src/columns/variant/variant-encoder.ts";
import { below, fuzzSettings, pick, randomOf } from "./support.ts";

/** Reads a variant by the specification; decimals and 64-bit integers come as `"digits"` objects. */
function decoded(metadata: Uint8Array, value: Uint8Array): unknown {
  const names = namesOf(metadata);
  const [result, end] = valueAt(Buffer.from(value), 0, names);
  assert.equal(end, value.length, "the value has no bytes left over");
  return result;
}

function namesOf(bytes: Uint8Array): string[] {
  const metadata = Buffer.from(bytes);
  const header = metadata.readUInt8(0);
  assert.equal(header & 0xf, 1, "version 1");
  const width = (header >> 6) + 1;
  const count = metadata.readUIntLE(1, width);
  const offset = (index: number): number => metadata.readUIntLE(1 + (index + 1) * width, width);
  const start = 1 + (count + 2) * width;
  return Array.from({ length: count }, (_, index) =>
    metadata.toString("utf8", start + offset(index), start + offset(index + 1)),
  );
}

function valueAt(value: Buffer, at: number, names: readonly string[]): [unknown, number] {
  const header = value.readUInt8(at);
  switch (header & 3) {
    case 0:
      return primitiveAt(value, at + 1, header >> 2);
    case 1:
      return [value.toString("utf8", at + 1, at + 1 + (header >> 2)), at + 1 + (header >> 2)];
    case 2:
      return objectAt(value, at, names);
    default:
      return arrayAt(value, at, names);
  }
}

function primitiveAt(value: Buffer, at: number, type: number): [unknown, number] {
  const scaled = (width: number): [unknown, number] => {
    let unscaled = 0n;
    for (let index = width; index > 0; index--)
      unscaled = (unscaled << 8n) | BigInt(value[at + index] as number);
    unscaled = BigInt.asIntN(width * 8, unscaled);
    return [{ digits: `${unscaled}e-${value.readUInt8(at)}` }, at + 1 + width];
  };
  switch (type) {
    case 0:
      return [null, at];
    case 1:
      return [true, at];
    case 2:
      return [false, at];
    case 3:
      return [value.readInt8(at), at + 1];
    case 4:
      return [value.readInt16LE(at), at + 2];
    case 5:
      return [value.readInt32LE(at), at + 4];
    case 6:
      return [{ digits: `${value.readBigInt64LE(at)}e-0` }, at + 8];
    case 7:
      return [value.readDoubleLE(at), at + 8];
    case 8:
      return scaled(4);
    case 9:
      return scaled(8);
    case 10:
      return scaled(16);
    case 16: {
      const length = value.readUInt32LE(at);
      return [value.toString("utf8", at + 4, at + 4 + length), at + 4 + length];
    }
    default:
      throw new assert.AssertionError({ message: `primitive type ${type}` });
  }
}

function objectAt(value: Buffer, start: number, names: readonly string[]): [unknown, number] {
  const header = value.readUInt8(start) >> 2;
  const offsetWidth = (header & 3) + 1;
  const idWidth = ((header >> 2) & 3) + 1;
  const countWidth = (header >> 4) & 1 ? 4 : 1;
  const count = value.readUIntLE(start + 1, countWidth);
  const ids = start + 1 + countWidth;
  const offsets = ids + count * idWidth;
  const values = offsets + (count + 1) * offsetWidth;
  const result: [string, unknown][] = [];
  for (let index = 0; index < count; index++) {
    const name = names[value.readUIntLE(ids + index * idWidth, idWidth)] as string;
    const previous = result.at(-1)?.[0];
    if (previous !== undefined) {
      assert.ok(Buffer.compare(Buffer.from(previous), Buffer.from(name)) < 0, "fields are sorted");
    }
    const offset = value.readUIntLE(offsets + index * offsetWidth, offsetWidth);
    result.push([name, valueAt(value, values + offset, names)[0]]);
  }
  const length = value.readUIntLE(offsets + count * offsetWidth, offsetWidth);
  return [Object.fromEntries(result), values + length];
}

function arrayAt(value: Buffer, start: number, names: readonly string[]): [unknown, number] {
  const header = value.readUInt8(start) >> 2;
  const width = (header & 3) + 1;
  const countWidth = (header >> 2) & 1 ? 4 : 1;
  const count = value.readUIntLE(start + 1, countWidth);
  const offsets = start + 1 + countWidth;
  const values = offsets + (count + 1) * width;
  const result = Array.from(
    { length: count },
    (_, index) =>
      valueAt(value, values + value.readUIntLE(offsets + index * width, width), names)[0],
  );
  return [result, values + value.readUIntLE(offsets + count * width, width)];
}

function encoded(text: string): unknown {
  const encoder = new VariantEncoder();
  const bytes = Buffer.from(`x${text}x`);
  assert.ok(encoder.encode(bytes, 1, bytes.length - 1), text.slice(0, 100));
  return decoded(encoder.metadata, encoder.value);
}

function randomJson(random: () => number, depth: number): unknown {
  const roll = random();
  if (depth > 0 && roll < 0.25) {
    return Array.from({ length: below(random, random() < 0.05 ? 300 : 5) }, () =>
      randomJson(random, depth - 1),
    );
  }
  if (depth > 0 && roll < 0.5) {
    const count = below(random, random() < 0.05 ? 300 : 5);
    return Object.fromEntries(
      Array.from({ length: count }, () => [
        `k${below(random, 500)}é`,
        randomJson(random, depth - 1),
      ]),
    );
  }
  if (roll < 0.6) return pick(random, [null, true, false]);
  if (roll < 0.8) return below(random, 2 ** 32) >> below(random, 32);
  return 'aé\u{1f600}\n"'.repeat(below(random, 30));
}

describe("variant encoder", () => {
  test("writes what a reader of the specification reads", (context) => {
    const { seed, rounds } = fuzzSettings(300);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    for (let round = 0; round < Math.min(rounds, 20_000); round++) {
      const json = randomJson(random, 4);
      assert.deepEqual(encoded(JSON.stringify(json)), json);
    }
  });

  test("keeps numbers exact", () => {
    assert.deepEqual(encoded("[-128, 127, 128, -32769, 2147483648]"), [
      -128,
      127,
      128,
      -32769,
      { digits: "2147483648e-0" },
    ]);
    assert.deepEqual(encoded("12.50"), { digits: "1250e-2" });
    assert.deepEqual(encoded("9223372036854775808"), { digits: "9223372036854775808e-0" });
    assert.deepEqual(encoded("-0.00000000000000000001"), { digits: "-1e-20" });
    assert.equal(encoded("1.5e3"), 1500);
    assert.equal(encoded(`0.${"1".repeat(39)}`), Number(`0.${"1".repeat(39)}`));
  });

  test("refuses what is not one JSON value", () => {
    const encoder = new VariantEncoder();
    const deep = "[".repeat(200) + "]".repeat(200);
    for (const text of [
      "",
      " ",
      "{",
      "[1,]",
      '{"a":1,"a":2}',
      "nul",
      "1 2",
      "NaN",
      "1e999",
      '"\\ud800"',
      deep,
    ]) {
      const bytes = Buffer.from(text);
      assert.ok(!encoder.encode(bytes, 0, bytes.length), text);
    }
  });
});
