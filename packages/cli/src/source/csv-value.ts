// SPDX-License-Identifier: Apache-2.0
import type { ColumnType } from "@sluice/client";

/** JSON text of a value, or why there is none. */
export type CsvValue = { readonly json: string } | { readonly problem: string };

/** Turns the text of a CSV field that is not empty into JSON for a column. */
export type CsvConverter = (text: string) => CsvValue;

/**
 * How fields become values of a column:
 *
 * | column | field |
 * |---|---|
 * | TINYINT, SMALLINT, INT, BIGINT | a whole number |
 * | FLOAT, DOUBLE | a number, `NaN`, `Infinity`, `-Infinity` |
 * | BOOLEAN | `true` or `false` in any case, `1` or `0` |
 * | DATE | `2024-01-31`, or days since 1970-01-01 |
 * | TIMESTAMP, TIMESTAMP_NTZ | `2024-01-31T10:20:30.123456Z`, or microseconds since 1970-01-01; UTC where no zone is given |
 * | STRUCT, ARRAY, MAP | JSON |
 * | all others | the text as it is; BINARY takes base64 |
 */
export function csvConverterFor(type: ColumnType): CsvConverter {
  switch (type.kind) {
    case "byte":
      return wholeNumber(8n);
    case "short":
      return wholeNumber(16n);
    case "integer":
      return wholeNumber(32n);
    case "long":
      return wholeNumber(64n);
    case "float":
    case "double":
      return fromNumber;
    case "boolean":
      return fromBoolean;
    case "array":
    case "map":
    case "struct":
      return fromJson;
    case "date":
      return fromDate;
    case "timestamp":
    case "timestamp_ntz":
      return fromTimestamp;
    default:
      return (text) => ({ json: JSON.stringify(text) });
  }
}

const WHOLE_NUMBER = /^[+-]?\d{1,40}$/;

function wholeNumber(bits: bigint): CsvConverter {
  const limit = 1n << (bits - 1n);
  return (text) => {
    const trimmed = text.trim();
    if (!WHOLE_NUMBER.test(trimmed)) return { problem: "is not a whole number" };
    if (trimmed.length <= 9) return inLimit(BigInt(Number(trimmed)), limit);
    return inLimit(BigInt(trimmed.replace(/^\+/, "")), limit);
  };
}

function inLimit(value: bigint, limit: bigint): CsvValue {
  if (value >= -limit && value < limit) return { json: value.toString() };
  return { problem: `is out of range; the column takes ${-limit} to ${limit - 1n}` };
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity"]);

function fromNumber(text: string): CsvValue {
  const trimmed = text.trim();
  if (NOT_FINITE.has(trimmed)) return { json: JSON.stringify(trimmed) };
  if (!NUMBER.test(trimmed)) return { problem: "is not a number" };
  const value = Number(trimmed);
  return Number.isFinite(value) ? { json: JSON.stringify(value) } : { problem: "is out of range" };
}

function fromBoolean(text: string): CsvValue {
  switch (text.trim().toLowerCase()) {
    case "true":
    case "1":
      return { json: "true" };
    case "false":
    case "0":
      return { json: "false" };
    default:
      return { problem: "is not true or false" };
  }
}

function fromJson(text: string): CsvValue {
  try {
    JSON.parse(text);
    return { json: text };
  } catch (cause) {
    return { problem: `is not JSON (${(cause as Error).message})` };
  }
}

const EPOCH_NUMBER = /^[+-]?\d{1,18}$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)?$/;
const DAY_MS = 86_400_000;
const MICROS_PER_SECOND = 1_000_000n;

function fromDate(text: string): CsvValue {
  const trimmed = text.trim();
  const days = EPOCH_NUMBER.test(trimmed) ? Number(trimmed) : epochDaysOf(trimmed);
  if (days === undefined) return { problem: "is not a date such as 2024-01-31" };
  return { json: String(days) };
}

function fromTimestamp(text: string): CsvValue {
  const trimmed = text.trim();
  if (EPOCH_NUMBER.test(trimmed)) return { json: BigInt(trimmed.replace(/^\+/, "")).toString() };
  const micros = epochMicrosOf(trimmed);
  if (micros !== undefined) return { json: micros.toString() };
  return { problem: "is not a timestamp such as 2024-01-31T10:20:30.123456Z" };
}

function epochDaysOf(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isReal ? date.getTime() / DAY_MS : undefined;
}

function epochMicrosOf(text: string): bigint | undefined {
  const dateOnly = epochDaysOf(text);
  if (dateOnly !== undefined) return BigInt(dateOnly) * BigInt(DAY_MS) * 1000n;
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const days = epochDaysOf(match[1] as string);
  const [hour, minute, second] = [match[2], match[3], match[4] ?? "0"].map(Number) as [
    number,
    number,
    number,
  ];
  const [zoneHours, zoneMinutes] = [match[8] ?? "0", match[9] ?? "0"].map(Number) as [
    number,
    number,
  ];
  if (days === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  if (zoneHours > 18 || zoneMinutes > 59) return undefined;
  const zoneSign = match[7] === "-" ? -1 : 1;
  const zoneSeconds = zoneSign * (zoneHours * 3600 + zoneMinutes * 60);
  const seconds = days * (DAY_MS / 1000) + hour * 3600 + minute * 60 + second - zoneSeconds;
  const micros = BigInt((match[5] ?? "").padEnd(6, "0").slice(0, 6));
  return BigInt(seconds) * MICROS_PER_SECOND + micros;
}
