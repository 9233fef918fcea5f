// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFullBlock } from "../../../src/ingest/block-size.ts";

const MIB = 1_048_576;

test("seals large blocks while few files are open", () => {
  for (const files of [1, 6]) {
    assert.ok(!isFullBlock(65_535, MIB, files));
    assert.ok(isFullBlock(65_536, MIB, files));
    assert.ok(!isFullBlock(1, 24 * MIB - 1, files));
    assert.ok(isFullBlock(1, 24 * MIB, files));
  }
});

test("seals smaller blocks the more files are open, down to a ninth", () => {
  assert.ok(!isFullBlock(32_767, MIB, 12));
  assert.ok(isFullBlock(32_768, MIB, 12));
  for (const files of [54, 1000]) {
    assert.ok(!isFullBlock(7_281, 2 * MIB, files));
    assert.ok(isFullBlock(7_282, MIB, files));
    assert.ok(isFullBlock(1, 3 * MIB, files));
  }
});
