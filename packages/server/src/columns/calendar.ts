// SPDX-License-Identifier: Apache-2.0

const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_DAY = 86_400_000_000n;

/** Days from 1970-01-01 to 0001-01-01 and to 9999-12-31: what every reader of a table can represent. */
export const FIRST_DAY: number = Date.parse("0001-01-01T00:00:00Z") / MILLIS_PER_DAY;
export const LAST_DAY: number = Date.parse("9999-12-31T00:00:00Z") / MILLIS_PER_DAY;

const FIRST_MICRO = BigInt(FIRST_DAY) * MICROS_PER_DAY;
const LAST_MICRO = BigInt(LAST_DAY + 1) * MICROS_PER_DAY - 1n;
const FIRST_MICRO_LOW = Number(BigInt.asUintN(32, FIRST_MICRO));
const LAST_MICRO_LOW = Number(BigInt.asUintN(32, LAST_MICRO));

/**
 * The upper halves of the first and the last microsecond of these years: a timestamp whose upper half lies between them
 * is one of these years, whatever its lower half.
 */
export const FIRST_MICRO_HIGH: number = Number(FIRST_MICRO >> 32n);
export const LAST_MICRO_HIGH: number = Number(LAST_MICRO >> 32n);

/** Whether so many days since 1970-01-01 are a date of the years 1 to 9999. */
export function isDate(days: number): boolean {
  return days >= FIRST_DAY && days <= LAST_DAY;
}

/** Whether so many microseconds since 1970-01-01, as two int32 halves, are a time of the years 1 to 9999. */
export function isTimestamp(low: number, high: number): boolean {
  if (high > FIRST_MICRO_HIGH && high < LAST_MICRO_HIGH) return true;
  return high === FIRST_MICRO_HIGH
    ? low >>> 0 >= FIRST_MICRO_LOW
    : high === LAST_MICRO_HIGH && low >>> 0 <= LAST_MICRO_LOW;
}
