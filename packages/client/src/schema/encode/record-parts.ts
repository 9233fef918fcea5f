// SPDX-License-Identifier: Apache-2.0
import { FieldError, refuse, shown } from "./field-error.ts";
import type { Converted, Converter } from "./converters.ts";
import { isOpaque } from "./strict-json.ts";
import type { ValueRule } from "./value-rule.ts";

/** A record, or the value of a struct. */
export type PlainObject = Readonly<Record<string, unknown>>;

const INTEGER_TEXT = /^-?\d{1,40}$/;

/** Whether a property of this name is there on every object: whether it is a record's own must be asked. */
export function isInheritedName(name: string): boolean {
  return name in Object.prototype;
}

/** A record's own property. */
export function ownProperty(record: PlainObject, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Checks that a value is an object with properties, and none whose contents are something else. */
export function objectOf(value: unknown): PlainObject {
  if (typeof value === "object" && value !== null) {
    if (Object.getPrototypeOf(value) === Object.prototype) return value as PlainObject;
    if (!Array.isArray(value) && !isOpaque(value)) return value as PlainObject;
  }
  return refuse(value, "an object with a property for each column");
}

/** The pairs of a MAP: those of a Map, or the own properties of an object. */
export function entriesOf(value: unknown): Iterable<readonly [unknown, unknown]> {
  if (value instanceof Map) return value as Map<unknown, unknown>;
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !isOpaque(value)) {
    return Object.entries(value);
  }
  return refuse(value, "an object or a Map");
}

/** Converts the keys of a MAP; those of an object are texts of what they stand for, such as `"5"` and `"true"`. */
export function keyConverterOf(rule: ValueRule, convert: Converter): Converter {
  return (key): Converted => {
    if (key === undefined || key === null) throw new FieldError("a MAP has no null keys");
    if (typeof key !== "string") return convert(key);
    if (rule.kind === "boolean")
      return convert(key === "true" ? true : key === "false" ? false : key);
    const isNumeric = rule.kind === "integer" || rule.kind === "date" || rule.kind === "timestamp";
    if (!isNumeric || !INTEGER_TEXT.test(key)) return convert(key);
    const number = Number(key);
    return convert(Number.isSafeInteger(number) ? number : BigInt(key));
  };
}

/** Throws the error of a NOT NULL column without a value. */
export function missing(value: unknown): never {
  throw new FieldError(
    value === null
      ? "it is null, and the column is NOT NULL"
      : "the record has no value for it, and the column is NOT NULL",
  );
}

/** Throws the error of a property that is no column, if it is the record's own and has a value. */
export function unknownKey(record: PlainObject, key: string): void {
  const value = ownProperty(record, key);
  if (value === undefined) return;
  throw new FieldError(
    `there is no such column, and the record has ${shown(value)} for it; names count with their case; \`unknownKeys: "ignore"\` leaves such values out`,
  );
}
