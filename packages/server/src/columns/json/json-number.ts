// SPDX-License-Identifier: Apache-2.0
import { decimalToDouble, HIGH_DIGITS, MAX_LOW_DIGITS, wholeNumberOf } from "./decimal.ts";
import { areDigits, fourDigits } from "./digits.ts";

const TWO_POW_32 = 4_294_967_296;
const MINUS = 0x2d;
const ZERO = 0x30;
const POINT = 0x2e;
const TWO_POW_53 = 9_007_199_254_740_992;
const TWO_POW_MINUS_32 = 2 ** -32;
/** Digits before the point of a plain double: with two groups of four behind it they are exact in a double. */
const MAX_PLAIN_WHOLE_DIGITS = HIGH_DIGITS - 8;
/** Powers of ten by digits, of two groups of four at most. */
const SCALES: Float64Array = Float64Array.from({ length: 9 }, (_, power) => 10 ** power);

/** What became of a number. `notWhole` and `outOfRange` concern integers only. */
export type NumberOutcome = "ok" | "malformed" | "notWhole" | "outOfRange";

/**
 * Reads a JSON number in place. Integers are exact over the whole of int64; doubles are those that `Number` would
 * give for the text.
 */
export class JsonNumber {
  /** The integer read last, as two int32 halves. */
  low = 0;
  high = 0;
  /** The double read last; infinite when the number is too large. */
  value = 0;
  /** Position behind the number. */
  end = 0;

