// SPDX-License-Identifier: Apache-2.0
import { type ColumnBlock, memoryOf } from "./column-block.ts";
import { concatBlocks } from "./concat-blocks.ts";

/** Rows and bytes from which a block is large enough. */
const MIN_BLOCK_ROWS = 65_536;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * The rows of blocks of the same columns, in order, in blocks that make good row groups: each small one would cost a
 * reader a look-up, and compress worse.
 */
export async function* joinSmallBlocks(
  blocks: AsyncIterable<ColumnBlock>,
): AsyncGenerator<ColumnBlock, void, undefined> {
  let waiting: ColumnBlock[] = [];
  let rowCount = 0;
  let byteCount = 0;
  for await (const block of blocks) {
    waiting.push(block);
    rowCount += block.rowCount;
    byteCount += memoryOf(block);
    if (rowCount < MIN_BLOCK_ROWS && byteCount < MAX_WAITING_BYTES) continue;
    yield concatBlocks(waiting);
    waiting = [];
    rowCount = 0;
    byteCount = 0;
  }
  if (waiting.length > 0) yield concatBlocks(waiting);
}
