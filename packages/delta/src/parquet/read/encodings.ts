// SPDX-License-Identifier: Apache-2.0
import { type ByteCursor, FormatProblem } from "./byte-cursor.ts";

/** Far above what any writer puts in a block. */
const MAX_DELTA_BLOCK = 1 << 20;

/** An array that levels or indices are read into. */
export type IndexArray = Uint8Array | Int32Array;

/**
 * Reads `count` values of Parquet's hybrid of run lengths and bit packing; see `hybrid-runs.ts`.
 * @param bitWidth 0 to 32.
 */
export function readHybrid(
  cursor: ByteCursor,
  bitWidth: number,
  output: IndexArray,
  start: number,
  count: number,
): void {
  const end = start + count;
  for (let position = start; position < end; ) {
    const head = cursor.varint();
    const size = head >>> 1;
    if ((head & 1) === 0) {
      let value = 0;
      for (let bits = 0; bits < bitWidth; bits += 8) value |= cursor.byte() << bits;
      const runEnd = Math.min(end, position + size);
      if (size === 0) throw new FormatProblem("a run has no values");
      output.fill(value, position, runEnd);
      position = runEnd;
    } else {
      const packed = Math.min(size * 8, end - position);
      // The last group may be cut off where its values are not needed.
      const available = Math.min(size * bitWidth, cursor.remaining);
      if (available * 8 < packed * bitWidth || size === 0) {
        throw new FormatProblem("a packed run ends too early");
      }
      unpackBits(cursor.bytes, cursor.skip(available), bitWidth, output, position, packed);
      position += packed;
    }
  }
}

/** Up to this width what is held between two values fits 32 bits. */
const MAX_NARROW_BITS = 24;

function unpackBits(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  output: IndexArray,
  first: number,
  count: number,
): void {
  let offset = start;
  let held = 0;
  let heldBits = 0;
  if (bitWidth <= MAX_NARROW_BITS) {
    const mask = (1 << bitWidth) - 1;
    for (let index = first; index < first + count; index += 1) {
      while (heldBits < bitWidth) {
        held |= (bytes[offset++] as number) << heldBits;
        heldBits += 8;
      }
      output[index] = held & mask;
      held >>>= bitWidth;
      heldBits -= bitWidth;
    }
    return;
  }
  const limit = 2 ** bitWidth;
  for (let index = first; index < first + count; index += 1) {
    while (heldBits < bitWidth) {
      held += (bytes[offset++] as number) * 2 ** heldBits;
      heldBits += 8;
    }
    const rest = Math.floor(held / limit);
    output[index] = held - rest * limit;
    held = rest;
    heldBits -= bitWidth;
  }
}

/**
 * Reads DELTA_BINARY_PACKED values; see `delta-values.ts`.
 * @param count how many there must be.
 */
export function readDeltas(cursor: ByteCursor, count: number): BigInt64Array {
  const blockValues = cursor.varint();
  const miniblockCount = cursor.varint();
  const isWhole = miniblockCount > 0 && blockValues % (miniblockCount * 8) === 0;
  if (!isWhole || blockValues > MAX_DELTA_BLOCK || cursor.varint() !== count) {
    throw new FormatProblem("a delta encoding has a wrong head");
  }
  const output = new BigInt64Array(count);
  let value = cursor.zigzag64();
  if (count > 0) output[0] = value;
  const perMiniblock = blockValues / miniblockCount;
  const deltas = new BigUint64Array(perMiniblock);
  for (let position = 1; position < count; ) {
    const smallest = cursor.zigzag64();
    const widths = cursor.skip(miniblockCount);
    for (let index = 0; index < miniblockCount && position < count; index += 1) {
      const bitWidth = cursor.bytes[widths + index] as number;
      const used = Math.min(perMiniblock, count - position);
      unpackWide(cursor, bitWidth, deltas);
      for (let next = 0; next < used; next += 1) {
        value = BigInt.asIntN(64, value + smallest + (deltas[next] as bigint));
        output[position++] = value;
      }
    }
  }
  return output;
}

/** Fills `output` with packed numbers of up to 64 bits. */
function unpackWide(cursor: ByteCursor, bitWidth: number, output: BigUint64Array): void {
  if (bitWidth > 64) throw new FormatProblem(`a delta encoding packs ${bitWidth} bits`);
  const byteLength = (output.length * bitWidth) / 8;
  const start = cursor.skip(byteLength);
  if (bitWidth <= 32) {
    const narrow = new Int32Array(output.length);
    unpackBits(cursor.bytes, start, bitWidth, narrow, 0, output.length);
    for (let index = 0; index < narrow.length; index += 1) {
      output[index] = BigInt((narrow[index] as number) >>> 0);
    }
    return;
  }
  let held = 0n;
  let heldBits = 0;
  let offset = start;
  for (let index = 0; index < output.length; index += 1) {
    while (heldBits < bitWidth) {
      held |= BigInt(cursor.bytes[offset++] as number) << BigInt(heldBits);
      heldBits += 8;
    }
    output[index] = BigInt.asUintN(bitWidth, held);
    held >>= BigInt(bitWidth);
    heldBits -= bitWidth;
  }
}
