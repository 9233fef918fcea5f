// SPDX-License-Identifier: Apache-2.0
import { DecodeProblem } from "./decode-problem.ts";

/**
 * Runs of the RLE / bit-packing hybrid ("Encodings" of Parquet), as levels, dictionary indices and booleans have them:
 *
 *     runs   := run*
 *     run    := varint(count << 1) value        value: ceil(bitWidth / 8) bytes, repeated `count` times
 *             | varint(groups << 1 | 1) packed  8 * groups values of `bitWidth` bits, least significant bit first
 *
 * @param count values to read; the runs may hold up to 7 more, which pad the last group.
 * @returns where the last run that was needed ends.
 * @throws DecodeProblem where the runs end before `count` values.
 */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  bitWidth: number,
  out: Uint32Array,
  count: number,
): number {
  if (bitWidth > 32) throw new DecodeProblem(`values of ${bitWidth} bits`);
  let position = start;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    let shift = 0;
    for (;;) {
      if (position >= end || shift > 28) throw runsEnd(count);
      const byte = bytes[position++] as number;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    header >>>= 0;
    if ((header & 1) === 0) {
      const byteWidth = (bitWidth + 7) >>> 3;
      if (position + byteWidth > end) throw runsEnd(count);
      let value = 0;
      for (let byte = 0; byte < byteWidth; byte += 1) {
        value |= (bytes[position++] as number) << (byte * 8);
      }
      const runEnd = Math.min(count, filled + (header >>> 1));
      if (runEnd === filled) throw new DecodeProblem("a run of no values");
      out.fill(value >>> 0, filled, runEnd);
      filled = runEnd;
    } else {
      const groupCount = header >>> 1;
      if (groupCount === 0) throw new DecodeProblem("a run of no values");
      const wanted = Math.min(count - filled, groupCount * 8);
      // Writers may leave out the bytes of the padding at the very end.
      if (position + Math.ceil((wanted * bitWidth) / 8) > end) throw runsEnd(count);
      unpack(bytes, position, bitWidth, out, filled, wanted);
      position = Math.min(end, position + groupCount * bitWidth);
      filled += wanted;
    }
  }
  return position;
}

function unpack(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  out: Uint32Array,
  outStart: number,
  count: number,
): void {
  if (bitWidth === 0) {
    out.fill(0, outStart, outStart + count);
    return;
  }
  if (bitWidth > 24) {
    unpackWide(bytes, start, bitWidth, out, outStart, count);
    return;
  }
  const mask = (1 << bitWidth) - 1;
  let position = start;
  let buffer = 0;
  let bits = 0;
  for (let index = outStart; index < outStart + count; index += 1) {
    while (bits < bitWidth) {
      buffer |= (bytes[position++] as number) << bits;
      bits += 8;
    }
    out[index] = buffer & mask;
    buffer >>>= bitWidth;
    bits -= bitWidth;
  }
}

/** Widths whose value and a rest of 7 bits do not fit 32. */
function unpackWide(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  out: Uint32Array,
  outStart: number,
  count: number,
): void {
  const modulus = 2 ** bitWidth;
  for (let index = 0; index < count; index += 1) {
    const firstBit = index * bitWidth;
    let position = start + Math.floor(firstBit / 8);
    let value = (bytes[position++] as number) >>> (firstBit % 8);
    for (let bits = 8 - (firstBit % 8); bits < bitWidth; bits += 8) {
      value += (bytes[position++] as number) * 2 ** bits;
    }
    out[outStart + index] = value % modulus;
  }
}

function runsEnd(count: number): DecodeProblem {
  return new DecodeProblem(`the runs of a page end before its ${count} values`);
}

/** Bits that hold every number up to `max`. */
export function bitWidthOf(max: number): number {
  return 32 - Math.clz32(max);
}
