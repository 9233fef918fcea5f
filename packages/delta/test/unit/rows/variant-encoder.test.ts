// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VariantEncoder } from "../../../src/rows/variant-encoder.ts";

function encoded(value: unknown): { metadata: string; value: string } {
  const encoder = new VariantEncoder("v");
  encoder.encode(value);
  return {
    metadata: Buffer.from(encoder.metadata).toString("hex"),
    value: Buffer.from(encoder.value).toString("hex"),
  };
}

function hex(groups: string): string {
  return groups.replaceAll(" ", "");
}

/** Expected bytes are worked out by hand from "Variant Binary Encoding" of Apache Parquet. */
describe("VariantEncoder", () => {
  const primitives: readonly [value: unknown, bytes: string][] = [
    [null, "00"],
    [true, "04"],
    [false, "08"],
    [5, "0c05"],
    [-1, "0cff"],
    [300, "102c01"],
    [70_000, "1470110100"],
    [2 ** 40, "180000000000010000"],
    [2n ** 63n - 1n, "18ffffffffffffff7f"],
    [1.5, "1c000000000000f83f"],
    [-0, "1c0000000000000080"],
    [2n ** 64n, "280000000000000000000100000000000000"],
    [new Date(1), "30e803000000000000"],
    [Uint8Array.of(1, 2), "3c020000000102"],
    ["ab", "096162"],
    ["", "01"],
    ["x".repeat(64), `4040000000${"78".repeat(64)}`],
  ];
  for (const [value, bytes] of primitives) {
    test(`encodes the ${typeof value} of ${bytes.slice(0, 20)}`, () => {
      assert.deepEqual(encoded(value), { metadata: "010000", value: bytes });
    });
  }

  test("encodes arrays with the offsets of their elements", () => {
    assert.equal(encoded([1, "a"]).value, hex("03 02 000204 0c01 0561"));
    assert.equal(encoded([]).value, "030000");
  });

  test("encodes objects in the order of their names, which the metadata holds once", () => {
    const { metadata, value } = encoded({ b: 1, a: { b: 2 } });
    assert.equal(metadata, hex("01 02 000102 62 61"));
    // Object of two: ids of a and b, offsets, then b's 1 and a's object in the order given.
    const inner = "02 01 00 0002 0c02";
    assert.equal(value, hex(`02 02 0100 000709 ${inner} 0c01`));
  });

  test("leaves out undefined members, as JSON does", () => {
    assert.deepEqual(encoded({ a: undefined }), encoded({}));
  });

  test("refuses what has no form, naming the column", () => {
    const encoder = new VariantEncoder("v");
    let deep: unknown = 1;
    for (let level = 0; level < 102; level += 1) deep = [deep];
    assert.throws(() => encoder.encode(deep), /nests more than 100 levels/);
    assert.throws(() => encoder.encode(10n ** 38n), /more than 38 digits/);
    assert.throws(() => encoder.encode(new Map()), /has no form in a VARIANT/);
    assert.throws(() => encoder.encode({ "\ud800": 1 }), /half a surrogate pair/);
    assert.throws(() => encoder.encode(new Date(Number.NaN)), /Date is not valid/);
  });
});
