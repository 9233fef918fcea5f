// SPDX-License-Identifier: Apache-2.0
import { decimalText } from "../schema/decimal.ts";
import type { Bounds, ColumnSummary } from "./column-summary.ts";
import type { Leaf } from "./file-schema.ts";

/**
 * A bound in Delta statistics: text for strings, dates and timestamps. A BIGINT is a number where a double holds it
 * exactly and a bigint beyond; a DECIMAL is a {@link DecimalBound}.
 */
export type StatisticsValue = string | number | bigint | boolean | DecimalBound;

/** The digits of a DECIMAL, which no double holds. */
export class DecimalBound {
  /** A decimal number in plain notation. */
  readonly text: string;

  constructor(digits: string) {
    this.text = digits;
  }
}

/** By column name; a STRUCT has a tree of its fields. ARRAY and MAP have no statistics. */
export interface StatisticsTree<Value> {
  readonly [name: string]: Value | StatisticsTree<Value>;
}

/**
 * Statistics of one data file, the content of Delta's `add.stats` ("Per-file Statistics" in the protocol). Serialise
 * with {@link statisticsToJson}: `JSON.stringify` refuses a bigint and loses the sign of a zero.
 *
 * Bounds are always bounds, for readers that know how they are shortened and for those that do not: strings longer
 * than 32 code points are cut, with the upper one rounded up; timestamps are in milliseconds, the lower one rounded
 * down and the upper one up. A bound is absent where none can be given: no value but nulls, a NaN in the column, an
 * infinity, a year outside 1 to 9999, a string that cannot be rounded up, and for BINARY. BOOLEAN has bounds, which
 * the protocol allows and not every writer gives: some readers take an absent bound for a null and find no rows.
 */
export interface FileStatistics {
  readonly numRecords: number;
  readonly minValues: StatisticsTree<StatisticsValue>;
  readonly maxValues: StatisticsTree<StatisticsValue>;
  readonly nullCount: StatisticsTree<number>;
  /** Never `false` for a file just written; absent means `true`. */
  readonly tightBounds?: boolean;
}

export interface NamedSummary {
  /** Names of the column and of the fields below it. */
  readonly path: readonly string[];
  readonly leaf: Leaf;
  readonly summary: ColumnSummary;
}

/** The statistics of a file from the summaries of its columns. */
export function fileStatisticsOf(
  numRecords: number,
  columns: readonly NamedSummary[],
): FileStatistics {
  const minValues: Entry<StatisticsValue>[] = [];
  const maxValues: Entry<StatisticsValue>[] = [];
  for (const { path, leaf, summary } of columns) {
    if (summary.bounds === null) continue;
    const min = minValueOf(leaf, summary.bounds);
    const max = maxValueOf(leaf, summary.bounds);
    if (min !== null) minValues.push([path, min]);
    if (max !== null) maxValues.push([path, max]);
  }
  return {
    numRecords,
    minValues: treeOf(minValues),
    maxValues: treeOf(maxValues),
    nullCount: treeOf(columns.map(({ path, summary }) => [path, summary.nullCount])),
  };
}

type Entry<Value> = readonly [path: readonly string[], value: Value];

/** The paths of one tree: a name that stands for a value is not also the name of a struct. */
function treeOf<Value>(entries: readonly Entry<Value>[]): StatisticsTree<Value> {
  const branches = new Map<string, Entry<Value>[]>();
  const members: [string, Value | StatisticsTree<Value>][] = [];
  for (const [[name = "", ...rest], value] of entries) {
    if (rest.length === 0) {
      members.push([name, value]);
      continue;
    }
    const branch = branches.get(name);
    if (branch !== undefined) branch.push([rest, value]);
    else branches.set(name, [[rest, value]]);
  }
  for (const [name, branch] of branches) members.push([name, treeOf(branch)]);
  // `fromEntries` makes own properties of any name, "__proto__" included.
  return Object.fromEntries(members);
}

