// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, type ColumnBlock } from "@sluice/delta";
import { SpareBlocks } from "../../../src/commit/spare-blocks.ts";

function blockOf(rowCapacity: number): ColumnBlock {
  return new BlockBuilder([{ kind: "double", nullable: false }], rowCapacity).seal();
}

describe("spare blocks", () => {
  it("are given out once, by shape, the newest first", () => {
    const spares = new SpareBlocks();
    const [first, second, other] = [blockOf(8), blockOf(8), blockOf(8)];
    spares.put("a", first);
    spares.put("a", second);
    spares.put("b", other);
    assert.equal(spares.take("a"), second);
    assert.equal(spares.take("a"), first);
    assert.equal(spares.take("a"), undefined);
    assert.equal(spares.take("b"), other);
  });

  it("are bounded in bytes: the oldest go first", () => {
    const spares = new SpareBlocks();
    const fortyMib = (40 * 1024 * 1024) / 8;
    const blocks = Array.from({ length: 4 }, () => blockOf(fortyMib));
    for (const block of blocks) spares.put("a", block);
    assert.equal(spares.take("a"), blocks[3]);
    assert.equal(spares.take("a"), blocks[2]);
    assert.equal(spares.take("a"), blocks[1]);
    assert.equal(spares.take("a"), undefined);
  });
});
