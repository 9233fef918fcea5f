// SPDX-License-Identifier: Apache-2.0
import { createHash, randomFillSync } from "node:crypto";
import { ZerobusError } from "../../core/zerobus-error.ts";
import { hashField, isPlainObject } from "./canonical-bytes.ts";
import { type FillRandom, UuidV7Generator } from "./uuid-v7.ts";

export interface RecordIdOptions {
  /** The column of type STRING that gets the id. */
  readonly column: string;
  /**
   * Fields of the record that make it what it is: the same values give the same id, in every process and release.
   * @default none: a version 7 UUID, new for each submit
   */
  readonly from?: readonly string[];
}

/** What the stamper works with. */
export interface RecordIdComponents {
  /** Unix milliseconds. @default `Date.now` */
  readonly now?: () => number;
  /** @default the system's */
  readonly fillRandom?: FillRandom;
}

/** Gives records an id by which duplicates are found. */
export interface RecordIdStamper {
  readonly column: string;
  /**
   * A copy of the record with its id, or the record itself where it has one: neither `undefined` nor `null` in the
   * column. Call it once, when the record is submitted; what is sent again then has the same id.
   * @throws ZerobusError `invalid_argument` for what is not a plain object, or lacks a field the id is made from
   */
  stamp<T>(record: T): T;
  /** The id of a stamped record. */
  idOf(record: unknown): string | undefined;
}

/**
 * Makes a stamper. The id is a UUID in text form: version 7, which sorts by time; or, with `from`, version 8, which is
 * the first 128 bits of the SHA-256 of the canonical fields with version and variant written over six of them.
 * @throws ZerobusError `invalid_argument`
 */
export function recordIdStamper(
  options: RecordIdOptions,
  components: RecordIdComponents = {},
): RecordIdStamper {
  for (const key of Object.keys(options)) {
    if (key === "column" || key === "from") continue;
    throw invalid(`Unknown recordId option \`${key}\`; known are column, from`);
  }
  const { column, from } = options;
  if (typeof column !== "string" || column === "") {
    throw invalid("recordId option `column` must name a column");
  }
  if (from !== undefined) checkFields(from, column);
  const uuids = new UuidV7Generator(
    components.now ?? Date.now,
    components.fillRandom ?? randomFillSync,
  );
  const fields = from === undefined ? undefined : [...from];
  return {
    column,
    stamp: <T>(record: T): T => {
      const members = membersOf(record, column);
      const present = Object.hasOwn(members, column) ? members[column] : undefined;
      if (present !== undefined && present !== null) return record;
      const id = fields === undefined ? uuids.next() : hashedId(members, fields);
      return { ...record, [column]: id };
    },
    idOf: (record) => {
      if (typeof record !== "object" || record === null) return undefined;
      const id = (record as Record<string, unknown>)[column];
      return typeof id === "string" ? id : undefined;
    },
  };
}

function checkFields(from: readonly string[], column: string): void {
  if (!Array.isArray(from) || from.length === 0) {
    throw invalid("recordId option `from` must name one field or more; leave it out for UUIDs");
  }
  const names = from as readonly unknown[];
  for (const name of names) {
    if (typeof name !== "string" || name === "" || name === column) {
      throw invalid(
        `recordId option \`from\` has ${JSON.stringify(name)}; it must name fields other than ${column}`,
      );
    }
  }
  if (new Set(names).size !== names.length) {
    throw invalid("recordId option `from` names a field twice");
  }
}

function membersOf(record: unknown, column: string): Readonly<Record<string, unknown>> {
  if (typeof record === "object" && record !== null && isPlainObject(record)) return record;
  throw invalid(
    `A record that is ${kindOf(record)} cannot get an id in column ${column}; submit plain objects, or write the id yourself and leave recordId out`,
  );
}

function hashedId(record: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  const hash = createHash("sha256");
  for (const field of fields) {
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    const problem = hashField(hash, field, value);
    if (problem !== undefined) {
      throw invalid(`The record's id is made from field \`${field}\`, which ${problem}`);
    }
  }
  const bytes = hash.digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function kindOf(record: unknown): string {
  if (record === null) return "null";
  if (record instanceof Uint8Array) return "bytes";
  if (Array.isArray(record)) return "an array";
  if (typeof record === "object") return "an object of a class";
  return `a ${typeof record}`;
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
