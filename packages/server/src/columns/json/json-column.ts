// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructField } from "@sluice/delta";
import { sqlNameOf } from "../column-labels.ts";

/** How the value of a column is written in JSON. */
export const JSON_VALUE = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 3,
  DOUBLE: 4,
  TEXT: 5,
  BASE64: 6,
} as const;

export type JsonValueKind = (typeof JSON_VALUE)[keyof typeof JSON_VALUE];

/** A column as the JSON decoder sees it. */
export interface JsonColumn {
  readonly name: string;
  readonly sqlName: string;
  readonly nullable: boolean;
  readonly valueKind: JsonValueKind;
  /** What the column takes, for messages. */
  readonly expectation: string;
}

interface ValueTraits {
  readonly valueKind: JsonValueKind;
  readonly expectation: string;
}

const TRAITS: Readonly<Record<string, ValueTraits>> = {
  boolean: { valueKind: JSON_VALUE.BOOLEAN, expectation: "true or false" },
  integer: { valueKind: JSON_VALUE.INT32, expectation: "a whole JSON number from -2^31 to 2^31-1" },
  date: {
    valueKind: JSON_VALUE.INT32,
    expectation: "the days since 1970-01-01 as a whole JSON number; date texts are not converted",
  },
  long: { valueKind: JSON_VALUE.INT64, expectation: "a whole JSON number from -2^63 to 2^63-1" },
  timestamp: {
    valueKind: JSON_VALUE.INT64,
    expectation:
      "the microseconds since 1970-01-01T00:00:00Z as a whole JSON number; date texts are not converted",
  },
  float: { valueKind: JSON_VALUE.FLOAT, expectation: "a JSON number within the range of a float" },
  double: {
    valueKind: JSON_VALUE.DOUBLE,
    expectation: "a JSON number within the range of a double",
  },
  string: { valueKind: JSON_VALUE.TEXT, expectation: "a JSON string" },
  binary: { valueKind: JSON_VALUE.BASE64, expectation: "a JSON string with base64 text" },
};

/** The column of a table field, or `undefined` where its type cannot be written yet. */
export function jsonColumnOf(field: StructField): JsonColumn | undefined {
  const traits = traitsOf(field.type);
  if (traits === undefined) return undefined;
  return { name: field.name, sqlName: sqlNameOf(field.type), nullable: field.nullable, ...traits };
}

function traitsOf(type: DataType): ValueTraits | undefined {
  return typeof type === "string" && Object.hasOwn(TRAITS, type) ? TRAITS[type] : undefined;
}
