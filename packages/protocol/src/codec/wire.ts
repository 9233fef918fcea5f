// SPDX-License-Identifier: Apache-2.0

/** Protobuf wire types. Groups (3, 4) are not part of the contract. */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH_DELIMITED = 2;
export const WIRE_FIXED32 = 5;

const TWO_POW_32 = 4_294_967_296;

/**
 * Walks protobuf wire bytes without allocating. A read past the end or a malformed value sets `failed`, after which
 * nothing that was read counts; callers check it once per message.
 */
export class WireReader {
  buffer: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;
  failed = false;

  reset(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
    this.failed = false;
  }

  /** Reads a field tag. Field number 0 and a tag over 32 bits are malformed. */
  readTag(): number {
    const tag = this.readVarint();
    if (tag >>> 3 === 0 || tag >= TWO_POW_32) this.failed = true;
    return tag;
  }

  /**
   * Reads a varint as an unsigned number, exact up to 2^53 and rounded beyond; ten bytes at most, and bits beyond
   * the 64th are dropped as protobuf decoders do.
   */
  readVarint(): number {
    const { buffer, end } = this;
    let position = this.position;
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (position >= end) break;
      const byte = buffer[position++] as number;
      value += (count === 9 ? byte & 1 : byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.position = position;
        return value;
      }
      factor *= 128;
    }
    this.failed = true;
    this.position = end;
    return 0;
  }

  /** Reads an int64 varint as a signed number, exact within 2^53. */
  readInt64(): number {
    const { buffer, end } = this;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) break;
      const byte = buffer[position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.position = position;
        return high * TWO_POW_32 + (low >>> 0);
      }
    }
    this.failed = true;
    this.position = end;
    return 0;
  }

  /** Reads the length of a length-delimited field and checks that so many bytes follow. */
  readLength(): number {
    const length = this.readVarint();
    if (length > this.end - this.position) {
      this.failed = true;
      return 0;
    }
    return length;
  }

  /** Steps over the value of a field of the given wire type. */
  skip(wireType: number): void {
    switch (wireType) {
      case WIRE_VARINT:
        this.readVarint();
        return;
      case WIRE_FIXED64:
        this.#advance(8);
        return;
      case WIRE_LENGTH_DELIMITED:
        this.#advance(this.readLength());
        return;
      case WIRE_FIXED32:
        this.#advance(4);
        return;
      default:
        this.failed = true;
    }
  }

  #advance(byteCount: number): void {
    if (byteCount > this.end - this.position) {
      this.failed = true;
      this.position = this.end;
    } else {
      this.position += byteCount;
    }
  }
}

/** Bytes that a non-negative integer takes as a varint. */
export function varintByteLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes a non-negative safe integer as a varint at `at`; returns the position behind it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 0x8000_0000) {
    target[position++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    target[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[position++] = rest;
  return position;
}
