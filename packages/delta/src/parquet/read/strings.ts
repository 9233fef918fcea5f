// SPDX-License-Identifier: Apache-2.0
import { type ByteCursor, FormatProblem } from "./byte-cursor.ts";
import { readDeltas } from "./encodings.ts";
import type { ByteStrings } from "./leaf-values.ts";

/** Byte strings with their lengths before them, left where they are. */
export function plainStrings(cursor: ByteCursor, count: number): ByteStrings {
  const { bytes, end } = cursor;
  // The length of each takes four bytes at least.
  if (count * 4 > cursor.remaining) throw new FormatProblem("a page has too few bytes");
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let offset = cursor.offset;
  for (let index = 0; index < count; index += 1) {
    const start = offset + 4;
    if (start > end) throw new FormatProblem("a page ends in a length");
    const length =
      ((bytes[offset] as number) |
        ((bytes[offset + 1] as number) << 8) |
        ((bytes[offset + 2] as number) << 16) |
        ((bytes[offset + 3] as number) << 24)) >>>
      0;
    offset = start + length;
    if (offset > end) throw new FormatProblem("a page ends in a value");
    starts[index] = start;
    ends[index] = offset;
  }
  cursor.offset = offset;
  return { bytes: bufferOf(bytes), starts, ends };
}

/** Byte strings of one length. */
export function fixedStrings(cursor: ByteCursor, count: number, length: number): ByteStrings {
  const start = cursor.skip(count * length);
  const starts = Uint32Array.from({ length: count }, (_, index) => start + index * length);
  const ends = starts.map((first) => first + length);
  return { bytes: bufferOf(cursor.bytes), starts, ends };
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
export function deltaLengthByteArrays(cursor: ByteCursor, count: number): ByteStrings {
  const lengths = lengthsOf(cursor, count);
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) {
    starts[index] = cursor.skip(lengths[index] as number);
    ends[index] = cursor.offset;
  }
  return { bytes: bufferOf(cursor.bytes), starts, ends };
}

/** DELTA_BYTE_ARRAY: how much of the value before each begins with, and what follows. */
export function deltaByteArrays(cursor: ByteCursor, count: number): ByteStrings {
  const prefixes = lengthsOf(cursor, count);
  const suffixes = deltaLengthByteArrays(cursor, count);
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    const prefix = prefixes[index] as number;
    const previous = index === 0 ? 0 : (ends[index - 1] as number) - (starts[index - 1] as number);
    if (prefix > previous) throw new FormatProblem("a value begins with more than there is");
    starts[index] = total;
    total += prefix + (suffixes.ends[index] as number) - (suffixes.starts[index] as number);
    if (total > 0x7fff_ffff) throw new FormatProblem("a page is too long");
    ends[index] = total;
  }
  const bytes = Buffer.allocUnsafe(total);
  for (let index = 0; index < count; index += 1) {
    const start = starts[index] as number;
    const prefix = prefixes[index] as number;
    if (prefix > 0) {
      const before = starts[index - 1] as number;
      bytes.copyWithin(start, before, before + prefix);
    }
    const { starts: from, ends: to } = suffixes;
    suffixes.bytes.copy(bytes, start + prefix, from[index], to[index]);
  }
  return { bytes, starts, ends };
}

function lengthsOf(cursor: ByteCursor, count: number): readonly number[] {
  return Array.from(readDeltas(cursor, count), (length) => {
    if (length < 0n || length > 0x7fff_ffffn) throw new FormatProblem("a length is out of range");
    return Number(length);
  });
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
