// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ColumnBlock } from "../../../src/columns/column-block.ts";
import { joinSmallBlocks } from "../../../src/columns/join-small-blocks.ts";

/** A block of one column that counts on from `start`. */
function blockOf(start: number, rowCount: number): ColumnBlock {
  const values = Int32Array.from({ length: rowCount }, (_, row) => start + row);
  return { rowCount, columns: [{ kind: "int32", values, validity: null }] };
}

async function joined(blocks: readonly ColumnBlock[]): Promise<ColumnBlock[]> {
  async function* given(): AsyncGenerator<ColumnBlock> {
    yield* blocks;
  }
  const results: ColumnBlock[] = [];
  for await (const block of joinSmallBlocks(given())) results.push(block);
  return results;
}

test("joins small blocks in order, and leaves large ones", async () => {
  const blocks = await joined([
    blockOf(0, 70_000),
    blockOf(70_000, 40_000),
    blockOf(110_000, 40_000),
    blockOf(150_000, 5),
    blockOf(150_005, 1),
  ]);
  assert.deepEqual(
    blocks.map(({ rowCount }) => rowCount),
    [70_000, 80_000, 6],
  );
  const [, , last] = blocks;
  const [column] = last?.columns ?? [];
  assert.ok(column?.kind === "int32");
  assert.deepEqual(
    [...column.values.subarray(0, 6)],
    [150_000, 150_001, 150_002, 150_003, 150_004, 150_005],
  );
});

test("gives nothing for nothing", async () => {
  assert.deepEqual(await joined([]), []);
});
