// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { BytesVector } from "../../../src/columns/column-block.ts";
import { type Dictionary, dictionaryOf } from "../../../src/parquet/dictionary.ts";
import { mixed } from "../../../src/parquet/value-table.ts";
import { blockOf, field, schemaOf, type Value } from "../../integration/parquet/support/blocks.ts";

const PAGE_BYTES = 1 << 20;

function vectorOf(values: readonly Value[]): BytesVector {
  const [column] = blockOf(schemaOf(field("c", "binary", true)), [values]).columns;
  assert.ok(column?.kind === "bytes");
  return column;
}

function dictionaryOfValues(values: readonly Value[], maxBytes = PAGE_BYTES): Dictionary | null {
  return dictionaryOf(vectorOf(values), values.length, maxBytes, (count) => new Int32Array(count));
}

/** The values again, as hexadecimal. */
function resolved({ entries, entryCount, indices }: Dictionary): string[] {
  const texts: string[] = [];
  for (let index = 0, start = 0; index < entryCount; index++) {
    const end = entries.ends[index] as number;
    texts.push(Buffer.from(entries.data.subarray(start + 4, end)).toString("hex"));
    start = end;
  }
  assert.equal(new Set(texts).size, entryCount, "an entry occurs twice");
  assert.equal(entries.data.length, entries.ends[entryCount - 1]);
  return Array.from(indices, (index) => texts[index] as string);
}

function hexOf(values: readonly Value[]): string[] {
  return values
    .filter((value) => value !== null)
    .map((value) => Buffer.from(value as string | Uint8Array).toString("hex"));
}

/** `count` rows that have `distinct` values, evenly often and in random order. */
function shuffled(count: number, distinct: number): string[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 69_069) + 1) >>> 0;
    return `value ${Math.floor((state / 2 ** 32) * distinct)}`;
  });
}

describe("dictionaryOf", () => {
  it("gives back any values, and is smaller than they are", () => {
    const pool = fc.uniqueArray(fc.uint8Array({ maxLength: 24 }), {
      minLength: 1,
      maxLength: 20,
      selector: (bytes) => Buffer.from(bytes).toString("hex"),
    });
    let found = 0;
    fc.assert(
      fc.property(
        pool.chain((values) => fc.array(fc.constantFrom(null, ...values), { maxLength: 300 })),
        (values) => {
          const dictionary = dictionaryOfValues(values);
          if (dictionary === null) return;
          found++;
          assert.deepEqual(resolved(dictionary), hexOf(values));
          const indexBytes = (dictionary.indices.length * dictionary.bitWidth) / 8;
          const plainBytes = vectorOf(values).ends[values.length - 1] as number;
          assert.ok(dictionary.entries.data.length + indexBytes < plainBytes);
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(found > 0, "no dictionary at all");
  });

  it("tells values apart that differ in their last bytes or their length alone", () => {
    const values = ["", "a", "aa", "aaa", "aaaa", "aaaaa", "aaaab", "aaaa\u0000", "aaabaaaa"];
    const rows = Array.from({ length: 500 }, (_, row) => values[row % values.length] as string);
    const dictionary = dictionaryOfValues(rows);
    assert.equal(dictionary?.entryCount, values.length);
    assert.deepEqual(resolved(dictionary), hexOf(rows));
  });

  it("takes as many bits as the last index needs", () => {
    for (const [distinct, bitWidth] of [
      [1, 0],
      [2, 1],
      [3, 2],
      [256, 8],
      [257, 9],
    ] as const) {
      const rows = Array.from({ length: distinct * 40 }, (_, row) => `value ${row % distinct}`);
      assert.equal(dictionaryOfValues(rows)?.bitWidth, bitWidth);
    }
  });

  it("finds a dictionary whatever the order of the rows", () => {
    const distinct = 2000;
    const inTurn = Array.from({ length: 65_536 }, (_, row) => `value ${row % distinct}`);
    assert.equal(dictionaryOfValues(inTurn)?.entryCount, distinct);
    assert.equal(dictionaryOfValues([...inTurn].sort())?.entryCount, distinct);
    assert.equal(dictionaryOfValues(shuffled(65_536, distinct))?.entryCount, distinct);
  });

  it("makes none of values that differ, or of no values", () => {
    assert.equal(dictionaryOfValues(Array.from({ length: 65_536 }, (_, row) => `${row}`)), null);
    assert.equal(dictionaryOfValues(Array.from({ length: 60 }, (_, row) => `${row}`)), null);
    assert.equal(dictionaryOfValues([]), null);
    assert.equal(dictionaryOfValues(Array.from({ length: 5000 }, () => null)), null);
  });

  it("makes none beyond the bytes allowed, whether a sample tells or the whole column", () => {
    const entryBytes = 4 + 6;
    const few = Array.from({ length: 900 }, (_, row) => `value${row % 9}`);
    assert.notEqual(dictionaryOfValues(few, 9 * entryBytes), null);
    assert.equal(dictionaryOfValues(few, 9 * entryBytes - 1), null);
    const many = Array.from({ length: 9000 }, (_, row) => `value${row % 9}`);
    assert.notEqual(dictionaryOfValues(many, 9 * entryBytes), null);
    assert.equal(dictionaryOfValues(many, 9 * entryBytes - 1), null);
  });

  it("gives up on values that were made to share a hash", () => {
    const values = collidingValues(300);
    const rows = Array.from({ length: 900 }, (_, row) => values[row % 300] as Uint8Array);
    assert.equal(dictionaryOfValues(rows), null);
    const some = Array.from({ length: 900 }, (_, row) => values[row % 100] as Uint8Array);
    const dictionary = dictionaryOfValues(some);
    assert.equal(dictionary?.entryCount, 100);
    assert.deepEqual(resolved(dictionary), hexOf(some));
  });
});

/** Values of two words, of which the second undoes the difference of the first. */
function collidingValues(count: number): Uint8Array[] {
  const valueBytes = 8;
  const turned = (word: number): number => {
    const hash = mixed(mixed(0, valueBytes), word);
    return (hash << 5) | (hash >>> 27);
  };
  return Array.from({ length: count }, (_, index) => {
    const value = Buffer.alloc(valueBytes);
    value.writeInt32LE(index, 0);
    value.writeInt32LE(turned(index) ^ turned(0), 4);
    return value;
  });
}
