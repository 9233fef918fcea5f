// SPDX-License-Identifier: Apache-2.0
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { BytesVector } from "../columns/column-block.ts";

/**
 * The smallest and the largest value of a column, as views of its memory.
 *
 * Everything between the two starts with the prefix they share. So a value that has the prefix and then bytes between
 * theirs is neither, which one pass over the prefix tells; only others are compared in full. Four bytes are looked at
 * where all three have as many, for with one alone the values that share it with either would be too many.
 * @param present where a value is, `null` for everywhere; there is at least one.
 */
export function byteExtremes(
  vector: BytesVector,
  present: Uint8Array | null,
  rowCount: number,
): [min: Uint8Array, max: Uint8Array] {
  const { data, ends } = vector;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const firstRow = present === null ? 0 : present.indexOf(1);
  let rowStart = firstRow === 0 ? 0 : (ends[firstRow - 1] as number);
  let minStart = rowStart + LENGTH_PREFIX_BYTES;
  let minEnd = ends[firstRow] as number;
  let maxStart = minStart;
  let maxEnd = minEnd;
  let prefixBytes = minEnd - minStart;
  let minKey = NO_KEY;
  let maxKey = NO_KEY;
  let keyBytes = 0;
  for (let row = firstRow; row < rowCount; row++) {
    const start = rowStart + LENGTH_PREFIX_BYTES;
    const end = ends[row] as number;
    rowStart = end;
    if (present !== null && present[row] === 0) continue;
    if (keyBytes > 0 && end - start >= prefixBytes + keyBytes) {
      const key = keyAt(view, start + prefixBytes, keyBytes);
      const isBetween = key > minKey && key < maxKey;
      if (isBetween && sharedBytes(view, start, minStart, prefixBytes) === prefixBytes) continue;
    }
    if (compareRanges(view, start, end, minStart, minEnd) < 0) {
      minStart = start;
      minEnd = end;
    } else if (compareRanges(view, start, end, maxStart, maxEnd) > 0) {
      maxStart = start;
      maxEnd = end;
    } else {
      continue;
    }
    prefixBytes = sharedBytes(
      view,
      minStart,
      maxStart,
      Math.min(minEnd - minStart, maxEnd - maxStart),
    );
    const restBytes = Math.min(minEnd - minStart, maxEnd - maxStart) - prefixBytes;
    keyBytes = restBytes >= KEY_BYTES ? KEY_BYTES : 1;
    minKey =
      prefixBytes < minEnd - minStart ? keyAt(view, minStart + prefixBytes, keyBytes) : NO_KEY;
    maxKey =
      prefixBytes < maxEnd - maxStart ? keyAt(view, maxStart + prefixBytes, keyBytes) : NO_KEY;
  }
  return [data.subarray(minStart, minEnd), data.subarray(maxStart, maxEnd)];
}

const KEY_BYTES = 4;
/** Below every key: the end of a value comes before any continuation of it. */
const NO_KEY = -1;

/** The bytes at a place as a number of the same order. */
function keyAt(view: DataView, start: number, keyBytes: number): number {
  return keyBytes === KEY_BYTES ? view.getUint32(start) : view.getUint8(start);
}

/** How many of the first `limit` bytes at two places agree; four at a time. */
function sharedBytes(view: DataView, left: number, right: number, limit: number): number {
  let index = 0;
  while (index + 4 <= limit && view.getInt32(left + index) === view.getInt32(right + index)) {
    index += 4;
  }
  while (index < limit && view.getUint8(left + index) === view.getUint8(right + index)) index++;
  return index;
}

function compareRanges(
  view: DataView,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): number {
  const leftBytes = leftEnd - leftStart;
  const rightBytes = rightEnd - rightStart;
  const shared = sharedBytes(view, leftStart, rightStart, Math.min(leftBytes, rightBytes));
  if (shared === leftBytes || shared === rightBytes) return leftBytes - rightBytes;
  return view.getUint8(leftStart + shared) - view.getUint8(rightStart + shared);
}
