// SPDX-License-Identifier: Apache-2.0
import {
  CHAR_VARCHAR_METADATA_KEY,
  type DataType,
  type DecimalFormat,
  decimalOf,
  type StructField,
} from "@sluice/delta";

/** What a column's type asks of its values beyond what its storage does. */
export interface ValueLimits {
  /** Bits of a TINYINT or SMALLINT, 0 for other types. */
  readonly integerBits: 0 | 8 | 16;
  /** Most characters of a VARCHAR(n) or CHAR(n), 0 for other types. */
  readonly maxCharacters: number;
  readonly decimal: DecimalFormat | undefined;
  /** What the number stands for, which must be of the years 1 to 9999. */
  readonly calendar: Calendar;
}

export type Calendar = "none" | "date" | "timestamp";

export function limitsOf(type: DataType, declaredType: string | undefined): ValueLimits {
  return {
    integerBits: type === "byte" ? 8 : type === "short" ? 16 : 0,
    maxCharacters: type === "string" ? maxCharactersOf(declaredType) : 0,
    decimal: decimalOf(type),
    calendar: calendarOf(type),
  };
}

function calendarOf(type: DataType): Calendar {
  if (type === "date") return "date";
  return type === "timestamp" || type === "timestamp_ntz" ? "timestamp" : "none";
}

/** The type text that a column was declared with, where it has VARCHAR(n) or CHAR(n) in it. */
export function declaredTypeOf(field: StructField): string | undefined {
  const declared = field.metadata[CHAR_VARCHAR_METADATA_KEY];
  return typeof declared === "string" ? declared : undefined;
}

/** What a column takes, to end the sentence "... is out of range for ...". */
export function expectationOf(field: StructField): string {
  const { integerBits, maxCharacters, decimal, calendar } = limitsOf(
    field.type,
    declaredTypeOf(field),
  );
  if (calendar === "date") return "a date from 0001-01-01 to 9999-12-31";
  if (calendar === "timestamp") return "a timestamp from 0001-01-01 to 9999-12-31";
  if (integerBits > 0) {
    return `a whole number from ${-(2 ** (integerBits - 1))} to ${2 ** (integerBits - 1) - 1}`;
  }
  if (maxCharacters > 0) return `text of at most ${maxCharacters} characters`;
  if (decimal === undefined) return "the column";
  const { precision, scale } = decimal;
  return `a decimal number of at most ${precision - scale} digits before the point and ${scale} behind it`;
}

function maxCharactersOf(declaredType: string | undefined): number {
  const match = /^\s*(?:var)?char\s*\(\s*(\d+)\s*\)\s*$/i.exec(declaredType ?? "");
  return match === null ? 0 : Number(match[1]);
}
