// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { decodeDeletionVector } from "../../../src/scan/deletion-vectors/roaring.ts";
import type { RowSet } from "../../../src/scan/deletion-vectors/row-set.ts";
import { decodeZ85 } from "../../../src/scan/deletion-vectors/z85.ts";
import { DecodeProblem } from "../../../src/scan/parquet/decode-problem.ts";
import { type ContainerKind, deletionVectorBytes } from "../../support/roaring-encoder.ts";

function rowsOf(set: RowSet): number[] {
  return Array.from({ length: set.rowCount }, (_, row) => row).filter((row) => set.has(row));
}

describe("Z85", () => {
  it("decodes the example of its specification", () => {
    assert.deepEqual(
      [...decodeZ85("HelloWorld")],
      [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b],
    );
    assert.deepEqual([...decodeZ85("")], []);
  });

  it("refuses text that is none", () => {
    for (const text of ["Hell", "Hell\u00e9", "Hell,", "#####"]) {
      assert.throws(() => decodeZ85(text), DecodeProblem, text);
    }
  });
});

describe("deletion vectors", () => {
  // The protocol's own example is of an older format, which its text does not describe: it has another magic number.
  it("decode the inline vector that Delta's implementations share", () => {
    const text = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
    assert.deepEqual(rowsOf(decodeDeletionVector(decodeZ85(text), 100)), [3, 4, 7, 11, 18, 29]);
    const older = decodeZ85("wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L");
    assert.throws(() => decodeDeletionVector(older, 100), /starts with/);
  });

  it("decode the UUID of the protocol's example", () => {
    const bytes = decodeZ85("^-aqEH.-t@S}K{vb[*k^");
    assert.equal(Buffer.from(bytes).toString("hex"), "d2c639aa8816431aaaf6d3fe2512ff61");
  });

  it("decode any rows in containers of any kind", () => {
    const rowCount = 300_000;
    const runs = fc
      .tuple(fc.nat(rowCount - 1), fc.integer({ min: 1, max: 6000 }))
      .map(([start, length]) =>
        Array.from({ length: Math.min(length, rowCount - start) }, (_, index) => start + index),
      );
    const anyRows = fc
      .tuple(fc.array(fc.nat(rowCount - 1), { maxLength: 50 }), fc.array(runs, { maxLength: 6 }))
      .map(([single, many]) => [...new Set([...single, ...many.flat()])].toSorted((a, b) => a - b));
    const kinds = fc.array(fc.constantFrom<"fitting" | "runs">("fitting", "runs"), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(anyRows, kinds, (rows, chosen) => {
        const countIn = (key: number): number => rows.filter((row) => row >> 16 === key).length;
        const kindOf = (key: number): ContainerKind =>
          chosen[key] === "runs" ? "runs" : countIn(key) > 4096 ? "bits" : "array";
        const set = decodeDeletionVector(deletionVectorBytes(rows, kindOf), rowCount);
        assert.deepEqual(rowsOf(set), rows);
        assert.equal(set.size, rows.length);
      }),
      { numRuns: 40 },
    );
  });

  it("refuse bytes that are cut, changed or for another file", () => {
    const whole = deletionVectorBytes([1, 5, 70_000]);
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(() => decodeDeletionVector(whole.subarray(0, length), 100_000), DecodeProblem);
    }
    assert.throws(
      () => decodeDeletionVector(Buffer.concat([whole, Buffer.of(0)]), 100_000),
      /behind its end/,
    );
    assert.throws(
      () => decodeDeletionVector(whole, 70_000),
      /deletes row 70000 of a file of 70000/,
    );
    const other = Buffer.from(whole);
    other[0] = 0;
    assert.throws(() => decodeDeletionVector(other, 100_000), /starts with/);
    assert.throws(
      () => decodeDeletionVector(deletionVectorBytes([2 ** 33]), 100_000),
      DecodeProblem,
    );
  });

  it("never throw anything else, whatever the bytes", () => {
    const whole = deletionVectorBytes([1, 2, 3, 9, 66_000], () => "runs");
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (position, byte) => {
        const changed = Buffer.from(whole);
        changed[position] = byte;
        try {
          decodeDeletionVector(changed, 100_000);
        } catch (error) {
          assert.ok(error instanceof DecodeProblem, String(error));
        }
      }),
    );
  });
});
