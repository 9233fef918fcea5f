// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { EncoderScratch } from "../../../src/parquet/encoder-scratch.ts";
import { appendConstantLevel, appendLevels } from "../../../src/parquet/levels.ts";

/** Levels as they occur: stretches of one value between stretches of any. */
const levelsOf = (bitWidth: number): fc.Arbitrary<Uint8Array> => {
  const level = fc.integer({ min: 0, max: 2 ** bitWidth - 1 });
  const run = fc
    .tuple(level, fc.integer({ min: 1, max: 90 }))
    .map(([value, count]) => Array.from({ length: count }, () => value));
  return fc
    .array(fc.oneof(run, fc.array(level, { maxLength: 30 })), { maxLength: 12 })
    .map((parts) => Uint8Array.from(parts.flat()));
};

function encodeLevels(
  levels: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
): Uint8Array {
  const scratch = dirtyScratch();
  appendLevels(scratch, levels, start, end, bitWidth);
  return scratch.page.view();
}

function encodeConstantLevel(level: number, count: number): Uint8Array {
  const { page } = dirtyScratch();
  appendConstantLevel(page, level, count);
  return page.view();
}

/** As it is after other pages: no byte is zero that nobody has written. */
function dirtyScratch(): EncoderScratch {
  const scratch = new EncoderScratch();
  scratch.page.append(new Uint8Array(4000).fill(0xff));
  scratch.page.clear();
  return scratch;
}

describe("appendLevels", () => {
  it("writes what decodes to the same levels, for every bit width", () => {
    const input = fc
      .integer({ min: 1, max: 8 })
      .chain((bitWidth) => fc.tuple(fc.constant(bitWidth), levelsOf(bitWidth)));
    fc.assert(
      fc.property(input, ([bitWidth, levels]) => {
        const encoded = encodeLevels(levels, 0, levels.length, bitWidth);
        assert.deepEqual(decoded(encoded, levels.length, bitWidth), [...levels]);
      }),
      { numRuns: 500 },
    );
  });

  it("encodes only the rows asked for", () => {
    const levels = Uint8Array.of(0, 0, 1, 0, 1, 1, 1, 1);
    const encoded = encodeLevels(levels, 2, 5, 1);
    assert.deepEqual(decoded(encoded, 3, 1), [1, 0, 1]);
  });

  it("takes a long run in a few bytes", () => {
    const levels = new Uint8Array(20_000);
    assert.equal(encodeLevels(levels, 0, levels.length, 1).length, 4 + 3 + 1);
  });

  it("takes a bit for each level where no run is long", () => {
    const levels = new Uint8Array(8000).map((_, index) => index % 2);
    assert.equal(encodeLevels(levels, 0, levels.length, 1).length, 4 + 2 + 1000);
  });
});

describe("appendConstantLevel", () => {
  it("writes the same as a run found by looking", () => {
    for (const count of [16, 127, 128, 20_000]) {
      const levels = new Uint8Array(count).fill(1);
      assert.deepEqual(encodeConstantLevel(1, count), encodeLevels(levels, 0, count, 1));
    }
  });
});

/** Reads the hybrid encoding by its grammar, and checks that nothing is left over. */
function decoded(encoded: Uint8Array, count: number, bitWidth: number): number[] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  assert.equal(view.getUint32(0, true), encoded.length - 4);
  const levels: number[] = [];
  let offset = 4;
  while (offset < encoded.length) {
    assert.ok(levels.length < count, "a run after the last level");
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = encoded[offset++] as number;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if ((header & 1) === 0) {
      const value = encoded[offset++] as number;
      for (let repeat = 0; repeat < header >>> 1; repeat++) levels.push(value);
    } else {
      const valueCount = (header >>> 1) * 8;
      for (let index = 0; index < valueCount; index++) {
        let value = 0;
        for (let bit = 0; bit < bitWidth; bit++) {
          const place = index * bitWidth + bit;
          const byte = encoded[offset + (place >>> 3)] as number;
          value |= ((byte >>> (place & 7)) & 1) << bit;
        }
        levels.push(value);
      }
      offset += (header >>> 1) * bitWidth;
    }
  }
  assert.ok(levels.length - count < 8, "padding beyond the last group");
  assert.ok(
    levels.slice(count).every((level) => level === 0),
    "padding that is not zero",
  );
  return levels.slice(0, count);
}
