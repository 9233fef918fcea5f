// SPDX-License-Identifier: Apache-2.0

/**
 * Writer for Thrift's compact protocol, the encoding of Parquet's page headers and footer.
 *
 *     struct  := field* stop                     stop := 0x00
 *     field   := (delta << 4 | type):u8 value    when the field id is 1..15 above the last one in this struct
 *              | type:u8 id:zigzag value         otherwise
 *     value   := varint | zigzag | double | binary | list | struct       by type; a boolean is its type, no value
 *     binary  := length:varint byte{length}
 *     list    := (count << 4 | type):u8 value{count}                     count < 15
 *              | (0xf << 4 | type):u8 count:varint value{count}
 *     varint  := 7 bits a byte, least significant first, high bit set on all but the last
 *     zigzag  := varint(n >= 0 ? 2n : -2n - 1)
 */

/** Type codes of the compact protocol. */
export const THRIFT_TYPE = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  binary: 8,
  list: 9,
  struct: 12,
} as const;
export type ThriftType = (typeof THRIFT_TYPE)[keyof typeof THRIFT_TYPE];

const INITIAL_CAPACITY_BYTES = 256;
const utf8 = new TextEncoder();

/**
 * Appends fields to a growing buffer. Field ids within a struct are written in ascending order; every
 * {@link ThriftWriter.beginStruct}, {@link ThriftWriter.beginElement} and the outermost struct needs its
 * {@link ThriftWriter.endStruct}.
 */
export class ThriftWriter {
  #bytes = new Uint8Array(INITIAL_CAPACITY_BYTES);
  #length = 0;
  #lastFieldId = 0;
  readonly #outerFieldIds: number[] = [];

  /** Starts anew, in the same memory. */
  reset(): void {
    this.#length = 0;
    this.#lastFieldId = 0;
    this.#outerFieldIds.length = 0;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  writeBoolean(fieldId: number, value: boolean): void {
    this.#fieldHeader(fieldId, value ? THRIFT_TYPE.true : THRIFT_TYPE.false);
  }

  writeI8(fieldId: number, value: number): void {
    this.#fieldHeader(fieldId, THRIFT_TYPE.i8);
    this.#byte(value & 0xff);
  }

  writeI32(fieldId: number, value: number): void {
    this.#fieldHeader(fieldId, THRIFT_TYPE.i32);
    this.#zigzag(value);
  }

  /**
   * Writes an i64.
   * @throws RangeError when `value` is not an integer within +-2^52, the range that doubles without loss.
   */
  writeI64(fieldId: number, value: number): void {
    if (!Number.isInteger(value) || Math.abs(value) > 2 ** 52) {
      throw new RangeError(`thrift i64 field ${fieldId} is ${value}, not an integer within 2^52`);
    }
    this.#fieldHeader(fieldId, THRIFT_TYPE.i64);
    this.#zigzag(value);
  }

  writeBinary(fieldId: number, value: Uint8Array): void {
    this.#fieldHeader(fieldId, THRIFT_TYPE.binary);
    this.#binary(value);
  }

  writeString(fieldId: number, value: string): void {
    this.writeBinary(fieldId, utf8.encode(value));
  }

  writeI32List(fieldId: number, values: readonly number[]): void {
    this.beginList(fieldId, THRIFT_TYPE.i32, values.length);
    for (const value of values) this.#zigzag(value);
  }

  writeStringList(fieldId: number, values: readonly string[]): void {
    this.beginList(fieldId, THRIFT_TYPE.binary, values.length);
    for (const value of values) this.#binary(utf8.encode(value));
  }

  /** Starts a list; `count` elements must follow, structs each between `beginElement` and `endStruct`. */
  beginList(fieldId: number, elementType: ThriftType, count: number): void {
    this.#fieldHeader(fieldId, THRIFT_TYPE.list);
    if (count < 15) {
      this.#byte((count << 4) | elementType);
    } else {
      this.#byte(0xf0 | elementType);
      this.#varint(count);
    }
  }

  /** Starts a struct that is the value of a field. */
  beginStruct(fieldId: number): void {
    this.#fieldHeader(fieldId, THRIFT_TYPE.struct);
    this.beginElement();
  }

  /** Starts a struct that is an element of a list. */
  beginElement(): void {
    this.#outerFieldIds.push(this.#lastFieldId);
    this.#lastFieldId = 0;
  }

  /** Ends the innermost struct. */
  endStruct(): void {
    this.#byte(0);
    this.#lastFieldId = this.#outerFieldIds.pop() ?? 0;
  }

  #fieldHeader(fieldId: number, type: ThriftType): void {
    const delta = fieldId - this.#lastFieldId;
    if (delta >= 1 && delta <= 15) {
      this.#byte((delta << 4) | type);
    } else {
      this.#byte(type);
      this.#zigzag(fieldId);
    }
    this.#lastFieldId = fieldId;
  }

  #binary(value: Uint8Array): void {
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #zigzag(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Bit operators would cut at 32 bits, so this divides. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
