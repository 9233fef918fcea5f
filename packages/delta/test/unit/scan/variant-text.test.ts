// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { DecodeProblem } from "../../../src/scan/parquet/decode-problem.ts";
import { variantToJson } from "../../../src/scan/variant-text.ts";

/** A dictionary with one-byte offsets. */
function metadataOf(...keys: string[]): Buffer {
  const texts = keys.map((key) => Buffer.from(key));
  const offsets = [0];
  for (const text of texts) offsets.push((offsets.at(-1) as number) + text.length);
  return Buffer.concat([Buffer.of(1, keys.length, ...offsets), ...texts]);
}

function primitive(type: number, ...bytes: number[]): Buffer {
  return Buffer.of(type << 2, ...bytes);
}

function int64(value: bigint): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return [...bytes];
}

const NO_KEYS = metadataOf();

describe("variants as JSON text", () => {
  it("are primitives of every type, exact", () => {
    const float = Buffer.alloc(4);
    float.writeFloatLE(0.1);
    const double = Buffer.alloc(8);
    double.writeDoubleLE(-0);
    const cases: [Buffer, string][] = [
      [primitive(0), "null"],
      [primitive(1), "true"],
      [primitive(2), "false"],
      [primitive(3, 0x80), "-128"],
      [primitive(4, 0x00, 0x80), "-32768"],
      [primitive(5, 0xff, 0xff, 0xff, 0x7f), "2147483647"],
      [primitive(6, ...int64(2n ** 53n + 1n)), "9007199254740993"],
      [primitive(7, ...double), "-0.0"],
      [primitive(8, 2, 0x96, 0, 0, 0), "1.50"],
      [primitive(9, 0, ...int64(-(10n ** 17n))), "-100000000000000000"],
      [primitive(10, 20, ...int64(-1n), ...int64(-1n)), "-0.00000000000000000001"],
      [primitive(11, 0xff, 0xff, 0xff, 0xff), '"1969-12-31"'],
      [primitive(12, ...int64(-1n)), '"1969-12-31T23:59:59.999999Z"'],
      [primitive(13, ...int64(1_000_000n)), '"1970-01-01T00:00:01"'],
      [primitive(14, ...float), "0.1"],
      [primitive(15, 2, 0, 0, 0, 0, 0xff), '"AP8="'],
      [primitive(16, 3, 0, 0, 0, 0x22, 0xc3, 0xa9), '"\\"é"'],
      [primitive(17, ...int64(86_399_999_999n)), '"23:59:59.999999"'],
      [primitive(18, ...int64(-1n)), '"1969-12-31T23:59:59.999999999Z"'],
      [primitive(19, ...int64(1_000_000_010n)), '"1970-01-01T00:00:01.00000001"'],
      [
        primitive(20, ...Array.from({ length: 16 }, (_, index) => index)),
        '"00010203-0405-0607-0809-0a0b0c0d0e0f"',
      ],
      [Buffer.of((2 << 2) | 1, 0x61, 0x62), '"ab"'],
    ];
    for (const [value, text] of cases) assert.equal(variantToJson(NO_KEYS, value), text);
  });

  it("are objects and arrays, with keys of any name", () => {
    const one = primitive(3, 1);
    const array = Buffer.concat([Buffer.of(3, 2, 0, 2, 3), one, primitive(0)]);
    assert.equal(variantToJson(NO_KEYS, array), "[1,null]");
    const object = Buffer.concat([
      Buffer.of(2, 2, 1, 0, 0, array.length, array.length + 2),
      array,
      one,
    ]);
    const keys = metadataOf("a.b", "__proto__");
    assert.equal(variantToJson(keys, object), '{"__proto__":[1,null],"a.b":1}');
    assert.equal(variantToJson(NO_KEYS, Buffer.of(2, 0, 0)), "{}");
  });

  it("are refused where they are cut, and never throw anything else", () => {
    const object = Buffer.concat([Buffer.of(2, 1, 0, 0, 2), primitive(3, 1)]);
    for (let length = 0; length < object.length; length += 1) {
      assert.throws(
        () => variantToJson(metadataOf("k"), object.subarray(0, length)),
        DecodeProblem,
      );
    }
    assert.throws(() => variantToJson(metadataOf(), object), /key 0 of 0/);
    assert.throws(() => variantToJson(Buffer.of(2, 0, 0), object), /version 2/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          JSON.parse(variantToJson(metadataOf("k", "l"), bytes));
        } catch (error) {
          assert.ok(error instanceof DecodeProblem, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
