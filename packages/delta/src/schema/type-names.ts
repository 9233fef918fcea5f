// SPDX-License-Identifier: Apache-2.0
import type { DecimalTypeName, PrimitiveTypeName } from "./types.ts";

export const MAX_DECIMAL_PRECISION = 38;

/** The SQL names of each primitive type; the first is the one that is printed. */
export const SQL_NAMES: Readonly<Record<PrimitiveTypeName, readonly [string, ...string[]]>> = {
  string: ["STRING"],
  boolean: ["BOOLEAN"],
  byte: ["TINYINT", "BYTE"],
  short: ["SMALLINT", "SHORT"],
  integer: ["INT", "INTEGER"],
  long: ["BIGINT", "LONG"],
  float: ["FLOAT", "REAL"],
  double: ["DOUBLE"],
  binary: ["BINARY"],
  date: ["DATE"],
  timestamp: ["TIMESTAMP"],
  timestamp_ntz: ["TIMESTAMP_NTZ"],
  variant: ["VARIANT"],
};

export function isPrimitiveTypeName(name: string): name is PrimitiveTypeName {
  return Object.hasOwn(SQL_NAMES, name);
}

/** Whether `name` is `decimal(p,s)` with a precision and a scale in range. */
export function isDecimalTypeName(name: string): name is DecimalTypeName {
  const match = /^decimal\((\d{1,2}),(\d{1,2})\)$/.exec(name);
  if (match === null) return false;
  return isDecimalInRange(Number(match[1]), Number(match[2]));
}

export function isDecimalInRange(precision: number, scale: number): boolean {
  return precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale >= 0 && scale <= precision;
}
