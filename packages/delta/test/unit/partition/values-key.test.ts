// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyOfValues } from "../../../src/partition/values-key.ts";

describe("keyOfValues", () => {
  test("is another one for other values", () => {
    const rows: readonly unknown[][] = [
      [0],
      [-0],
      ["0"],
      [null],
      [undefined],
      [0n],
      [new Date(0)],
      [Uint8Array.of(0)],
      ["a", "b"],
      ["a\u0000", "b"],
      ["a", "\u0000b"],
      ["a", null],
      ["a", "null"],
      [0, -0],
      [-0, 0],
    ];
    assert.equal(new Map(rows.map((values) => [keyOfValues(values), values])).size, rows.length);
  });

  test("is the same for equal values", () => {
    assert.equal(keyOfValues([Uint8Array.of(1, 2)]), keyOfValues([Uint8Array.of(1, 2)]));
    assert.equal(keyOfValues([new Date(5)]), keyOfValues([new Date(5)]));
    assert.equal(keyOfValues(["a", 1n]), keyOfValues(["a", 1n]));
  });
});