/** The JSON text of `add.stats`, with integers of 64 bits exact and zeros signed. */
export function statisticsToJson(statistics: FileStatistics): string {
  const members = [
    `"numRecords":${statistics.numRecords}`,
    `"minValues":${objectToJson(statistics.minValues)}`,
    `"maxValues":${objectToJson(statistics.maxValues)}`,
    `"nullCount":${objectToJson(statistics.nullCount)}`,
  ];
  if (statistics.tightBounds !== undefined) {
    members.push(`"tightBounds":${statistics.tightBounds}`);
  }
  return `{${members.join(",")}}`;
}

function objectToJson(values: StatisticsTree<StatisticsValue>): string {
  const members = Object.entries(values).map(
    ([name, value]) => `${JSON.stringify(name)}:${valueToJson(value)}`,
  );
  return `{${members.join(",")}}`;
}

function valueToJson(value: StatisticsValue | StatisticsTree<StatisticsValue>): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof DecimalBound) return value.text;
  if (typeof value === "object") return objectToJson(value);
  if (Object.is(value, -0)) return "-0.0";
  return JSON.stringify(value);
}

function minValueOf(leaf: Leaf, bounds: Bounds): StatisticsValue | null {
  const format = leaf.boundsFormat;
  switch (bounds.kind) {
    case "boolean":
      return bounds.min;
    case "number":
      if (format === "decimal") return decimalValue(leaf, BigInt(bounds.min));
      return format === "date" ? dateText(bounds.min) : finite(bounds.min);
    case "bigint":
      if (format === "decimal") return decimalValue(leaf, bounds.min);
      return format === "number"
        ? integerValue(bounds.min)
        : timestampText(leaf, floorDivide(bounds.min, MICROS_PER_MILLI));
    case "bytes":
      return format === "string" ? text(bounds.min) : null;
  }
}

function maxValueOf(leaf: Leaf, bounds: Bounds): StatisticsValue | null {
  const format = leaf.boundsFormat;
  switch (bounds.kind) {
    case "boolean":
      return bounds.max;
    case "number":
      if (format === "decimal") return decimalValue(leaf, BigInt(bounds.max));
      return format === "date" ? dateText(bounds.max) : finite(bounds.max);
    case "bigint":
      if (format === "decimal") return decimalValue(leaf, bounds.max);
      return format === "number"
        ? integerValue(bounds.max)
        : timestampText(leaf, -floorDivide(-bounds.max, MICROS_PER_MILLI));
    case "bytes":
      return format === "string" && bounds.max !== null ? text(bounds.max) : null;
  }
}

const MICROS_PER_MILLI = 1000n;
const MILLIS_PER_DAY = 86_400_000;
/** 0001-01-01T00:00:00.000Z */
const FIRST_MILLI = -62_135_596_800_000;
/** 9999-12-31T23:59:59.999Z */
const LAST_MILLI = 253_402_300_799_999;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function decimalValue({ logicalType }: Leaf, unscaled: bigint): StatisticsValue {
  const scale = logicalType?.kind === "decimal" ? logicalType.scale : 0;
  return new DecimalBound(decimalText(unscaled, scale));
}

function integerValue(value: bigint): number | bigint {
  const double = Number(value);
  return Number.isSafeInteger(double) ? double : value;
}

/** Rounds towards negative infinity, where bigint division rounds towards zero. */
function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return quotient * divisor > dividend ? quotient - 1n : quotient;
}

function dateText(days: number): string | null {
  const iso = isoText(days * MILLIS_PER_DAY);
  return iso === null ? null : iso.slice(0, "YYYY-MM-DD".length);
}

function timestampText({ boundsFormat }: Leaf, millis: bigint): string | null {
  const iso = isoText(Number(millis));
  return iso !== null && boundsFormat === "timestampNtz" ? iso.slice(0, -1) : iso;
}

/** Years of four digits only: readers disagree about how others are written. */
function isoText(millis: number): string | null {
  if (millis < FIRST_MILLI || millis > LAST_MILLI) return null;
  return new Date(millis).toISOString();
}

/** A string that is not UTF-8 has no text to give as its bound. */
function text(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}
