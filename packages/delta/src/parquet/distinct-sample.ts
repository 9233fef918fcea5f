// SPDX-License-Identifier: Apache-2.0
import type { BytesVector } from "../columns/column-block.ts";
import { ValueTable } from "./value-table.ts";

/** Enough to see a few repeats among 16,000 distinct values, and under a hundredth of a full row group. */
const SAMPLE_ROWS = 512;
/** Columns below are as quickly read as sampled. */
const MIN_ROWS_TO_SAMPLE = 2 * SAMPLE_ROWS;
/** Values that occur less often on average save too little for the work. */
const MIN_OCCURRENCES = 4;

/**
 * Whether a dictionary of the first `rowCount` rows is worth trying: `false` where a sample says that values hardly
 * repeat, or that one of each would take more than `maxBytes`.
 *
 * Rows are drawn at random, so their order does not matter. The number of distinct values is estimated after Chao and
 * Lin (2012), from how many values the sample has once, how many twice, and how much of the column it is.
 */
export function hasFewDistinctValues(
  vector: BytesVector,
  rowCount: number,
  maxBytes: number,
): boolean {
  if (rowCount < MIN_ROWS_TO_SAMPLE) return true;
  const { ends } = vector;
  const table = new ValueTable(vector.data, SAMPLE_ROWS);
  const occurrences = new Uint16Array(SAMPLE_ROWS);
  let sampled = 0;
  let once = 0;
  let twice = 0;
  let state = 1;
  for (let draw = 0; draw < SAMPLE_ROWS; draw++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // From the high bits: the low ones of this generator repeat soon.
    const row = Math.floor((state / 0x1_0000_0000) * rowCount);
    const start = row === 0 ? 0 : (ends[row - 1] as number);
    const end = ends[row] as number;
    if (end === start) continue;
    const distinctBefore = table.count;
    const index = table.indexOf(start, end);
    if (index < 0) return false;
    // The same row once more says nothing.
    if (index < distinctBefore && table.startOf(index) === start) continue;
    sampled++;
    const count = (occurrences[index] as number) + 1;
    occurrences[index] = count;
    if (count === 1) once++;
    else if (count === 2) {
      once--;
      twice++;
    } else if (count === 3) twice--;
  }
  if (sampled === 0) return true;
  const valueCount = (rowCount * sampled) / SAMPLE_ROWS;
  const unseen =
    once === 0 ? 0 : (once * once) / (2 * twice + (once * sampled) / (valueCount - sampled));
  const estimate = table.count + unseen;
  const valueBytes = (ends[rowCount - 1] as number) / valueCount;
  return estimate * MIN_OCCURRENCES <= valueCount && estimate * valueBytes <= maxBytes;
}
