// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";

const MAX_SHOWN_CHARACTERS = 60;

/** A value that does not fit, on its way to the record's encoder; each level adds its part of the path. */
export class FieldError extends Error {
  readonly path: (string | number)[] = [];
}

/** Throws the error of a value that is not what was expected. */
export function refuse(value: unknown, expectation: string): never {
  throw new FieldError(`expected ${expectation}, not ${shown(value)}`);
}

/** Adds to the path of a failure the part in which it happened. */
export function within(error: unknown, part: string | number | undefined): unknown {
  if (error instanceof FieldError && part !== undefined) error.path.unshift(part);
  return error;
}

/** The failure as callers of an encoder get it. */
export function recordError(error: unknown): ZerobusError {
  if (error instanceof FieldError) {
    const column = pathText(error.path);
    const place = column === "" ? "The record" : `Column ${JSON.stringify(column)} of the record`;
    const options = column === "" ? {} : { details: { column } };
    return new ZerobusError("invalid_argument", `${place}: ${error.message}`, options);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ZerobusError("invalid_argument", `The record cannot be read: ${reason}`, {
    cause: error,
  });
}

function pathText(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}

/** A value's type and, where it is short, the value, for a message. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const isShort = value.length <= MAX_SHOWN_CHARACTERS;
      const text = isShort ? value : `${value.slice(0, MAX_SHOWN_CHARACTERS)}...`;
      return `the string ${JSON.stringify(text)}`;
    }
    case "bigint": {
      const digits = String(value);
      return `the bigint ${digits.length > MAX_SHOWN_CHARACTERS ? `of ${digits.length} digits` : digits}`;
    }
    case "number":
      return `the number ${Object.is(value, -0) ? "-0" : value}`;
    case "boolean":
    case "undefined":
      return String(value);
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : shownObject(value);
  }
}

function shownObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "an invalid Date" : `the Date ${value.toISOString()}`;
  }
  const { constructor } = value as { readonly constructor?: unknown };
  if (typeof constructor !== "function" || constructor === Object) return "an object";
  return `an object of class ${constructor.name.slice(0, MAX_SHOWN_CHARACTERS)}`;
}
