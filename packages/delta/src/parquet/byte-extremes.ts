// SPDX-License-Identifier: Apache-2.0
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { BytesVector } from "../columns/column-block.ts";

/**
 * The smallest and the largest value of a column, as views of its memory.
 *
 * Everything between the two starts with the prefix they share. So a value that has the prefix and then a byte
 * between theirs is neither, which one pass over the prefix tells; only others are compared in full.
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
  let minByte = NO_BYTE;
  let maxByte = NO_BYTE;
  for (let row = firstRow; row < rowCount; row++) {
    const start = rowStart + LENGTH_PREFIX_BYTES;
    const end = ends[row] as number;
    rowStart = end;
    if (present !== null && present[row] === 0) continue;
    if (end - start > prefixBytes) {
      const index = sharedBytes(view, start, minStart, prefixBytes);
      const byte = data[start + index] as number;
      if (index === prefixBytes && byte > minByte && byte < maxByte) continue;
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
    minByte = minStart + prefixBytes < minEnd ? (data[minStart + prefixBytes] as number) : NO_BYTE;
    maxByte = maxStart + prefixBytes < maxEnd ? (data[maxStart + prefixBytes] as number) : NO_BYTE;
  }
  return [data.subarray(minStart, minEnd), data.subarray(maxStart, maxEnd)];
}

/** Below every byte: the end of a value comes before any continuation of it. */
const NO_BYTE = -1;

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
