// SPDX-License-Identifier: Apache-2.0
import type { DecimalFormat } from "@sluice/delta";

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Digits that a double adds up without loss. */
const MAX_DOUBLE_DIGITS = 15;
/** Digits taken together into the limbs; `10^7` and a limb make a product that a double holds. */
const CHUNK_DIGITS = 7;
const LIMB_COUNT = 6;
const LIMB_VALUES = 2 ** 24;
const TWO_POW_32 = 4_294_967_296;
/** Exponents beyond this are saturated: no digits that a record has room for bring them back into range. */
const MAX_EXPONENT = 100_000_000;

/** What became of a decimal: `notNumber` is text of another form, `outOfRange` digits that the type has no place for. */
export type DecimalOutcome = "ok" | "notNumber" | "outOfRange";

/**
 * Reads decimal text exactly into the words of an unscaled integer:
 *
 *     decimal := ["+" | "-"] (digit+ ["." digit*] | "." digit+) [("e" | "E") ["+" | "-"] digit+]
 *
 * Zeros that carry no value are allowed anywhere. Digits behind the scale are refused unless they are zero: nothing
 * is rounded.
 */
export class DecimalReader {
  /** The unscaled integer read last, least significant word first, sign-extended to 128 bits. */
  readonly words: Int32Array = new Int32Array(4);
  /** Position behind the text read last. */
  end = 0;
  readonly #limbs = new Float64Array(LIMB_COUNT);
  #exponent = 0;

  /** Reads the decimal that fills `buffer[from, to)`. */
  read(buffer: Uint8Array, from: number, to: number, format: DecimalFormat): DecimalOutcome {
    const outcome = this.readPrefix(buffer, from, to, format);
    return outcome === "notNumber" || this.end !== to ? "notNumber" : outcome;
  }

  /** Reads the decimal that begins at `from`, as far as it goes; where it ends is in `end`. */
  readPrefix(buffer: Uint8Array, from: number, to: number, format: DecimalFormat): DecimalOutcome {
    let at = from;
    const negative = at < to && buffer[at] === MINUS;
    if (negative || (at < to && buffer[at] === PLUS)) at++;
    const digitsStart = at;
    let point = -1;
    let first = -1;
    let last = -1;
    for (; at < to; at++) {
      const byte = buffer[at] as number;
      if (byte === POINT && point < 0) {
        point = at;
        continue;
      }
      if (byte < ZERO || byte > ZERO + 9) break;
      if (byte === ZERO) continue;
      if (first < 0) first = at;
      last = at;
    }
    const digitsEnd = at;
    if (digitsEnd - digitsStart - (point < 0 ? 0 : 1) === 0) return "notNumber";
    this.#exponent = 0;
    if (at < to && ((buffer[at] as number) | 0x20) === 0x65) {
      at = this.#readExponent(buffer, at + 1, to);
      if (at < 0) return "notNumber";
    }
    this.end = at;
    this.words.fill(0);
    if (first < 0) return "ok";
    const unit = point < 0 ? digitsEnd : point;
    const highest = powerAt(first, unit) + this.#exponent;
    const lowest = powerAt(last, unit) + this.#exponent;
    if (lowest < -format.scale || highest >= format.precision - format.scale) return "outOfRange";
    this.#accumulate(buffer, first, last, lowest + format.scale, highest + format.scale + 1);
    if (negative) negate(this.words);
    return "ok";
  }

  #readExponent(buffer: Uint8Array, from: number, to: number): number {
    let at = from;
    const sign = at < to ? buffer[at] : 0;
    if (sign === MINUS || sign === PLUS) at++;
    const digitsStart = at;
    let exponent = 0;
    for (; at < to; at++) {
      const digit = (buffer[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      if (exponent < MAX_EXPONENT) exponent = exponent * 10 + digit;
    }
    if (at === digitsStart) return -1;
    this.#exponent = sign === MINUS ? -exponent : exponent;
    return at;
  }

  /** Makes `words` the digits from `first` to `last` with `zeros` more zeros behind them: `digitCount` digits in all. */
  #accumulate(
    buffer: Uint8Array,
    first: number,
    last: number,
    zeros: number,
    digitCount: number,
  ): void {
    const isShort = digitCount <= MAX_DOUBLE_DIGITS;
    const chunkDigits = isShort ? MAX_DOUBLE_DIGITS : CHUNK_DIGITS;
    if (!isShort) this.#limbs.fill(0);
    let chunk = 0;
    let scale = 1;
    let room = chunkDigits;
    const behind = last + zeros;
    for (let at = first; at <= behind; at++) {
      const byte = at > last ? ZERO : (buffer[at] as number);
      if (byte === POINT) continue;
      chunk = chunk * 10 + (byte - ZERO);
      scale *= 10;
      if (--room > 0) continue;
      if (isShort) break;
      this.#append(chunk, scale);
      chunk = 0;
      scale = 1;
      room = chunkDigits;
    }
    if (isShort) {
      const high = Math.floor(chunk / TWO_POW_32);
      this.words[0] = chunk - high * TWO_POW_32;
      this.words[1] = high;
    } else {
      this.#append(chunk, scale);
      this.#joinLimbs();
    }
  }

  /** The limbs times `scale`, plus `addend`. */
  #append(addend: number, scale: number): void {
    const limbs = this.#limbs;
    let carry = addend;
    for (let index = 0; index < LIMB_COUNT; index++) {
      const sum = (limbs[index] as number) * scale + carry;
      carry = Math.floor(sum / LIMB_VALUES);
      limbs[index] = sum - carry * LIMB_VALUES;
    }
  }

  #joinLimbs(): void {
    const limb = (index: number): number => this.#limbs[index] as number;
    const { words } = this;
    words[0] = limb(0) | (limb(1) << 24);
    words[1] = (limb(1) >>> 8) | (limb(2) << 16);
    words[2] = (limb(2) >>> 16) | (limb(3) << 8);
    words[3] = limb(4) | (limb(5) << 24);
  }
}

/** The power of ten of the digit at `position`, where the units end at `unit`. */
function powerAt(position: number, unit: number): number {
  return position < unit ? unit - 1 - position : unit - position;
}

function negate(words: Int32Array): void {
  let carry = 1;
  for (let index = 0; index < words.length; index++) {
    const sum = (~(words[index] as number) >>> 0) + carry;
    words[index] = sum | 0;
    carry = sum > 0xffff_ffff ? 1 : 0;
  }
}
