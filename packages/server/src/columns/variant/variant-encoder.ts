// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { DecimalReader } from "../decimal-reader.ts";
import { JsonNumber } from "../json/json-number.ts";
import { findClosingQuote, unescapeInto } from "../json/json-text.ts";
import { VariantMetadata } from "./variant-metadata.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LITERALS = [Buffer.from("null"), Buffer.from("true"), Buffer.from("false")];

/** Deepest nesting of the JSON text: building a level moves the bytes of the levels inside of it. */
export const MAX_VARIANT_DEPTH = 100;
const MAX_SHORT_STRING_BYTES = 63;
const MAX_DECIMAL_DIGITS = 38;

const BASIC_TYPE = { shortString: 1, object: 2, array: 3 } as const;
const PRIMITIVE = {
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  decimal4: 8,
  decimal8: 9,
  decimal16: 10,
  string: 16,
} as const;

/**
 * Encodes JSON text as a variant ("Variant Binary Encoding" of Apache Parquet, version 1), in these forms:
 *
 *     value   := primitive | short string | object | array
 *     object  := header count ids offsets value*       ids in the order of the names' bytes
 *     array   := header count offsets value*
 *     count   := u8, or u32le where there are more than 255; offsets have the fewest bytes that hold the last one
 *
 * A whole number takes the smallest integer that holds it; a number with a fraction, or of more than 64 bits, becomes a
 * decimal where 38 digits hold it exactly and it is written without an exponent, a double otherwise. A key that occurs
 * twice in an object, and text that is not JSON, are refused.
 */
export class VariantEncoder {
  metadata: Uint8Array = new Uint8Array(0);
  value: Uint8Array = new Uint8Array(0);
  readonly #names = new VariantMetadata();
  readonly #number = new JsonNumber();
  readonly #decimals = new DecimalReader();
  #text: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;
  #position = 0;
  #output = new Uint8Array(1024);
  #length = 0;

