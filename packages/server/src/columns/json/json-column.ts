// SPDX-License-Identifier: Apache-2.0
import type { StructField } from "@sluice/delta";
import { sqlNameOfField } from "../column-labels.ts";
import { declaredTypeOf, expectationOf, limitsOf, type ValueLimits } from "../value-limits.ts";

/** How the value of a column is written in JSON. */
export const JSON_VALUE = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 3,
  DOUBLE: 4,
  TEXT: 5,
  BASE64: 6,
  SMALL_INTEGER: 7,
  DECIMAL: 8,
  NESTED: 9,
  ISO_DATE: 10,
  ISO_TIMESTAMP: 11,
  ISO_TIMESTAMP_NTZ: 12,
  DATE: 13,
  TIMESTAMP: 14,
} as const;

export type JsonValueKind = (typeof JSON_VALUE)[keyof typeof JSON_VALUE];

export interface JsonOptions {
  /** Whether DATE and TIMESTAMP columns take ISO 8601 texts besides numbers. */
  readonly acceptIsoTexts: boolean;
}

/** A column as the JSON decoder sees it. */
export interface JsonColumn {
  readonly name: string;
  readonly sqlName: string;
  readonly nullable: boolean;
  readonly limits: ValueLimits;
  readonly valueKind: JsonValueKind;
  /** The index among the nested columns, -1 for a flat one. */
  readonly nestedIndex: number;
  /** What the column takes, for messages. */
  readonly expectation: string;
}

interface ValueTraits {
  readonly valueKind: JsonValueKind;
  readonly expectation: string;
}

const CALENDAR = "from 0001-01-01 to 9999-12-31";

const TRAITS: Readonly<Record<string, ValueTraits>> = {
  boolean: { valueKind: JSON_VALUE.BOOLEAN, expectation: "true or false" },
  integer: { valueKind: JSON_VALUE.INT32, expectation: "a whole JSON number from -2^31 to 2^31-1" },
  date: {
    valueKind: JSON_VALUE.DATE,
    expectation: `the days since 1970-01-01 as a whole JSON number, ${CALENDAR}; date texts are not converted`,
  },
  long: { valueKind: JSON_VALUE.INT64, expectation: "a whole JSON number from -2^63 to 2^63-1" },
  timestamp: {
    valueKind: JSON_VALUE.TIMESTAMP,
    expectation: `the microseconds since 1970-01-01T00:00:00Z as a whole JSON number, ${CALENDAR}; date texts are not converted`,
  },
  timestamp_ntz: {
    valueKind: JSON_VALUE.TIMESTAMP,
    expectation: `the microseconds since 1970-01-01T00:00:00 as a whole JSON number, ${CALENDAR}; date texts are not converted`,
  },
  float: { valueKind: JSON_VALUE.FLOAT, expectation: "a JSON number within the range of a float" },
  double: {
    valueKind: JSON_VALUE.DOUBLE,
    expectation: "a JSON number within the range of a double",
  },
  string: { valueKind: JSON_VALUE.TEXT, expectation: "a JSON string" },
  binary: { valueKind: JSON_VALUE.BASE64, expectation: "a JSON string with base64 text" },
};

/** The same columns of a table that takes ISO 8601 texts as well. */
const ISO_TRAITS: Readonly<Record<string, ValueTraits>> = {
  date: {
    valueKind: JSON_VALUE.ISO_DATE,
    expectation: `a date as YYYY-MM-DD, or the days since 1970-01-01 as a whole JSON number, ${CALENDAR}`,
  },
  timestamp: {
    valueKind: JSON_VALUE.ISO_TIMESTAMP,
    expectation: `a timestamp of at most microseconds with a zone, as 2024-01-31T10:00:00.123456Z, or the microseconds since 1970-01-01T00:00:00Z as a whole JSON number, ${CALENDAR}`,
  },
  timestamp_ntz: {
    valueKind: JSON_VALUE.ISO_TIMESTAMP_NTZ,
    expectation: `a timestamp of at most microseconds without a zone, as 2024-01-31T10:00:00.123456, or the microseconds since 1970-01-01T00:00:00 as a whole JSON number, ${CALENDAR}`,
  },
};

/** The column of a table field, or `undefined` where its type cannot be written yet. */
export function jsonColumnOf(
  field: StructField,
  { acceptIsoTexts }: JsonOptions,
): JsonColumn | undefined {
  const limits = limitsOf(field.type, declaredTypeOf(field));
  const isoTraits =
    acceptIsoTexts && typeof field.type === "string" ? ISO_TRAITS[field.type] : undefined;
  const traits = isoTraits ?? traitsOf(field, limits);
  if (traits === undefined) return undefined;
  const { name, nullable } = field;
  return { name, sqlName: sqlNameOfField(field), nullable, limits, nestedIndex: -1, ...traits };
}

function traitsOf(field: StructField, limits: ValueLimits): ValueTraits | undefined {
  const { type } = field;
  if (limits.decimal !== undefined) {
    return {
      valueKind: JSON_VALUE.DECIMAL,
      expectation: `${expectationOf(field)}, as a JSON number or string`,
    };
  }
  if (limits.integerBits > 0) {
    return { valueKind: JSON_VALUE.SMALL_INTEGER, expectation: expectationOf(field) };
  }
  const traits = typeof type === "string" && Object.hasOwn(TRAITS, type) ? TRAITS[type] : undefined;
  if (traits === undefined || limits.maxCharacters === 0) return traits;
  return { ...traits, expectation: expectationOf(field) };
}
