// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  BINARY_PREFIX_BYTES,
  binaryBounds,
  type ByteBounds,
  compareBytes,
  mergedByteBounds,
  STRING_PREFIX_CODE_POINTS,
  stringBounds,
} from "../../../src/parquet/byte-bounds.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : strictUtf8.decode(bytes);

function bound(value: string): ByteBounds {
  return stringBounds(utf8(value), utf8(value));
}

function upperBoundOf(value: string): string | null {
  return text(bound(value).max);
}

/** Strings around the cut, of code points that are first or last in their UTF-8 length, or last of all. */
const string = fc
  .array(
    fc.constantFrom(
      "a",
      "\u007e",
      "\u007f",
      "\u0080",
      "\u07ff",
      "\u0800",
      "\ud7ff",
      "\uffff",
      "\u{10000}",
      "\u{10ffff}",
    ),
    { minLength: 28, maxLength: 70 },
  )
  .map((points) => points.join(""));

describe("stringBounds", () => {
  it("encloses the values, in UTF-8 that is never cut within a character", () => {
    fc.assert(
      fc.property(fc.oneof(string, fc.string({ unit: "binary" })), (value) => {
        const bytes = utf8(value);
        const { min, max, isMinExact, isMaxExact } = stringBounds(bytes, bytes);
        assert.ok(value.startsWith(strictUtf8.decode(min)));
        assert.ok(compareBytes(min, bytes) <= 0);
        assert.equal(isMinExact, min.length === bytes.length);
        if (max === null) return;
        strictUtf8.decode(max);
        assert.ok(compareBytes(max, bytes) >= 0);
        assert.equal(isMaxExact, compareBytes(max, bytes) === 0);
        assert.ok(Array.from(strictUtf8.decode(max)).length <= 2 * STRING_PREFIX_CODE_POINTS);
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps a value of 32 code points, whatever their length", () => {
    for (const point of ["a", "é", "\u{1f600}", "\u{10ffff}"]) {
      const bytes = utf8(point.repeat(STRING_PREFIX_CODE_POINTS));
      const bounds = stringBounds(bytes, bytes);
      assert.deepEqual(bounds, { min: bytes, isMinExact: true, max: bytes, isMaxExact: true });
    }
  });

  it("rounds up with DEL where what is cut off starts with ASCII, and with the last code point otherwise", () => {
    const prefix = "a".repeat(STRING_PREFIX_CODE_POINTS);
    assert.equal(upperBoundOf(`${prefix}z`), `${prefix}\u007f`);
    assert.equal(upperBoundOf(`${prefix}\u007f`), `${prefix}\u{10ffff}`);
    assert.equal(upperBoundOf(`${prefix}éé`), `${prefix}\u{10ffff}`);
  });

  it("looks for a place to round up behind the last code point, and gives up after 64", () => {
    const last = "\u{10ffff}";
    assert.equal(upperBoundOf(`${last.repeat(40)}a${last}`), `${last.repeat(40)}\u007f`);
    assert.equal(upperBoundOf(last.repeat(64)), last.repeat(64));
    assert.equal(upperBoundOf(last.repeat(100)), null);
  });
});

describe("binaryBounds", () => {
  it("encloses the values within 64 bytes", () => {
    const bytesNearEnd = fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 80 });
    fc.assert(
      fc.property(bytesNearEnd, (values) => {
        const bytes = Uint8Array.from(values);
        const { min, max, isMaxExact } = binaryBounds(bytes, bytes);
        assert.ok(compareBytes(min, bytes) <= 0);
        assert.ok(min.length <= BINARY_PREFIX_BYTES);
        if (max === null) return;
        assert.ok(compareBytes(max, bytes) >= 0);
        assert.ok(max.length <= BINARY_PREFIX_BYTES);
        assert.equal(isMaxExact, compareBytes(max, bytes) === 0);
      }),
      { numRuns: 500 },
    );
  });

  it("has no upper bound above bytes that cannot grow", () => {
    const bytes = new Uint8Array(BINARY_PREFIX_BYTES + 1).fill(0xff);
    assert.equal(binaryBounds(bytes, bytes).max, null);
  });
});

describe("mergedByteBounds", () => {
  it("encloses both, and has no upper bound where one of them has none", () => {
    const merged = mergedByteBounds(bound("b"), bound("a"));
    assert.deepEqual([text(merged.min), text(merged.max)], ["a", "b"]);
    const unbounded = bound("\u{10ffff}".repeat(100));
    assert.equal(unbounded.max, null);
    assert.equal(mergedByteBounds(unbounded, bound("a")).max, null);
    assert.equal(mergedByteBounds(bound("a"), unbounded).max, null);
  });
});
