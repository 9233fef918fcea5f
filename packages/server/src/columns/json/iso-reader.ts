// SPDX-License-Identifier: Apache-2.0

import { JSON_VALUE, type JsonValueKind } from "./json-column.ts";

const ZERO = 0x30;
const MICRO_DIGITS = 6;
const MAX_FRACTION_DIGITS = 9;
const SECONDS_PER_DAY = 86_400;
const TWO_POW_26 = 2 ** 26;
const TWO_POW_32 = 2 ** 32;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Days from 0001-01-01 to 1970-01-01 in the proleptic Gregorian calendar. */
const EPOCH_DAY = 719_162;

/**
 * Reads dates and timestamps of ISO 8601, in these forms:
 *
 *     date      := YYYY "-" MM "-" DD                                  years 0001 to 9999
 *     timestamp := date ("T" | " ") hh ":" mm [":" ss ["." digit{1,9}]] zone
 *     zone      := "Z" | ("+" | "-") hh ":" mm                         none for a TIMESTAMP_NTZ
 *
 * A fraction finer than a microsecond is refused, not rounded; so are leap seconds and 24:00.
 */
export class IsoReader {
  /** The days or microseconds since 1970-01-01 read last, as two int32 halves. */
  low = 0;
  high = 0;
  #text: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Whether `text[from, to)` is a date; it is then in `low`. */
  readDate(text: Uint8Array, from: number, to: number): boolean {
    this.#begin(text, from, to);
    const days = this.#date();
    this.low = days;
    this.high = days >> 31;
    return !Number.isNaN(days) && this.#at === to;
  }

  /** Whether `text[from, to)` is a timestamp, with a zone or without. */
  readTimestamp(text: Uint8Array, from: number, to: number, hasZone: boolean): boolean {
    this.#begin(text, from, to);
    const days = this.#date();
    if (!this.#take(0x54) && !this.#take(0x20)) return false;
    const hours = this.#number(2, 23);
    if (!this.#take(0x3a)) return false;
    const minutes = this.#number(2, 59);
    const seconds = this.#take(0x3a) ? this.#number(2, 59) : 0;
    const micros = this.#take(0x2e) ? this.#fraction() : 0;
    const offset = hasZone ? this.#zone() : 0;
    const total = days * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds - offset;
    if (Number.isNaN(total + micros) || this.#at !== to) return false;
    this.#setMicros(total, micros);
    return true;
  }

  #begin(text: Uint8Array, from: number, to: number): void {
    this.#text = text;
    this.#at = from;
    this.#end = to;
  }

  /** Days since 1970-01-01, or NaN. */
  #date(): number {
    const year = this.#number(4, 9999);
    if (!this.#take(0x2d)) return Number.NaN;
    const month = this.#number(2, 12);
    if (!this.#take(0x2d)) return Number.NaN;
    const day = this.#number(2, 31);
    if (Number.isNaN(year + month + day) || year === 0 || month === 0 || day === 0) {
      return Number.NaN;
    }
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const leapDay = isLeap && month === 2 ? 1 : 0;
    if (day > (DAYS_IN_MONTH[month - 1] as number) + leapDay) return Number.NaN;
    const before = year - 1;
    const leapYears = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
    const leapPassed = isLeap && month > 2 ? 1 : 0;
    const dayOfYear = (DAYS_BEFORE_MONTH[month - 1] as number) + leapPassed + day - 1;
    return before * 365 + leapYears + dayOfYear - EPOCH_DAY;
  }

  /** Seconds east of UTC, or NaN. */
  #zone(): number {
    if (this.#take(0x5a)) return 0;
    const isWest = this.#take(0x2d);
    if (!isWest && !this.#take(0x2b)) return Number.NaN;
    const hours = this.#number(2, 18);
    if (!this.#take(0x3a)) return Number.NaN;
    const seconds = hours * 3600 + this.#number(2, 59) * 60;
    return isWest ? -seconds : seconds;
  }

  #fraction(): number {
    let micros = 0;
    let digits = 0;
    for (; this.#at < this.#end; this.#at++, digits++) {
      const digit = (this.#text[this.#at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      if (digits < MICRO_DIGITS) micros = micros * 10 + digit;
      else if (digit !== 0) return Number.NaN;
    }
    if (digits === 0 || digits > MAX_FRACTION_DIGITS) return Number.NaN;
    return micros * 10 ** Math.max(0, MICRO_DIGITS - digits);
  }

  /** A number of so many digits, or NaN. */
  #number(digitCount: number, max: number): number {
    let value = 0;
    for (let index = 0; index < digitCount; index++) {
      const digit = this.#at < this.#end ? (this.#text[this.#at] as number) - ZERO : -1;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
      this.#at++;
    }
    return value > max ? Number.NaN : value;
  }

  #take(mark: number): boolean {
    if (this.#at >= this.#end || this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  /** Microseconds go beyond 2^53; seconds times 15625 do not, and 64 times that is a shift. */
  #setMicros(seconds: number, micros: number): void {
    const scaled = seconds * 15_625;
    const upper = Math.floor(scaled / TWO_POW_26);
    const lower = (scaled - upper * TWO_POW_26) * 64 + micros;
    const carry = lower >= TWO_POW_32 ? 1 : 0;
    this.low = lower | 0;
    this.high = (upper + carry) | 0;
  }
}

/** Whether `text[from, to)` is what a column of this kind takes; it is then in `reader`. */
export function isIsoText(
  reader: IsoReader,
  kind: JsonValueKind,
  text: Uint8Array,
  from: number,
  to: number,
): boolean {
  if (kind === JSON_VALUE.ISO_DATE) return reader.readDate(text, from, to);
  return reader.readTimestamp(text, from, to, kind === JSON_VALUE.ISO_TIMESTAMP);
}
