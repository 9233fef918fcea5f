// SPDX-License-Identifier: Apache-2.0
import { DecodeProblem } from "./decode-problem.ts";

/**
 * DELTA_BINARY_PACKED ("Delta Encoding" of Parquet):
 *
 *     page       := varint(blockValues) varint(miniblocks) varint(valueCount) zigzag(first) block*
 *     block      := zigzag(minDelta) byte{miniblocks} miniblock{miniblocks}     bytes: bit widths
 *     miniblock  := packed deltas less minDelta, blockValues / miniblocks of them
 *
 * Sums wrap around at the width of the type. Numbers of 64 bits are kept in two halves of 32.
 */
export class DeltaDecoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** After {@link DeltaDecoder.read}: where the encoded values end. */
  position: number;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  /** Reads `count` values of 32 bits. */
  readInt32s(count: number): Int32Array {
    const out = new Int32Array(count);
    this.#read(count, (index) => {
      out[index] = this.#low;
    });
    return out;
  }

  /** Reads `count` values of 64 bits, each as two halves, the low one first. */
  readInt64s(count: number): Int32Array {
    const out = new Int32Array(count * 2);
    this.#read(count, (index) => {
      out[index * 2] = this.#low;
      out[index * 2 + 1] = this.#high;
    });
    return out;
  }

  #read(count: number, put: (index: number) => void): void {
    const blockValues = this.#varint();
    const miniblockCount = this.#varint();
    const valueCount = this.#varint();
    if (valueCount !== count) {
      throw new DecodeProblem(`a page of ${count} values says it has ${valueCount} deltas`);
    }
    const miniblockValues = blockValues / miniblockCount;
    if (!Number.isInteger(miniblockValues) || miniblockValues < 1 || miniblockValues % 8 !== 0) {
      throw new DecodeProblem(`blocks of ${blockValues} deltas in ${miniblockCount} parts`);
    }
    this.#zigzag();
    if (count === 0) return;
    let [low, high] = [this.#low, this.#high];
    put(0);
    for (let index = 1; index < count; ) {
      this.#zigzag();
      const [minLow, minHigh] = [this.#low, this.#high];
      const widths = this.#take(miniblockCount);
      for (let part = 0; part < miniblockCount && index < count; part += 1) {
        const bitWidth = this.#bytes[widths + part] as number;
        if (bitWidth > 64) throw new DecodeProblem(`deltas of ${bitWidth} bits`);
        const values = Math.min(miniblockValues, count - index);
        const start = this.position;
        // The last miniblock may be cut after the values that it needs.
        if (start + Math.ceil((values * bitWidth) / 8) > this.#end) throw this.#ended();
        this.position = Math.min(this.#end, start + (miniblockValues * bitWidth) / 8);
        for (let value = 0; value < values; value += 1) {
          this.#unpack(start, value * bitWidth, bitWidth);
          // The sum of three numbers of 64 bits, in halves.
          const lowSum = (low >>> 0) + (minLow >>> 0) + (this.#low >>> 0);
          high = (high + minHigh + this.#high + Math.floor(lowSum / 2 ** 32)) | 0;
          low = lowSum | 0;
          this.#low = low;
          this.#high = high;
          put(index++);
        }
      }
    }
  }

  /** Reads one packed number into the halves. */
  #unpack(start: number, firstBit: number, bitWidth: number): void {
    this.#low = this.#bits(start, firstBit, Math.min(32, bitWidth));
    this.#high = bitWidth > 32 ? this.#bits(start, firstBit + 32, bitWidth - 32) : 0;
  }

  #bits(start: number, firstBit: number, bitWidth: number): number {
    if (bitWidth === 0) return 0;
    const bytes = this.#bytes;
    let position = start + (firstBit >>> 3);
    const skipped = firstBit & 7;
    let value = (bytes[position++] as number) >>> skipped;
    let bits = 8 - skipped;
    while (bits < bitWidth) {
      value |= (bytes[position++] as number) << bits;
      bits += 8;
    }
    return bitWidth === 32 ? value | 0 : value & ((1 << bitWidth) - 1);
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new DecodeProblem("a count that does not fit 32 bits");
  }

  /** Reads a number of 64 bits into the halves. */
  #zigzag(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) throw new DecodeProblem("a number that does not fit 64 bits");
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift > 25) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
      if (byte < 0x80) break;
    }
    const sign = -(low & 1);
    this.#low = ((low >>> 1) | (high << 31)) ^ sign;
    this.#high = (high >>> 1) ^ sign;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #take(byteCount: number): number {
    const start = this.position;
    if (start + byteCount > this.#end) throw this.#ended();
    this.position = start + byteCount;
    return start;
  }

  #ended(): DecodeProblem {
    return new DecodeProblem("the deltas of a page end early");
  }
}
