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
      let index = 0;
      while (index < prefixBytes && data[start + index] === data[minStart + index]) index++;
      const byte = data[start + index] as number;
      if (index === prefixBytes && byte > minByte && byte < maxByte) continue;
    }
    if (compareRanges(data, start, end, minStart, minEnd) < 0) {
      minStart = start;
      minEnd = end;
    } else if (compareRanges(data, start, end, maxStart, maxEnd) > 0) {
      maxStart = start;
      maxEnd = end;
    } else {
      continue;
    }
    prefixBytes = sharedPrefixBytes(data, minStart, minEnd, maxStart, maxEnd);
    minByte = minStart + prefixBytes < minEnd ? (data[minStart + prefixBytes] as number) : NO_BYTE;
    maxByte = maxStart + prefixBytes < maxEnd ? (data[maxStart + prefixBytes] as number) : NO_BYTE;
  }
  return [data.subarray(minStart, minEnd), data.subarray(maxStart, maxEnd)];
}

/** Below every byte: the end of a value comes before any continuation of it. */
const NO_BYTE = -1;

function sharedPrefixBytes(
  data: Uint8Array,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): number {
  const limit = Math.min(leftEnd - leftStart, rightEnd - rightStart);
  let index = 0;
  while (index < limit && data[leftStart + index] === data[rightStart + index]) index++;
  return index;
}

function compareRanges(
  data: Uint8Array,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): number {
  const shared = sharedPrefixBytes(data, leftStart, leftEnd, rightStart, rightEnd);
  const leftBytes = leftEnd - leftStart;
  const rightBytes = rightEnd - rightStart;
  if (shared === leftBytes || shared === rightBytes) return leftBytes - rightBytes;
  return (data[leftStart + shared] as number) - (data[rightStart + shared] as number);
}
