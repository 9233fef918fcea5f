// SPDX-License-Identifier: Apache-2.0
import { FieldError, shown, within } from "./field-error.ts";

/** Deepest nesting of a value, which a value that contains itself reaches too. The service's limit for variants. */
export const MAX_VALUE_DEPTH = 100;

/**
 * JSON text of a value, as `JSON.stringify` writes it where that loses nothing: members that are undefined, functions or
 * symbols are left out, `toJSON` is called. What JSON has no form for is refused instead of becoming null or `{}`.
 * @throws FieldError
 */
export function strictJson(value: unknown): string {
  return textOf(value, 0);
}

function textOf(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return textOfString(value);
    case "number":
      if (Number.isFinite(value)) return String(value === 0 ? 0 : value);
      throw new FieldError(`expected a value that JSON has, not ${shown(value)}`);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      throw new FieldError(
        `JSON has no bigint; give the encoder the table's schema, or convert ${shown(value)} to a number or string`,
      );
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? textOfArray(value, depth) : textOfObject(value, depth);
    default:
      throw new FieldError(`expected a value that JSON has, not ${shown(value)}`);
  }
}

/** What is not the same in JSON but for the quotes around it. */
// oxlint-disable-next-line no-control-regex
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON text. Half of a surrogate pair is no character, and would be replaced on the way. */
export function textOfString(value: string): string {
  if (!NEEDS_CARE.test(value)) return `"${value}"`;
  checkWellFormed(value);
  return JSON.stringify(value);
}

interface MaybeWellFormed {
  isWellFormed(): boolean;
}

/** @throws FieldError for text with half of a surrogate pair, which UTF-8 cannot hold */
export function checkWellFormed(text: string): void {
  // In Node since version 20, in TypeScript's library since ES2024.
  if ((text as unknown as MaybeWellFormed).isWellFormed()) return;
  throw new FieldError(
    `expected text, not ${shown(text)}, which has half of a surrogate pair (a cut emoji?)`,
  );
}

function textOfArray(values: readonly unknown[], depth: number): string {
  checkDepth(depth);
  let text = "";
  let index = 0;
  try {
    for (; index < values.length; index++) {
      text += `${index === 0 ? "" : ","}${textOf(values[index], depth + 1)}`;
    }
  } catch (error) {
    throw within(error, index);
  }
  return `[${text}]`;
}

function textOfObject(value: object, depth: number): string {
  checkDepth(depth);
  if (Object.getPrototypeOf(value) !== Object.prototype) refuseOpaque(value);
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    return textOf((toJSON as (this: object, key: string) => unknown).call(value, ""), depth + 1);
  }
  let text = "";
  let key = "";
  try {
    for (key of Object.keys(value)) {
      const member = (value as Readonly<Record<string, unknown>>)[key];
      const type = typeof member;
      if (type === "undefined" || type === "function" || type === "symbol") continue;
      text += `${text === "" ? "" : ","}${textOfString(key)}:${textOf(member, depth + 1)}`;
    }
  } catch (error) {
    throw within(error, key);
  }
  return `{${text}}`;
}

function refuseOpaque(value: object): void {
  if (value instanceof Date) {
    throw new FieldError(
      `${shown(value)} has no form in JSON that the service takes: give the encoder the table's schema, or send microseconds since 1970 for a TIMESTAMP and days for a DATE`,
    );
  }
  if (isOpaque(value)) throw new FieldError(`expected a value that JSON has, not ${shown(value)}`);
}

/** Whether an object's contents are not its properties, so that JSON would show it empty or as something else. */
export function isOpaque(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Date ||
    value instanceof Promise ||
    value instanceof RegExp ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}

function checkDepth(depth: number): void {
  if (depth < MAX_VALUE_DEPTH) return;
  throw new FieldError(`it nests more than ${MAX_VALUE_DEPTH} levels, or contains itself`);
}
