// SPDX-License-Identifier: Apache-2.0

/** A block is sealed at the first message boundary past either bound: large enough for the encoder, small enough for the cache. */
const BLOCK_ROWS = 65_536;
const BLOCK_BYTES = 24 * 1024 * 1024;
/** Beyond so many open files blocks are smaller, for every table that takes records has rows in memory. */
const FILES_WITH_LARGE_BLOCKS = 6;
/** Such blocks fit what a builder begins with; smaller ones would make row groups that readers are slow on. */
const MIN_SHARE = 1 / 9;

/** Whether a table's rows are to be sealed, with `openFileCount` data files being written for all tables. */
export function isFullBlock(rowCount: number, byteLength: number, openFileCount: number): boolean {
  const share = Math.min(1, Math.max(MIN_SHARE, FILES_WITH_LARGE_BLOCKS / openFileCount));
  return rowCount >= BLOCK_ROWS * share || byteLength >= BLOCK_BYTES * share;
}
