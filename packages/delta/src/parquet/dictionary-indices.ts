// SPDX-License-Identifier: Apache-2.0
import type { PageBuffer } from "./encoder-scratch.ts";
import { appendRuns } from "./hybrid-runs.ts";

/**
 * Appends values of a data page as indices into the dictionary page of its column chunk:
 *
 *     values := bitWidth:u8 runs                 runs as in `hybrid-runs.ts`
 *
 * A page without values has the bit width all the same.
 * @param bitWidth 0 to 24; each of `indices[start..end)` is below `2 ** bitWidth`.
 */
export function appendIndices(
  page: PageBuffer,
  indices: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): void {
  page.reserve(1);
  page.bytes[page.length++] = bitWidth;
  appendRuns(page, indices, start, end, bitWidth);
}
