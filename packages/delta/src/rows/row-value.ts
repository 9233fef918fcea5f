// SPDX-License-Identifier: Apache-2.0
import { textOfDays } from "../expression/time-text.ts";
import { decimalOf, decimalText } from "../schema/decimal.ts";
import type { StructField } from "../schema/types.ts";
import { dayOf, localTimestampOf, longOf, timestampOf, unscaledOf } from "./input-values.ts";
import { shown, ValueProblem } from "./value-problem.ts";

/**
 * A value of a column without parts as `DeltaTable.scan` would give it, from what a caller has given; `null` for NULL.
 * @throws ValueProblem for a value that is not of the type; one that is of the right JavaScript type passes.
 */
export function rowValueOf(value: unknown, { name, type }: StructField): unknown {
  if (value === null || value === undefined) return null;
  const decimal = decimalOf(type);
  if (decimal !== undefined) {
    return decimalText(orProblem(name, unscaledOf(value, decimal)), decimal.scale);
  }
  switch (type) {
    case "byte":
    case "short":
    case "integer":
      return typeof value === "bigint" ? Number(value) : value;
    case "long":
      return orProblem(name, longOf(value));
    case "date": {
      const days = dayOf(value);
      if (typeof days === "string") throw new ValueProblem(name, days);
      const text = textOfDays(days);
      if (text !== undefined) return text;
      throw new ValueProblem(name, `${shown(value)} is outside of the years 1 to 9999`);
    }
    case "timestamp":
      return orProblem(name, timestampOf(value));
    case "timestamp_ntz":
      return orProblem(name, localTimestampOf(value));
    default:
      return value;
  }
}

function orProblem(name: string, result: bigint | string): bigint {
  if (typeof result === "string") throw new ValueProblem(name, result);
  return result;
}
