// SPDX-License-Identifier: Apache-2.0
import type { EncoderScratch, PageBuffer } from "./encoder-scratch.ts";
import { appendRun, appendRuns } from "./hybrid-runs.ts";

/**
 * Definition and repetition levels of a DataPageV1:
 *
 *     levels  := length:u32le runs               length = bytes of all runs, which are as in `hybrid-runs.ts`
 */

const LENGTH_BYTES = 4;

/**
 * Appends `levels[start..end)`, each below `2 ** bitWidth`.
 * @param bitWidth 1 to 8; a column whose highest level is 0 has no levels in its pages.
 */
export function appendLevels(
  scratch: EncoderScratch,
  levels: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
): void {
  // Widened, so that levels and indices go through the same loops: they are slow where they see arrays of two types.
  const words = scratch.words(end - start);
  words.set(levels.subarray(start, end));
  appendWithLength(scratch.page, () => appendRuns(scratch.page, words, 0, end - start, bitWidth));
}

/** Appends `count` times the same level: a page without nulls, or with nothing else. */
export function appendConstantLevel(page: PageBuffer, level: number, count: number): void {
  appendWithLength(page, () => appendRun(page, level, count, 1));
}

function appendWithLength(page: PageBuffer, append: () => void): void {
  const start = page.length;
  page.reserve(LENGTH_BYTES);
  page.length += LENGTH_BYTES;
  append();
  const runBytes = page.length - start - LENGTH_BYTES;
  for (let byte = 0; byte < LENGTH_BYTES; byte++)
    page.bytes[start + byte] = runBytes >>> (byte * 8);
}
