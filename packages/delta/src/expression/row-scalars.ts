// SPDX-License-Identifier: Apache-2.0
import { decimalOf, decimalText } from "../schema/decimal.ts";
import { readDecimal } from "./literals.ts";
import type { Scalar, ScalarType } from "./scalar-types.ts";
import { daysOfText, textOfDays } from "./time-text.ts";

/**
 * Turns a value as rows have it (see `Row`) into one that expressions compute with; `undefined` where it is not of the
 * type.
 */
export function scalarOfRowValue(value: unknown, type: ScalarType): Scalar | undefined {
  switch (type) {
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
    case "binary":
      return value instanceof Uint8Array ? value : undefined;
    case "byte":
    case "short":
    case "integer":
    case "float":
    case "double":
      return typeof value === "number" ? value : undefined;
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return typeof value === "bigint" ? value : undefined;
    case "date":
      return typeof value === "string" ? (daysOfText(value) ?? daysOfWideYear(value)) : undefined;
    case "void":
      return undefined;
    default: {
      const scale = decimalOf(type)?.scale ?? 0;
      const read = typeof value === "string" ? readDecimal(value) : undefined;
      if (read === undefined || read.scale > scale) return undefined;
      return read.unscaled * 10n ** BigInt(scale - read.scale);
    }
  }
}

/** The value as rows have it; `undefined` for a DATE outside of the years 0001 to 9999. */
export function rowValueOfScalar(value: Scalar, type: ScalarType): Scalar | undefined {
  if (type === "date") return textOfDays(value as number);
  const decimal = type === "void" ? undefined : decimalOf(type);
  return decimal === undefined ? value : decimalText(value as bigint, decimal.scale);
}

/** The year 0, and years as `Date` writes them beyond four digits. */
function daysOfWideYear(text: string): number | undefined {
  if (!/^(?:[+-]\d{6}|0000)-\d\d-\d\d$/.test(text)) return undefined;
  const millis = Date.parse(text);
  return Number.isNaN(millis) ? undefined : millis / 86_400_000;
}
