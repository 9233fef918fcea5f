// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/** Why a value cannot be written; the caller adds the row. */
export class ValueProblem extends Error {
  override readonly name = "ValueProblem";
  /** The column and what is inside of it, joined by dots. */
  readonly column: string;

  constructor(column: string, problem: string) {
    super(problem);
    this.column = column;
  }
}

/** The error of a row that cannot be written. */
export function rowError(rowIndex: number, { column, message }: ValueProblem): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `row ${rowIndex}, column ${JSON.stringify(column)}: ${message}`,
    { details: { rowIndex, column } },
  );
}

/** A value as messages show it, cut short. */
export function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.slice(0, 100));
    case "bigint":
      return `${value}n`;
    case "object":
      if (value === null) return "null";
      if (value instanceof Date) return `Date(${value.getTime()})`;
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return value instanceof Uint8Array ? `${value.length} bytes` : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}

/** Whether a value is an object with members of its own, and not one that stands for a single value or a list. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  return !(
    Array.isArray(value) ||
    value instanceof Date ||
    value instanceof Map ||
    ArrayBuffer.isView(value)
  );
}

/** How the member of that name is had from objects that may not have it: what every object inherits is none of it. */
export function memberReaderOf(
  name: string,
): (object: Readonly<Record<string, unknown>>) => unknown {
  if (!(name in Object.prototype)) return (object) => object[name];
  return (object) => (Object.hasOwn(object, name) ? object[name] : undefined);
}
