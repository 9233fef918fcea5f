// SPDX-License-Identifier: Apache-2.0

/** Bytes of a file that are not what the format asks for; the caller adds the file. */
export class FormatProblem extends Error {
  override readonly name = "FormatProblem";
}

/** Reads bytes in order, within bounds. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  byte(): number {
    if (this.offset >= this.end) throw endedEarly();
    return this.bytes[this.offset++] as number;
  }

  /** Moves over `length` bytes and returns where they begin. */
  skip(length: number): number {
    const start = this.offset;
    if (length < 0 || length > this.end - start) throw endedEarly();
    this.offset = start + length;
    return start;
  }

  uint32(): number {
    const start = this.skip(4);
    const { bytes } = this;
    return (
      ((bytes[start] as number) |
        ((bytes[start + 1] as number) << 8) |
        ((bytes[start + 2] as number) << 16) |
        ((bytes[start + 3] as number) << 24)) >>>
      0
    );
  }

  /** An unsigned number of up to 32 bits, 7 bits a byte. */
  varint(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw new FormatProblem("a number takes more than five bytes");
  }

  /** A signed number of up to 64 bits in zigzag form. */
  zigzag64(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const unsigned = BigInt.asUintN(64, result);
        return (unsigned >> 1n) ^ -(unsigned & 1n);
      }
    }
    throw new FormatProblem("a number takes more than ten bytes");
  }
}

function endedEarly(): FormatProblem {
  return new FormatProblem("the bytes end too early");
}