  /**
   * Reads a whole number of magnitude below 2^53 that is written in digits only into `low` and `high`: most are.
   * @param view a view over all of `buffer`
   * @returns the position behind it, or -1 where {@link JsonNumber.readInteger} has to look.
   */
  readPlainInteger(buffer: Uint8Array, view: DataView, position: number, end: number): number {
    const negative = buffer[position] === MINUS;
    const first = negative ? position + 1 : position;
    let at = first;
    let head = 0;
    let tail = 0;
    let scale = 1;
    let word = 0;
    if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
      head = fourDigits(word);
      at += 4;
      if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
        head = head * 10_000 + fourDigits(word);
        at += 4;
        if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
          tail = fourDigits(word);
          scale = 10_000;
          at += 4;
          if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
            tail = tail * 10_000 + fourDigits(word);
            scale = 100_000_000;
            at += 4;
          }
        }
      }
    }
    const restEnd = Math.min(end, at + 4);
    const groupsEnd = at;
    let next = 0;
    let rest = 0;
    for (; at < restEnd; at++) {
      next = buffer[at] as number;
      if (next < ZERO || next > ZERO + 9) break;
      rest = rest * 10 + (next - ZERO);
    }
    const digitCount = at - first;
    if (digitCount === 0 || digitCount > 16) return -1;
    if (digitCount > 1 && buffer[first] === ZERO) return -1;
    if (at < end && (next === POINT || (next | 0x20) === 0x65)) return -1;
    const magnitude = (head * scale + tail) * (SCALES[at - groupsEnd] as number) + rest;
    if (magnitude >= TWO_POW_53) return -1;
    const value = negative ? -magnitude : magnitude;
    this.low = value | 0;
    this.high = Math.floor(value * TWO_POW_MINUS_32) | 0;
    return at;
  }

  /**
   * Reads a number of no more than 7 digits before and 19 behind the point, without an exponent, into
   * `values[index]`.
   * @param view a view over all of `buffer`
   * @returns the position behind it, or -1 where {@link JsonNumber.readDouble} has to look.
   */
  readPlainDouble(
    buffer: Uint8Array,
    view: DataView,
    position: number,
    end: number,
    values: Float64Array,
    index: number,
  ): number {
    const negative = buffer[position] === MINUS;
    const first = negative ? position + 1 : position;
    const wholeEnd = Math.min(end, first + MAX_PLAIN_WHOLE_DIGITS + 1);
    let at = first;
    let whole = 0;
    let next = 0;
    for (; at < wholeEnd; at++) {
      next = buffer[at] as number;
      if (next < ZERO || next > ZERO + 9) break;
      whole = whole * 10 + (next - ZERO);
    }
    if (at === first || at === wholeEnd) return -1;
    if (at > first + 1 && buffer[first] === ZERO) return -1;
    if (next !== POINT) {
      if ((next | 0x20) === 0x65) return -1;
      values[index] = negative ? -whole : whole;
      return at;
    }
    const fraction = ++at;
    let middle = 0;
    let low = 0;
    let word = 0;
    if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
      middle = fourDigits(word);
      at += 4;
      if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
        middle = middle * 10_000 + fourDigits(word);
        at += 4;
        if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
          low = fourDigits(word);
          at += 4;
          if (at + 4 <= end && areDigits((word = view.getInt32(at, true)))) {
            low = low * 10_000 + fourDigits(word);
            at += 4;
          }
        }
      }
    }
    const middleDigits = Math.min(8, at - fraction);
    const restEnd = Math.min(end, at + 4);
    next = 0;
    for (; at < restEnd; at++) {
      next = buffer[at] as number;
      if (next < ZERO || next > ZERO + 9) break;
      low = low * 10 + (next - ZERO);
    }
    if (at === restEnd || at === fraction || (next | 0x20) === 0x65) return -1;
    const fractionDigits = at - fraction;
    const high = whole * (SCALES[middleDigits] as number) + middle;
    const magnitude = decimalToDouble(high, low, fractionDigits - middleDigits, -fractionDigits);
    if (Number.isNaN(magnitude)) return -1;
    values[index] = negative ? -magnitude : magnitude;
    return at;
  }

  /**
   * Reads a whole number that fits int64 into `low` and `high`. One written with a fraction or an exponent counts
   * when its value is whole: `1.0` and `1e3` do.
   */
  readInteger(buffer: Uint8Array, position: number, end: number): NumberOutcome {
    let at = position;
    const negative = buffer[at] === MINUS;
    if (negative) at++;
    const firstDigit = at;
    let head = 0;
    let tail = 0;
    let scale = 1;
    let digit = 0;
    for (; at < end; at++) {
      digit = (buffer[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      if (at - firstDigit < HIGH_DIGITS) head = head * 10 + digit;
      else {
        tail = tail * 10 + digit;
        scale *= 10;
      }
    }
    const digitCount = at - firstDigit;
    if (digitCount === 0) return "malformed";
    if (digitCount > 1 && buffer[firstDigit] === ZERO) return "malformed";
    this.end = at;
    if (at < end && (buffer[at] === POINT || ((buffer[at] as number) | 0x20) === 0x65)) {
      return this.#readWritten(buffer, position, end);
    }
    if (digitCount > HIGH_DIGITS + MAX_LOW_DIGITS) return "outOfRange";
    return this.#setHalves(negative, head, tail, scale);
  }

  /** Reads any number into `value`. */
  readDouble(buffer: Uint8Array, position: number, end: number): NumberOutcome {
    let at = position;
    const negative = buffer[at] === MINUS;
    if (negative) at++;
    const firstDigit = at;
    let head = 0;
    let tail = 0;
    let significant = 0;
    let point = -1;
    for (; at < end; at++) {
      const digit = (buffer[at] as number) - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (significant < HIGH_DIGITS) head = head * 10 + digit;
        else if (significant < HIGH_DIGITS + MAX_LOW_DIGITS) tail = tail * 10 + digit;
        if (significant > 0 || digit > 0) significant++;
      } else if (digit === POINT - ZERO && point < 0) point = at;
      else break;
    }
    const integerDigits = (point < 0 ? at : point) - firstDigit;
    const fractionDigits = point < 0 ? 0 : at - point - 1;
    if (integerDigits === 0 || (point >= 0 && fractionDigits === 0)) return "malformed";
    if (integerDigits > 1 && buffer[firstDigit] === ZERO) return "malformed";
    let exponent = 0;
    if (at < end && ((buffer[at] as number) | 0x20) === 0x65) {
      at = this.#readExponent(buffer, at + 1, end);
      if (at < 0) return "malformed";
      exponent = this.value;
    }
    this.end = at;
    const lowDigits = Math.max(0, significant - HIGH_DIGITS);
    const magnitude =
      lowDigits > MAX_LOW_DIGITS
        ? Number.NaN
        : decimalToDouble(head, tail, lowDigits, exponent - fractionDigits);
    if (Number.isNaN(magnitude)) this.value = Number(textOf(buffer, position, at));
    else this.value = negative ? -magnitude : magnitude;
    return "ok";
  }

  /** Reads what follows the `e` into `value`; returns the position behind it, or -1. */
  #readExponent(buffer: Uint8Array, position: number, end: number): number {
    let at = position;
    const sign = at < end ? buffer[at] : 0;
    if (sign === MINUS || sign === 0x2b) at++;
    const firstDigit = at;
    let exponent = 0;
    for (; at < end; at++) {
      const digit = (buffer[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      // Saturated, so that a long exponent stays a small integer: the text is parsed then.
      if (exponent < 1_000_000) exponent = exponent * 10 + digit;
    }
    if (at === firstDigit) return -1;
    this.value = sign === MINUS ? -exponent : exponent;
    return at;
  }

  #readWritten(buffer: Uint8Array, position: number, end: number): NumberOutcome {
    const outcome = this.readDouble(buffer, position, end);
    if (outcome !== "ok") return outcome;
    const whole = wholeNumberOf(textOf(buffer, position, this.end));
    if (whole === undefined) return "notWhole";
    if (whole === null || BigInt.asIntN(64, whole) !== whole) return "outOfRange";
    this.low = Number(BigInt.asIntN(32, whole));
    this.high = Number(whole >> 32n);
    return "ok";
  }

  #setHalves(negative: boolean, head: number, tail: number, scale: number): NumberOutcome {
    let high = Math.floor(head / TWO_POW_32);
    let low = (head - high * TWO_POW_32) * scale + tail;
    const carry = Math.floor(low / TWO_POW_32);
    low -= carry * TWO_POW_32;
    high = high * scale + carry;
    if (high >= 0x8000_0000) {
      const isMinimum = negative && high === 0x8000_0000 && low === 0;
      if (!isMinimum) return "outOfRange";
    }
    if (negative) {
      this.low = -low | 0;
      this.high = (~high + (low === 0 ? 1 : 0)) | 0;
    } else {
      this.low = low | 0;
      this.high = high | 0;
    }
    return "ok";
  }
}

function textOf(buffer: Uint8Array, from: number, to: number): string {
  return Buffer.from(buffer.buffer, buffer.byteOffset + from, to - from).toString("latin1");
}
