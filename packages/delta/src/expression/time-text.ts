// SPDX-License-Identifier: Apache-2.0

export const MICROS_PER_DAY = 86_400_000_000n;
export const MICROS_PER_MILLI = 1000n;
const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_MINUTE = 60_000_000n;
/** Years that every reader can represent: 0001 to 9999. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** Days since 1970 of `YYYY-MM-DD`, or `undefined` where that is no day of the years 0001 to 9999. */
export function daysOfText(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match === null ? undefined : daysOf(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** As {@link daysOfText}, in every form that Spark casts: month and day may be short or missing, a time may follow. */
export function daysOfSparkText(text: string): number | undefined {
  const match = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ].*)?)?)?$/s.exec(text);
  if (match === null) return undefined;
  return daysOf(Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1));
}

/** `YYYY-MM-DD`, or `undefined` outside of the years 0001 to 9999. */
export function textOfDays(days: number): string | undefined {
  if (days < FIRST_DAY || days > LAST_DAY) return undefined;
  return new Date(days * MILLIS_PER_DAY).toISOString().slice(0, 10);
}

export interface TimestampText {
  /** Microseconds since 1970 in UTC, of the clock reading itself where no zone is given. */
  readonly micros: bigint;
  readonly zone: "none" | "utc" | "offset";
}

/**
 * Reads `YYYY-MM-DD[(T| )HH:mm[:ss[.fraction]]][Z|+HH:mm]`; digits of the fraction beyond microseconds are cut.
 * `undefined` for anything else, and outside of the years 0001 to 9999.
 */
export function readTimestampText(text: string): TimestampText | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const days = daysOfText(match[1] as string);
  const [hours, minutes, seconds] = [match[2], match[3], match[4]].map((part) => Number(part ?? 0));
  if (days === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) {
    return undefined;
  }
  const clock = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  const fraction = BigInt((match[5] ?? "").slice(0, 6).padEnd(6, "0"));
  const micros = BigInt(days) * MICROS_PER_DAY + clock * MICROS_PER_SECOND + fraction;
  const zone = match[6];
  if (zone === undefined) return { micros, zone: "none" };
  if (zone === "Z" || zone === "UTC") return { micros, zone: "utc" };
  const offset = BigInt(Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));
  if (offset > 18n * 60n || Number(zone.slice(-2)) > 59) return undefined;
  const sign = zone.startsWith("-") ? -1n : 1n;
  return { micros: micros - sign * offset * MICROS_PER_MINUTE, zone: "offset" };
}

/** Day and time of day with six digits of fraction, or `undefined` outside of the years 0001 to 9999. */
export function timestampParts(micros: bigint): readonly [day: string, time: string] | undefined {
  const days = floorDivide(micros, MICROS_PER_DAY);
  const day = textOfDays(Number(days));
  if (day === undefined) return undefined;
  const ofDay = micros - days * MICROS_PER_DAY;
  const seconds = Number(ofDay / MICROS_PER_SECOND);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  return [day, `${clock}.${String(ofDay % MICROS_PER_SECOND).padStart(6, "0")}`];
}

/** Rounds towards negative infinity, where bigint division rounds towards zero. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return quotient * divisor > dividend ? quotient - 1n : quotient;
}

function daysOf(year: number, month: number, day: number): number | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / MILLIS_PER_DAY;
}