  /** Encodes `text[from, to)` into `metadata` and `value`, which the next call overwrites; false for what is not JSON. */
  encode(text: Uint8Array, from: number, to: number): boolean {
    this.#text = text;
    this.#view = new DataView(text.buffer, text.byteOffset, text.byteLength);
    this.#position = from;
    this.#end = to;
    this.#length = 0;
    this.#names.reset();
    if (!this.#readValue(0)) return false;
    this.#skipSpace();
    if (this.#position !== to) return false;
    this.metadata = this.#names.encode();
    this.value = this.#output.subarray(0, this.#length);
    return true;
  }

  #readValue(depth: number): boolean {
    this.#skipSpace();
    if (this.#position >= this.#end || depth > MAX_VARIANT_DEPTH) return false;
    switch (this.#text[this.#position]) {
      case 0x7b:
        return this.#readObject(depth);
      case 0x5b:
        return this.#readArray(depth);
      case QUOTE:
        return this.#readString();
      case 0x6e:
        return this.#readLiteral(0);
      case 0x74:
        return this.#readLiteral(1);
      case 0x66:
        return this.#readLiteral(2);
      default:
        return this.#readNumber();
    }
  }

  #readObject(depth: number): boolean {
    const start = this.#length;
    const ids: number[] = [];
    const starts: number[] = [];
    this.#position++;
    if (!this.#takeMark(0x7d)) {
      do {
        this.#skipSpace();
        if (this.#text[this.#position] !== QUOTE || this.#position >= this.#end) return false;
        const name = this.#stringContent();
        if (name === undefined) return false;
        ids.push(this.#names.idOf(name));
        this.#skipSpace();
        if (!this.#takeMark(COLON)) return false;
        starts.push(this.#length - start);
        if (!this.#readValue(depth + 1)) return false;
      } while (this.#takeMark(COMMA));
      if (!this.#takeMark(0x7d)) return false;
    }
    const order = ids
      .map((_, index) => index)
      .sort((left, right) => this.#names.compare(ids[left] as number, ids[right] as number));
    for (let index = 1; index < order.length; index++) {
      if (ids[order[index] as number] === ids[order[index - 1] as number]) return false;
    }
    const valueBytes = this.#length - start;
    const isLarge = ids.length > 255;
    const idBytes = byteCountOf(ids.reduce((most, id) => Math.max(most, id), 0));
    const offsetBytes = byteCountOf(valueBytes);
    const headerBytes =
      1 + (isLarge ? 4 : 1) + ids.length * idBytes + (ids.length + 1) * offsetBytes;
    this.#insert(start, headerBytes);
    const header = ((isLarge ? 1 : 0) << 4) | ((idBytes - 1) << 2) | (offsetBytes - 1);
    let at = this.#put(start, (header << 2) | BASIC_TYPE.object, 1);
    at = this.#put(at, ids.length, isLarge ? 4 : 1);
    for (const index of order) at = this.#put(at, ids[index] as number, idBytes);
    for (const index of order) at = this.#put(at, starts[index] as number, offsetBytes);
    this.#put(at, valueBytes, offsetBytes);
    return true;
  }

  #readArray(depth: number): boolean {
    const start = this.#length;
    const starts: number[] = [];
    this.#position++;
    if (!this.#takeMark(0x5d)) {
      do {
        starts.push(this.#length - start);
        if (!this.#readValue(depth + 1)) return false;
      } while (this.#takeMark(COMMA));
      if (!this.#takeMark(0x5d)) return false;
    }
    const valueBytes = this.#length - start;
    const isLarge = starts.length > 255;
    const offsetBytes = byteCountOf(valueBytes);
    this.#insert(start, 1 + (isLarge ? 4 : 1) + (starts.length + 1) * offsetBytes);
    const header = ((isLarge ? 1 : 0) << 2) | (offsetBytes - 1);
    let at = this.#put(start, (header << 2) | BASIC_TYPE.array, 1);
    at = this.#put(at, starts.length, isLarge ? 4 : 1);
    for (const offset of starts) at = this.#put(at, offset, offsetBytes);
    this.#put(at, valueBytes, offsetBytes);
    return true;
  }

  #readString(): boolean {
    const content = this.#stringContent();
    if (content === undefined) return false;
    const isShort = content.length <= MAX_SHORT_STRING_BYTES;
    this.#reserve(content.length + 5);
    if (isShort) this.#append((content.length << 2) | BASIC_TYPE.shortString, 1);
    else {
      this.#append(PRIMITIVE.string << 2, 1);
      this.#append(content.length, 4);
    }
    this.#output.set(content, this.#length);
    this.#length += content.length;
    return true;
  }

  /** The content of the string that begins here, without escapes; `undefined` where it is not one. */
  #stringContent(): Uint8Array | undefined {
    const from = this.#position + 1;
    const close = findClosingQuote(this.#text, this.#view, from, this.#end);
    if (close >= this.#end || this.#text[close] !== QUOTE) return undefined;
    this.#position = close + 1;
    const raw = this.#text.subarray(from, close);
    if (!raw.includes(0x5c)) return isUtf8(raw) ? raw : undefined;
    const plain = new Uint8Array(raw.length);
    const length = unescapeInto(this.#text, from, close, plain, 0);
    const content = length < 0 ? undefined : plain.subarray(0, length);
    return content !== undefined && isUtf8(content) ? content : undefined;
  }

  /** `null`, `true` and `false` have the primitive types 0, 1 and 2. */
  #readLiteral(index: 0 | 1 | 2): boolean {
    const literal = LITERALS[index] as Buffer;
    const end = this.#position + literal.length;
    if (end > this.#end || literal.compare(this.#text, this.#position, end) !== 0) return false;
    this.#position = end;
    this.#append(index << 2, 1);
    return true;
  }

  #readNumber(): boolean {
    const from = this.#position;
    const first = this.#text[from] as number;
    if (first !== 0x2d && (first < 0x30 || first > 0x39)) return false;
    if (this.#number.readDouble(this.#text, from, this.#end) !== "ok") return false;
    const { end, value } = this.#number;
    this.#position = end;
    const text = this.#text.subarray(from, end);
    const point = text.indexOf(0x2e);
    const hasExponent = text.includes(0x65) || text.includes(0x45);
    if (!hasExponent && point < 0 && this.#number.readInteger(text, 0, text.length) === "ok") {
      this.#appendInteger(this.#number.low, this.#number.high);
      return true;
    }
    if (!hasExponent && this.#appendDecimal(text, point < 0 ? 0 : text.length - point - 1)) {
      return true;
    }
    if (!Number.isFinite(value)) return false;
    this.#append(PRIMITIVE.double << 2, 1);
    this.#reserve(8);
    new DataView(this.#output.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
    return true;
  }

  #appendInteger(low: number, high: number): void {
    if (high !== low >> 31) {
      this.#append(PRIMITIVE.int64 << 2, 1);
      this.#append(low, 4);
      this.#append(high, 4);
    } else if ((low << 24) >> 24 === low) this.#appendScalar(PRIMITIVE.int8, low, 1);
    else if ((low << 16) >> 16 === low) this.#appendScalar(PRIMITIVE.int16, low, 2);
    else this.#appendScalar(PRIMITIVE.int32, low, 4);
  }

  /** Appends the smallest decimal that holds the text exactly; false where none does. */
  #appendDecimal(text: Uint8Array, scale: number): boolean {
    if (scale > MAX_DECIMAL_DIGITS) return false;
    const types = [
      [PRIMITIVE.decimal4, 9, 1],
      [PRIMITIVE.decimal8, 18, 2],
      [PRIMITIVE.decimal16, MAX_DECIMAL_DIGITS, 4],
    ] as const;
    for (const [type, precision, wordCount] of types) {
      if (scale > precision) continue;
      const outcome = this.#decimals.read(text, 0, text.length, { precision, scale });
      if (outcome !== "ok") continue;
      this.#appendScalar(type, scale, 1);
      for (let word = 0; word < wordCount; word++) {
        this.#append(this.#decimals.words[word] as number, 4);
      }
      return true;
    }
    return false;
  }

  #appendScalar(type: number, value: number, byteCount: number): void {
    this.#append(type << 2, 1);
    this.#append(value, byteCount);
  }

  #append(value: number, byteCount: number): void {
    this.#reserve(byteCount);
    this.#length = this.#put(this.#length, value, byteCount);
  }

  /** Writes a little-endian integer and returns the position behind it. */
  #put(at: number, value: number, byteCount: number): number {
    for (let index = 0; index < byteCount; index++) {
      this.#output[at + index] = (value >> (8 * index)) & 0xff;
    }
    return at + byteCount;
  }

  /** Makes room for `byteCount` bytes in front of what was written from `at` on. */
  #insert(at: number, byteCount: number): void {
    this.#reserve(byteCount);
    this.#output.copyWithin(at + byteCount, at, this.#length);
    this.#length += byteCount;
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#output.length) return;
    const output = new Uint8Array(Math.max(needed, this.#output.length * 2));
    output.set(this.#output.subarray(0, this.#length));
    this.#output = output;
  }

  #takeMark(mark: number): boolean {
    this.#skipSpace();
    if (this.#position >= this.#end || this.#text[this.#position] !== mark) return false;
    this.#position++;
    return true;
  }

  #skipSpace(): void {
    while (this.#position < this.#end) {
      const byte = this.#text[this.#position] as number;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#position++;
    }
  }
}

function byteCountOf(value: number): number {
  if (value <= 0xff) return 1;
  if (value <= 0xffff) return 2;
  return value <= 0xff_ffff ? 3 : 4;
}
