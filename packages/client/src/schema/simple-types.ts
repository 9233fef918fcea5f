// SPDX-License-Identifier: Apache-2.0
import type { ColumnType, SimpleTypeName } from "./table-schema.ts";

/** What Delta, Spark and SQL call the types without parts, in lower case. */
const TYPES_BY_NAME: ReadonlyMap<string, SimpleTypeName> = new Map<string, SimpleTypeName>([
  ["string", "string"],
  ["boolean", "boolean"],
  ["byte", "byte"],
  ["tinyint", "byte"],
  ["short", "short"],
  ["smallint", "short"],
  ["integer", "integer"],
  ["int", "integer"],
  ["long", "long"],
  ["bigint", "long"],
  ["float", "float"],
  ["real", "float"],
  ["double", "double"],
  ["binary", "binary"],
  ["date", "date"],
  ["timestamp", "timestamp"],
  ["timestamp_ltz", "timestamp"],
  ["timestamp_ntz", "timestamp_ntz"],
  ["variant", "variant"],
]);

const MAX_DECIMAL_PRECISION = 38;

/** Types nest at most this deep, so that a hostile answer cannot exhaust the stack. */
export const MAX_TYPE_DEPTH = 100;

/** The type that a word alone names, if there is one; DECIMAL alone is DECIMAL(10,0). */
export function simpleTypeOf(word: string): ColumnType | undefined {
  const name = word.toLowerCase();
  const kind = TYPES_BY_NAME.get(name);
  if (kind !== undefined) return { kind };
  return isDecimalName(name) ? { kind: "decimal", precision: 10, scale: 0 } : undefined;
}

/** The type that a word with numbers in parentheses names, if they are in range. */
export function parameterizedTypeOf(
  word: string,
  parameters: readonly number[],
): ColumnType | undefined {
  const name = word.toLowerCase();
  const [first = 0, second = 0, ...rest] = parameters;
  if (rest.length > 0 || parameters.length === 0) return undefined;
  if (isDecimalName(name)) {
    const isInRange = first >= 1 && first <= MAX_DECIMAL_PRECISION && second <= first;
    return isInRange ? { kind: "decimal", precision: first, scale: second } : undefined;
  }
  if (parameters.length > 1 || first < 1) return undefined;
  if (name === "varchar") return { kind: "varchar", maxCharacters: first };
  return name === "char" || name === "character"
    ? { kind: "char", maxCharacters: first }
    : undefined;
}

function isDecimalName(name: string): boolean {
  return name === "decimal" || name === "numeric" || name === "dec";
}
