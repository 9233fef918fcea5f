// SPDX-License-Identifier: Apache-2.0
import { MIN_RUN_COUNT, writeVarint } from "./levels.ts";

/**
 * Values of a data page as indices into the dictionary page of its column chunk:
 *
 *     values := bitWidth:u8 run*                 runs as in `levels.ts`, without their length in front
 *
 * A page without values has the bit width all the same. The loops are those of levels once more: they are several
 * times slower where they see arrays of two types.
 */

const MAX_VARINT_BYTES = 5;

/**
 * Encodes `indices[start..end)`, each below `2 ** bitWidth`.
 * @param bitWidth 0 to 24
 */
export function encodeIndices(
  indices: Uint32Array,
  start: number,
  end: number,
  bitWidth: number,
): Uint8Array {
  const output = new Uint8Array(maxEncodedBytes(end - start, bitWidth));
  output[0] = bitWidth;
  let length = 1;
  let index = start;
  while (index < end) {
    const runEnd = endOfRun(indices, index, end);
    if (runEnd - index >= MIN_RUN_COUNT || bitWidth === 0) {
      length = writeVarint(output, length, (runEnd - index) * 2);
      for (let bits = 0; bits < bitWidth; bits += 8) {
        output[length++] = ((indices[index] as number) >>> bits) & 0xff;
      }
      index = runEnd;
    } else {
      const packedEnd = endOfPacked(indices, index, end);
      length = writePacked(output, length, indices, index, packedEnd, bitWidth);
      index = packedEnd;
    }
  }
  return output.subarray(0, length);
}

/** Each run but the last starts on at least eight values of its own. */
function maxEncodedBytes(count: number, bitWidth: number): number {
  return 1 + Math.ceil(count / 8) * (bitWidth + MAX_VARINT_BYTES);
}

function endOfRun(indices: Uint32Array, start: number, end: number): number {
  const value = indices[start];
  let index = start + 1;
  while (index < end && indices[index] === value) index++;
  return index;
}

/** The next place, in steps of eight, where a run begins that is worth its own header. */
function endOfPacked(indices: Uint32Array, start: number, end: number): number {
  let index = start + 8;
  while (index < end) {
    const limit = Math.min(end, index + MIN_RUN_COUNT);
    if (limit - index === MIN_RUN_COUNT && endOfRun(indices, index, limit) === limit) return index;
    index += 8;
  }
  return end;
}

function writePacked(
  output: Uint8Array,
  offset: number,
  indices: Uint32Array,
  start: number,
  end: number,
  bitWidth: number,
): number {
  const groups = Math.ceil((end - start) / 8);
  let length = writeVarint(output, offset, groups * 2 + 1);
  const packedEnd = length + groups * bitWidth;
  let buffered = 0;
  let bufferedBits = 0;
  for (let index = start; index < end; index++) {
    buffered |= (indices[index] as number) << bufferedBits;
    bufferedBits += bitWidth;
    while (bufferedBits >= 8) {
      output[length++] = buffered & 0xff;
      buffered >>>= 8;
      bufferedBits -= 8;
    }
  }
  if (bufferedBits > 0) output[length] = buffered;
  return packedEnd;
}
