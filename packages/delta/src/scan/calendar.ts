// SPDX-License-Identifier: Apache-2.0

const DAYS_PER_ERA = 146_097;
/** From 0000-03-01, where the years of this calculation start, to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468;

/**
 * A day of the proleptic Gregorian calendar as ISO 8601 has it: `YYYY-MM-DD`, for years outside 0 to 9999 with a sign and
 * at least six digits.
 * @param days since 1970-01-01.
 */
export function isoDateOf(days: number): string {
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  // Leap days at the end of 4, 100 and 400 years are taken out.
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Months from March on: 153 days for each five.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const calendarMonth = month < 10 ? month + 3 : month - 9;
  const year = yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0);
  return `${yearText(year)}-${twoDigits(calendarMonth)}-${twoDigits(day)}`;
}

const MICROSECONDS_PER_DAY = 86_400_000_000n;

/** `YYYY-MM-DDTHH:MM:SS`, with as much of a fraction as there is, of microseconds since 1970-01-01. */
export function isoDateTimeOf(microseconds: bigint): string {
  const remainder = microseconds % MICROSECONDS_PER_DAY;
  const ofDay = Number(remainder < 0n ? remainder + MICROSECONDS_PER_DAY : remainder);
  const days = Number((microseconds - BigInt(ofDay)) / MICROSECONDS_PER_DAY);
  const seconds = Math.floor(ofDay / 1_000_000);
  const fraction = String(ofDay % 1_000_000)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map(twoDigits)
    .join(":");
  return `${isoDateOf(days)}T${time}${fraction === "" ? "" : `.${fraction}`}`;
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
