// SPDX-License-Identifier: Apache-2.0

const MILLIS_PER_DAY = 86_400_000;
const SECONDS_PER_DAY = 86_400;

/** The days and microseconds since 1970 of the years 1 to 9999: what every reader of a table can represent. */
export const FIRST_DAY: number = Date.parse("0001-01-01T00:00:00Z") / MILLIS_PER_DAY;
export const LAST_DAY: number = Date.parse("9999-12-31T00:00:00Z") / MILLIS_PER_DAY;
const FIRST_MICRO = BigInt(FIRST_DAY) * 86_400_000_000n;
const LAST_MICRO = BigInt(LAST_DAY + 1) * 86_400_000_000n - 1n;

/** Seconds whose microseconds a double holds. */
const MAX_SAFE_SECONDS = 9_000_000_000;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/;

/** Days since 1970-01-01 of a text such as `2024-02-29`, if it is a day of the calendar. */
export function daysOfText(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const days = Date.parse(`${text}T00:00:00Z`) / MILLIS_PER_DAY;
  // A day that the month does not have would be taken for one of the next month.
  if (!isDay(days) || new Date(days * MILLIS_PER_DAY).getUTCDate() !== Number(match[3])) {
    return undefined;
  }
  return days;
}

/** Days since 1970-01-01 of a Date that is at midnight UTC. */
export function daysOfDate(date: Date): number | undefined {
  const days = date.getTime() / MILLIS_PER_DAY;
  return isDay(days) ? days : undefined;
}

export function isDay(days: number): boolean {
  return Number.isInteger(days) && days >= FIRST_DAY && days <= LAST_DAY;
}

/**
 * Microseconds since 1970-01-01T00:00:00Z of a text such as `2024-02-29T10:00:00.123456Z`; a bigint where a number does
 * not hold them. The zone, `Z` or an offset, must be there, or must not. Digits finer than a microsecond must be zero.
 */
export function microsOfText(text: string, hasZone: boolean): number | bigint | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null || (match[6] !== undefined) !== hasZone) return undefined;
  const [, date = "", hours, minutes, seconds = "0", fraction = "", zone = "Z"] = match;
  const days = daysOfText(date);
  const isTime = Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
  const offset = offsetSeconds(zone);
  if (days === undefined || !isTime || offset === undefined || /[1-9]/.test(fraction.slice(6))) {
    return undefined;
  }
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const micros = Number(fraction.slice(0, 6).padEnd(6, "0"));
  return joined(days * SECONDS_PER_DAY + time - offset, micros);
}

/** Microseconds since 1970 of a valid Date of these years. */
export function microsOfDate(date: Date): number | bigint | undefined {
  const millis = date.getTime();
  if (Number.isNaN(millis)) return undefined;
  const seconds = Math.floor(millis / 1000);
  return joined(seconds, (millis - seconds * 1000) * 1000);
}

export function isMicro(micros: number | bigint): boolean {
  if (typeof micros === "number") return Number.isSafeInteger(micros);
  return micros >= FIRST_MICRO && micros <= LAST_MICRO;
}

function joined(seconds: number, micros: number): number | bigint | undefined {
  if (Math.abs(seconds) < MAX_SAFE_SECONDS) return seconds * 1_000_000 + micros;
  const total = BigInt(seconds) * 1_000_000n + BigInt(micros);
  return isMicro(total) ? total : undefined;
}

function offsetSeconds(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
  if (hours > 18 || minutes > 59) return undefined;
  const seconds = hours * 3600 + minutes * 60;
  return zone.startsWith("-") ? -seconds : seconds;
}
