// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { appendIndices } from "../../../src/parquet/dictionary-indices.ts";
import { PageBuffer } from "../../../src/parquet/encoder-scratch.ts";

/** Indices as they occur: stretches of one value between stretches of any. */
const indicesOf = (bitWidth: number): fc.Arbitrary<Int32Array> => {
  const index = fc.integer({ min: 0, max: 2 ** bitWidth - 1 });
  const run = fc
    .tuple(index, fc.integer({ min: 1, max: 90 }))
    .map(([value, count]) => Array.from({ length: count }, () => value));
  return fc
    .array(fc.oneof(run, fc.array(index, { maxLength: 30 })), { maxLength: 12 })
    .map((parts) => Int32Array.from(parts.flat()));
};

function encodeIndices(
  indices: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): Uint8Array {
  const page = new PageBuffer();
  // As it is after other pages: no byte is zero that nobody has written.
  page.append(new Uint8Array(4000).fill(0xff));
  page.clear();
  appendIndices(page, indices, start, end, bitWidth);
  return page.view();
}

describe("appendIndices", () => {
  it("writes what decodes to the same indices, for every bit width", () => {
    const input = fc
      .integer({ min: 0, max: 24 })
      .chain((bitWidth) => fc.tuple(fc.constant(bitWidth), indicesOf(bitWidth)));
    fc.assert(
      fc.property(input, ([bitWidth, indices]) => {
        const encoded = encodeIndices(indices, 0, indices.length, bitWidth);
        assert.deepEqual(decoded(encoded, indices.length, bitWidth), [...indices]);
      }),
      { numRuns: 1000 },
    );
  });

  it("encodes only the values asked for", () => {
    const encoded = encodeIndices(Int32Array.of(7, 7, 1, 0, 300, 1), 2, 5, 9);
    assert.deepEqual(decoded(encoded, 3, 9), [1, 0, 300]);
  });

  it("takes a long run in a few bytes, and a single entry without any for its index", () => {
    const indices = new Int32Array(20_000);
    assert.equal(encodeIndices(indices, 0, indices.length, 17).length, 1 + 3 + 3);
    assert.equal(encodeIndices(indices, 0, indices.length, 0).length, 1 + 3);
  });

  it("writes the bit width alone for a page without values", () => {
    assert.deepEqual([...encodeIndices(new Int32Array(0), 0, 0, 5)], [5]);
  });
});

/** Reads by the grammar, and checks that nothing is left over. */
function decoded(encoded: Uint8Array, count: number, bitWidth: number): number[] {
  assert.equal(encoded[0], bitWidth);
  const indices: number[] = [];
  let offset = 1;
  while (offset < encoded.length) {
    assert.ok(indices.length < count, "a run after the last index");
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = encoded[offset++] as number;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const isPacked = (header & 1) === 1;
    const width = isPacked ? bitWidth : Math.ceil(bitWidth / 8) * 8;
    const stored = isPacked ? (header >>> 1) * 8 : 1;
    const values = Array.from({ length: stored }, (_, index) => {
      let value = 0;
      for (let bit = 0; bit < width; bit++) {
        const place = index * width + bit;
        const byte = encoded[offset + (place >>> 3)] as number;
        value |= ((byte >>> (place & 7)) & 1) << bit;
      }
      return value;
    });
    offset += Math.ceil((stored * width) / 8);
    if (isPacked) indices.push(...values);
    else for (let repeat = 0; repeat < header >>> 1; repeat++) indices.push(values[0] as number);
  }
  assert.equal(offset, encoded.length);
  assert.ok(indices.length - count < 8, "padding beyond the last group");
  assert.ok(
    indices.slice(count).every((index) => index === 0),
    "padding that is not zero",
  );
  return indices.slice(0, count);
}
