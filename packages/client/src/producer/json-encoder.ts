// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import type { RecordEncoder } from "./record-encoder.ts";

/** How deep objects may lie in each other. */
const MAX_DEPTH = 64;

/**
 * Objects as JSON text, strictly: what `JSON.stringify` would drop or turn into something else is refused, with
 * the path of the field. A property that is `undefined` is left out, as an absent column. Text is taken as it is.
 */
export function strictJsonEncoder<T>(): RecordEncoder<T> {
  return { format: "json", encode: (record: T): string => encodeRecord(record) };
}

/** Serialized protobuf messages, as they are. */
export function protoBytesEncoder<T>(descriptor: Uint8Array): RecordEncoder<T> {
  return {
    format: "proto",
    descriptor,
    encode: (record: T): Uint8Array => {
      if (record instanceof Uint8Array) return record;
      throw invalid(
        `A proto record without a schema must be the serialized message as a Uint8Array, not ${nameOf(record)}`,
      );
    },
  };
}

function encodeRecord(record: unknown): string {
  if (typeof record === "string") return record;
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw invalid(`A JSON record must be a plain object or JSON text, not ${nameOf(record)}`);
  }
  check(record, "", 0);
  return JSON.stringify(record);
}

function check(value: object, path: string, depth: number): void {
  if (depth >= MAX_DEPTH) {
    throw invalid(
      `Field \`${path}\` lies more than ${MAX_DEPTH} objects deep, or the record contains itself`,
    );
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (isPlain(item)) continue;
      const itemPath = `${path}[${index}]`;
      if (item === undefined) throw refused(itemPath, "undefined in an array", "use null");
      checkValue(item, itemPath, depth);
    }
    return;
  }
  if (!isStructure(value)) refuseClass(value, path);
  const fields = value as Record<string, unknown>;
  for (const name in fields) {
    const field = fields[name];
    if (!isPlain(field)) checkValue(field, path === "" ? name : `${path}.${name}`, depth);
  }
}

/** Whether `JSON.stringify` writes the own fields of an object and nothing else. */
function isStructure(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return false;
  return !(value instanceof ArrayBuffer) && !("toJSON" in value);
}

function isPlain(value: unknown): boolean {
  const type = typeof value;
  return (
    type === "string" ||
    type === "boolean" ||
    value === null ||
    (type === "number" && Number.isFinite(value))
  );
}

function checkValue(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case "undefined":
      return;
    case "object":
      return check(value as object, path, depth + 1);
    case "bigint":
      throw refused(path, "a bigint", "use a number, or a string for a DECIMAL column");
    case "number":
      throw refused(path, String(value), "JSON has no such number; use null");
    default:
      throw refused(path, `a ${typeof value}`, "leave it out");
  }
}

function refuseClass(value: object, path: string): never {
  const where = path === "" ? "The record" : `Field \`${path}\``;
  const advice =
    value instanceof Date
      ? "use microseconds since 1970 for a TIMESTAMP column and days for a DATE column"
      : value instanceof Map
        ? "use Object.fromEntries(map)"
        : value instanceof Set
          ? "use an array"
          : value instanceof Uint8Array
            ? "use base64 text for a BINARY column"
            : "use a plain object";
  throw invalid(`${where} is ${nameOf(value)}, which JSON cannot hold: ${advice}`);
}

function refused(path: string, what: string, advice: string): ZerobusError {
  return invalid(`Field \`${path}\` is ${what}: ${advice}`);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name === undefined || name === "Object" ? "an object" : `a ${name}`;
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
