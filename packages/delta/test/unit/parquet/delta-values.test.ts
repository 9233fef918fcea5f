// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  appendDeltas,
  estimateDeltaBits,
  MAX_INT32_SPAN,
  MAX_INT64_SPAN,
} from "../../../src/parquet/delta-values.ts";
import { PageBuffer } from "../../../src/parquet/encoder-scratch.ts";

/** Runs of values near each other, anywhere in a span. */
function valuesIn(min: bigint, max: bigint): fc.Arbitrary<bigint[]> {
  const span = max - min;
  const run = fc
    .tuple(
      fc.bigInt({ min: 0n, max: span }),
      fc.integer({ min: 0, max: 51 }),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 51n }), { minLength: 1, maxLength: 90 }),
    )
    .map(([base, bits, steps]) =>
      steps.map((step) => {
        const value = base + (step % 2n ** BigInt(bits));
        return min + (value > span ? span : value);
      }),
    );
  return fc.array(run, { maxLength: 6 }).map((runs) => runs.flat());
}

const INT32_SPANS = fc
  .integer({ min: -(2 ** 31), max: 0 })
  .map((min) => [BigInt(min), BigInt(min) + BigInt(MAX_INT32_SPAN) - 1n] as const);
const INT64_SPANS = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - BigInt(MAX_INT64_SPAN) })
  .map((min) => [min, min + BigInt(MAX_INT64_SPAN) - 1n] as const);

function encoded(values: readonly bigint[], wordsPerValue: 1 | 2): Uint8Array {
  const words =
    wordsPerValue === 1
      ? Int32Array.from(values, Number)
      : new Int32Array(BigInt64Array.from(values).buffer);
  const page = new PageBuffer();
  page.append(new Uint8Array(4000).fill(0xff));
  page.clear();
  appendDeltas(page, words, 0, values.length, wordsPerValue);
  return page.view();
}

describe("appendDeltas", () => {
  it("writes what decodes to the same values, for 32 bits", () => {
    const input = INT32_SPANS.chain(([min, max]) => valuesIn(min, max));
    fc.assert(
      fc.property(input, (values) => assert.deepEqual(decoded(encoded(values, 1)), values)),
      { numRuns: 500 },
    );
  });

  it("writes what decodes to the same values, for 64 bits", () => {
    const input = INT64_SPANS.chain(([min, max]) => valuesIn(min, max));
    fc.assert(
      fc.property(input, (values) => assert.deepEqual(decoded(encoded(values, 2)), values)),
      { numRuns: 500 },
    );
  });

  it("takes next to nothing for a sequence", () => {
    const values = Array.from({ length: 20_000 }, (_, row) => 1_700_000_000_000_000n + BigInt(row));
    assert.ok(encoded(values, 2).length < 1000);
  });
});

describe("estimateDeltaBits", () => {
  it("tells what the deltas of a column take", () => {
    const sequence = Int32Array.from({ length: 2000 }, (_, row) => row);
    assert.equal(estimateDeltaBits(sequence, 0, sequence.length, 1), 0);
    const alternating = sequence.map((row) => (row % 2) * 2 ** 20);
    assert.equal(estimateDeltaBits(alternating, 0, sequence.length, 1), 22);
    assert.equal(estimateDeltaBits(sequence, 0, 1, 1), Number.POSITIVE_INFINITY);
  });
});

/** Reads by the grammar, with numbers that never overflow, and checks that nothing is left over. */
function decoded(bytes: Uint8Array): bigint[] {
  let offset = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const zigzag = (): bigint => {
    const value = varint();
    return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
  };
  const blockCount = Number(varint());
  const miniblocks = Number(varint());
  const count = Number(varint());
  let value = zigzag();
  const values: bigint[] = count === 0 ? [] : [value];
  while (values.length < count) {
    const minDelta = zigzag();
    const bitWidths = bytes.slice(offset, offset + miniblocks);
    offset += miniblocks;
    for (const bitWidth of bitWidths) {
      const perMiniblock = blockCount / miniblocks;
      if (values.length === count) {
        assert.equal(bitWidth, 0);
        continue;
      }
      let packed = 0n;
      const byteCount = (perMiniblock * bitWidth) / 8;
      for (let byte = byteCount - 1; byte >= 0; byte--) {
        packed = (packed << 8n) | BigInt(bytes[offset + byte] as number);
      }
      offset += byteCount;
      for (let index = 0; index < perMiniblock; index++) {
        const delta = (packed >> BigInt(index * bitWidth)) & (2n ** BigInt(bitWidth) - 1n);
        if (values.length === count) {
          assert.equal(delta, 0n, "padding that is not zero");
          continue;
        }
        value += minDelta + delta;
        values.push(value);
      }
    }
  }
  assert.equal(offset, bytes.length);
  return values;
}
