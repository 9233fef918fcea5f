// SPDX-License-Identifier: Apache-2.0
import { flatKindOf } from "../columns/flat-kinds.ts";
import { floatLowerBound, floatUpperBound } from "../expression/file-bounds.ts";
import { type Scalar, type ScalarType, scalarTypeOf } from "../expression/scalar-types.ts";
import { scalarOfPartitionText } from "../partition/partition-values.ts";
import type { DataType, StructField } from "../schema/types.ts";
import type { PartitionValues } from "./actions.ts";
import type { StatsField } from "./checkpoint-schema.ts";
import { isJsonObject } from "./json-fields.ts";

/** Values as `writeNestedRow` wants them. */
type Row = Readonly<Record<string, unknown>>;

/** Texts stay as they are, numbers become texts: JavaScript's would lose digits of them. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The row of `stats_parsed` for statistics as JSON text; `undefined` where there are none that can be read. */
export function parsedStatsOf(
  stats: string | undefined,
  fields: readonly StatsField[],
): Row | undefined {
  const parsed = stats === undefined ? undefined : parseExact(stats);
  if (parsed === undefined) return undefined;
  const { numRecords, minValues, maxValues, nullCount, tightBounds } = parsed;
  return {
    numRecords: wholeOf(numRecords),
    minValues: boundsOf(minValues, fields, floatLowerBound),
    maxValues: boundsOf(maxValues, fields, floatUpperBound),
    nullCount: nullCountsOf(nullCount, fields),
    tightBounds: typeof tightBounds === "boolean" ? tightBounds : undefined,
  };
}

/** The row of `partitionValues_parsed`; what is no value of its column's type is null. */
export function parsedPartitionValuesOf(
  values: PartitionValues,
  fields: readonly StructField[],
): Row {
  const row: Record<string, unknown> = {};
  for (const { name, type } of fields) {
    const text = values[name];
    const scalar = scalarTypeOf(type);
    if (text && scalar !== undefined) row[name] = storedValueOf(text, scalar);
  }
  return row;
}

/** As a column of the type holds it: a DECIMAL of few digits as a number. */
function storedValueOf(text: string, type: ScalarType): Scalar | undefined {
  const scalar = scalarOfPartitionText(text, type);
  const isNarrow = typeof scalar === "bigint" && flatKindOf(type as DataType) === "int32";
  return isNarrow ? Number(scalar) : scalar;
}

function parseExact(stats: string): Row | undefined {
  const quoted = stats.replaceAll(TEXT_OR_NUMBER, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  try {
    const value: unknown = JSON.parse(quoted);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function boundsOf(
  value: unknown,
  fields: readonly StatsField[],
  boundOfFloat: (bound: number) => number,
): Row | undefined {
  if (!isJsonObject(value)) return undefined;
  const row: Record<string, unknown> = {};
  for (const { name, type, fields: inner, hasBounds, wasFloat } of fields) {
    if (!hasBounds) continue;
    const item = value[name];
    const scalar = scalarTypeOf(type);
    if (inner !== undefined) row[name] = boundsOf(item, inner, boundOfFloat);
    else if (typeof item === "string" && scalar !== undefined) {
      const bound = scalar === "string" ? item : storedValueOf(item, scalar);
      row[name] = wasFloat && typeof bound === "number" ? boundOfFloat(bound) : bound;
    }
  }
  return row;
}

function nullCountsOf(value: unknown, fields: readonly StatsField[]): Row | undefined {
  if (!isJsonObject(value)) return undefined;
  const row: Record<string, unknown> = {};
  for (const { name, fields: inner } of fields) {
    const item = value[name];
    row[name] = inner === undefined ? wholeOf(item) : nullCountsOf(item, inner);
  }
  return row;
}

function wholeOf(value: unknown): number | undefined {
  const count = typeof value === "string" ? Number(value) : undefined;
  return Number.isSafeInteger(count) ? count : undefined;
}
