// SPDX-License-Identifier: Apache-2.0
import type { Hash } from "node:crypto";

/*
 * The canonical encoding of the fields that an id is derived from. It is part of what applications rely on over years:
 * the same fields give the same id in every release.
 *
 *   fields = (text value)*           name and value of each field, in the order they were chosen
 *   text   = byteLength:u32le utf8
 *   value  = "n"                     null
 *          | "t" | "f"               true, false
 *          | "i" text                a whole number, bigint or number, in decimal; -0 is 0
 *          | "d" text                any other number, as JavaScript writes it
 *          | "s" text                a string
 *          | "b" byteLength:u32le byte*      bytes
 *          | "T" text                a Date, its Unix milliseconds in decimal
 *          | "[" count:u32le value*          an array
 *          | "{" count:u32le (text value)*   a plain object without its undefined members, keys in order of their UTF-16 code units
 */

const MAX_DEPTH = 100;

/** Feeds a named value to a hash. @returns what is wrong with the value, or `undefined` */
export function hashField(hash: Hash, name: string, value: unknown): string | undefined {
  hashText(hash, name);
  return hashValue(hash, value, 0);
}

function hashValue(hash: Hash, value: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
  switch (typeof value) {
    case "string":
      return tagged(hash, "s", value);
    case "boolean":
      hash.update(value ? "t" : "f");
      return undefined;
    case "bigint":
      return tagged(hash, "i", value.toString());
    case "number":
      return Number.isInteger(value)
        ? tagged(hash, "i", BigInt(value).toString())
        : tagged(hash, "d", String(value));
    case "object":
      return hashObject(hash, value, depth);
    case "undefined":
      return "is missing";
    case "function":
    case "symbol":
      return `is a ${typeof value}`;
  }
}

function hashObject(hash: Hash, value: object | null, depth: number): string | undefined {
  if (value === null) {
    hash.update("n");
    return undefined;
  }
  if (value instanceof Date) {
    const ms = value.getTime();
    return Number.isNaN(ms) ? "is an invalid Date" : tagged(hash, "T", ms.toString());
  }
  if (value instanceof Uint8Array) {
    hash.update("b").update(countBytes(value.byteLength)).update(value);
    return undefined;
  }
  if (Array.isArray(value)) {
    hash.update("[").update(countBytes(value.length));
    for (const item of value as unknown[]) {
      const problem = hashValue(hash, item, depth + 1);
      if (problem !== undefined) return `has an element that ${problem}`;
    }
    return undefined;
  }
  if (!isPlainObject(value)) return "is neither plain data nor a Date or bytes";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([left], [right]) => (left < right ? -1 : 1));
  hash.update("{").update(countBytes(members.length));
  for (const [key, member] of members) {
    hashText(hash, key);
    const problem = hashValue(hash, member, depth + 1);
    if (problem !== undefined) return `has a member ${JSON.stringify(key)} that ${problem}`;
  }
  return undefined;
}

export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function tagged(hash: Hash, tag: string, text: string): undefined {
  hash.update(tag);
  hashText(hash, text);
}

function hashText(hash: Hash, text: string): void {
  const bytes = Buffer.from(text);
  hash.update(countBytes(bytes.byteLength)).update(bytes);
}

function countBytes(count: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(count);
  return bytes;
}
