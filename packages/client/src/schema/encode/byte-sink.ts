// SPDX-License-Identifier: Apache-2.0
import { checkWellFormed, MAX_VALUE_DEPTH } from "./strict-json.ts";
import { FieldError } from "./field-error.ts";

const FIRST_BYTES = 4096;
/** A buffer that one record made larger than this is not kept for the next. */
const MAX_KEPT_BYTES = 1_048_576;
/** Room for a tag and any scalar but text and bytes. */
const SCALAR_BYTES = 16;
/** Texts up to this length are copied by a loop, which is faster than a call for them. */
const MAX_LOOPED_CHARACTERS = 32;
const TWO_POW_32 = 4_294_967_296;

const LONGS = new BigInt64Array(1);
const LONG_HALVES = new Int32Array(LONGS.buffer);
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Protobuf fields, written one behind the other into a buffer that grows. Each method writes a field's tag and value;
 * with tag 0 the value alone, as packed lists have it. 64-bit values are safe integers or bigints in range.
 */
export class ByteSink {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  at = 0;
  #view: DataView = viewOf(this.bytes);
  #depth = 0;
  /** The halves of the 64-bit value that was split last. */
  #low = 0;
  #high = 0;

  /** Begins a record. What was written before is overwritten. */
  reset(): void {
    if (this.bytes.length > MAX_KEPT_BYTES) this.#replace(FIRST_BYTES);
    this.at = 0;
    this.#depth = 0;
  }

  bool(tag: number, value: boolean): void {
    this.#begin(tag);
    this.bytes[this.at++] = value ? 1 : 0;
  }

  int32(tag: number, value: number): void {
    this.#begin(tag);
    if (value >= 0) this.#varint(value);
    else this.#varint64(value | 0, -1);
  }

  uint32(tag: number, value: number): void {
    this.#begin(tag);
    this.#varint(value);
  }

  sint32(tag: number, value: number): void {
    this.#begin(tag);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  int64(tag: number, value: number | bigint): void {
    this.#begin(tag);
    if (typeof value === "number" && value >= 0 && value < TWO_POW_32) this.#varint(value);
    else {
      this.#split(value);
      this.#varint64(this.#low, this.#high);
    }
  }

  sint64(tag: number, value: number | bigint): void {
    this.#begin(tag);
    this.#split(value);
    const sign = this.#high >> 31;
    const high = ((this.#high << 1) | (this.#low >>> 31)) ^ sign;
    this.#varint64((this.#low << 1) ^ sign, high);
  }

  fixed32(tag: number, value: number): void {
    this.#begin(tag);
    this.#view.setInt32(this.at, value | 0, true);
    this.at += 4;
  }

  fixed64(tag: number, value: number | bigint): void {
    this.#begin(tag);
    this.#split(value);
    this.#view.setInt32(this.at, this.#low, true);
    this.#view.setInt32(this.at + 4, this.#high, true);
    this.at += 8;
  }

  float(tag: number, value: number): void {
    this.#begin(tag);
    this.#view.setFloat32(this.at, value, true);
    this.at += 4;
  }

  double(tag: number, value: number): void {
    this.#begin(tag);
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  binary(tag: number, value: Uint8Array): void {
    this.ensure(value.length + SCALAR_BYTES);
    this.#begin(tag);
    this.#varint(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** @throws FieldError for text that UTF-8 cannot hold */
  text(tag: number, value: string): void {
    const { length } = value;
    this.ensure(length * 3 + SCALAR_BYTES);
    this.#begin(tag);
    if (length <= MAX_LOOPED_CHARACTERS && this.#shortAscii(value, length)) return;
    const lengthAt = this.at;
    const guessedBytes = varintBytes(length);
    const written = this.bytes.write(value, lengthAt + guessedBytes, "utf8");
    if (written !== length) {
      checkWellFormed(value);
      const lengthBytes = varintBytes(written);
      if (lengthBytes !== guessedBytes) {
        const from = lengthAt + guessedBytes;
        this.bytes.copyWithin(lengthAt + lengthBytes, from, from + written);
      }
    }
    this.#varint(written);
    this.at += written;
  }

  /** Begins a field whose length is known when it ends; gives what {@link end} needs. */
  open(tag: number): number {
    if (++this.#depth > MAX_VALUE_DEPTH) {
      throw new FieldError(`it nests more than ${MAX_VALUE_DEPTH} levels, or contains itself`);
    }
    this.#begin(tag);
    return this.at++;
  }

  /** Ends the field that {@link open} began. */
  end(lengthAt: number): void {
    this.#depth--;
    const from = lengthAt + 1;
    const byteCount = this.at - from;
    if (byteCount < 0x80) {
      this.bytes[lengthAt] = byteCount;
      return;
    }
    this.ensure(SCALAR_BYTES);
    this.bytes.copyWithin(lengthAt + varintBytes(byteCount), from, this.at);
    this.at = lengthAt;
    this.#varint(byteCount);
    this.at += byteCount;
  }

  /** Makes room for so many bytes more. */
  ensure(byteCount: number): void {
    const needed = this.at + byteCount;
    if (needed <= this.bytes.length) return;
    const old = this.bytes;
    this.#replace(Math.max(needed, old.length * 2));
    old.copy(this.bytes, 0, 0, this.at);
  }

  #replace(byteCount: number): void {
    this.bytes = Buffer.allocUnsafeSlow(byteCount);
    this.#view = viewOf(this.bytes);
  }

  #begin(tag: number): void {
    if (this.at + SCALAR_BYTES > this.bytes.length) this.ensure(SCALAR_BYTES);
    if (tag === 0) return;
    if (tag < 0x80) this.bytes[this.at++] = tag;
    else this.#varint(tag);
  }

  #shortAscii(value: string, length: number): boolean {
    const { bytes } = this;
    const from = this.at + 1;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[from + index] = code;
    }
    bytes[from - 1] = length;
    this.at = from + length;
    return true;
  }

  #varint(value: number): void {
    const { bytes } = this;
    let { at } = this;
    let rest = value >>> 0;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  #varint64(low: number, high: number): void {
    if (high === 0) {
      this.#varint(low >>> 0);
      return;
    }
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = (low & 0x7f) | 0x80;
    bytes[at++] = ((low >>> 7) & 0x7f) | 0x80;
    bytes[at++] = ((low >>> 14) & 0x7f) | 0x80;
    bytes[at++] = ((low >>> 21) & 0x7f) | 0x80;
    let rest = high >>> 3;
    const fifth = ((low >>> 28) | (high << 4)) & 0x7f;
    if (rest === 0) bytes[at++] = fifth;
    else {
      bytes[at++] = fifth | 0x80;
      while (rest >= 0x80) {
        bytes[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[at++] = rest;
    }
    this.at = at;
  }

  #split(value: number | bigint): void {
    if (typeof value === "number") {
      this.#low = value | 0;
      this.#high = Math.floor(value / TWO_POW_32) | 0;
      return;
    }
    LONGS[0] = value;
    this.#low = LONG_HALVES[IS_LITTLE_ENDIAN ? 0 : 1] as number;
    this.#high = LONG_HALVES[IS_LITTLE_ENDIAN ? 1 : 0] as number;
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
