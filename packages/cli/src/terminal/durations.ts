// SPDX-License-Identifier: Apache-2.0

const UNITS_MS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1],
] as const;

/** A span of time in the largest unit that has it whole, as in `7 days`, `36 hours`, `0 days`. */
export function durationText(milliseconds: number): string {
  const unit = UNITS_MS.find(([, unitMs]) => milliseconds % unitMs === 0);
  if (unit === undefined) return `${milliseconds} milliseconds`;
  const count = milliseconds / unit[1];
  return `${count} ${unit[0]}${count === 1 ? "" : "s"}`;
}

const SHORT_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of `7d`, `36h`, `90m`, `30s`, `2w`; `undefined` for what is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12})\s?(ms|s|m|h|d|w)$/i.exec(text.trim());
  if (match === null) return undefined;
  const milliseconds = Number(match[1]) * (SHORT_UNITS[(match[2] ?? "").toLowerCase()] as number);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/**
 * Milliseconds since the epoch of a moment in ISO 8601: a day, or a day and a time, in UTC where no zone is given.
 * `undefined` for what is none.
 */
export function parseMoment(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const [, day = "", time = "00:00", zone = "Z"] = match;
  const isDay = new Date(`${day}T00:00:00Z`);
  // Date moves a day that a month does not have into the next one.
  if (Number.isNaN(isDay.getTime()) || isDay.toISOString().slice(0, 10) !== day) return undefined;
  const milliseconds = Date.parse(`${day}T${time}${zone.replace(/(\d{2})(\d{2})$/, "$1:$2")}`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
