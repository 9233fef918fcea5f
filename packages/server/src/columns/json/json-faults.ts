// SPDX-License-Identifier: Apache-2.0
import { quoted } from "../column-labels.ts";
import type { FailureReason, RecordFailure } from "../decoder.ts";
import type { JsonColumn } from "./json-column.ts";
import type { NumberOutcome } from "./json-number.ts";
import { BAD_ESCAPE } from "./json-text.ts";

/** Column index that stands for none. */
export const NO_COLUMN = -1;

const MAX_PREVIEW_BYTES = 60;

/**
 * Describes what is wrong with a JSON record. Every method sets `failure` and returns -1, so that a reader can end
 * with it. Positions are indexes into the buffer.
 */
export class JsonFaults {
  failure: RecordFailure | undefined = undefined;
  readonly #columns: readonly JsonColumn[];
  #start = 0;
  #end = 0;

  constructor(columns: readonly JsonColumn[]) {
    this.#columns = columns;
  }

  beginRecord(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  /** A fault described by a clause, such as "the key occurs twice". */
  report(reason: FailureReason, index: number, position: number, clause: string): number {
    const byteOffset = position - this.#start;
    const column = this.#columns[index];
    const subject =
      column === undefined ? "" : `field ${quoted(column.name)} (${column.sqlName}): `;
    const message = `${subject}${clause}, at byte ${byteOffset}`;
    this.failure = { field: column?.name, reason, message, byteOffset };
    return -1;
  }

  truncated(index: number, position: number): number {
    return this.report("truncated", index, position, "the JSON text ends too early");
  }

  syntax(buffer: Uint8Array, position: number, expected: string): number {
    const clause = `${this.#preview(buffer, position)} stands where ${expected} is expected`;
    return this.report("malformed", NO_COLUMN, position, clause);
  }

  controlCharacter(index: number, position: number): number {
    const clause = "a control character in a string must be written as an escape";
    return this.report("malformed", index, position, clause);
  }

  /** A result of `unescapeInto` that is not a position. */
  escape(result: number, index: number, position: number): number {
    return result === BAD_ESCAPE
      ? this.report(
          "malformed",
          index,
          position,
          "the string has an escape that JSON does not know",
        )
      : this.report("invalid_utf8", index, position, "the string has half of a surrogate pair");
  }

  unknownKey(name: string, position: number): number {
    const similar = this.#columns.find(
      (column) => column.name.toLowerCase() === name.toLowerCase(),
    );
    const hint =
      similar === undefined
        ? ""
        : `; it has ${quoted(similar.name)}, and names are matched with their case`;
    const byteOffset = position - this.#start;
    this.failure = {
      field: name,
      reason: "unknown_field",
      message: `key ${quoted(name)} at byte ${byteOffset} is not a column of the table${hint}`,
      byteOffset,
    };
    return -1;
  }

  /** A value whose first byte shows that the column does not take it, or that it is no value at all. */
  wrongType(buffer: Uint8Array, position: number, index: number): number {
    const first = String.fromCharCode(buffer[position] as number);
    if (!/["{[tfn\d-]/.test(first)) return this.syntax(buffer, position, "a JSON value");
    const clause = `${this.#preview(buffer, position)} is not ${this.#expectation(index)}`;
    return this.report("wrong_type", index, position, clause);
  }

  number(buffer: Uint8Array, outcome: NumberOutcome, position: number, index: number): number {
    if (outcome === "malformed") return this.syntax(buffer, position, "a JSON number");
    if (outcome === "notWhole") return this.wrongType(buffer, position, index);
    const clause = `${this.#preview(buffer, position)} is out of range for ${this.#expectation(index)}`;
    return this.report("out_of_range", index, position, clause);
  }

  #expectation(index: number): string {
    return this.#columns[index]?.expectation ?? "a value";
  }

  /** The value that begins at `position`, shortened and quoted. */
  #preview(buffer: Uint8Array, position: number): string {
    const limit = Math.min(this.#end, position + MAX_PREVIEW_BYTES);
    const isString = buffer[position] === 0x22;
    let end = position + 1;
    while (end < limit) {
      const byte = buffer[end] as number;
      if (isString ? byte === 0x22 && buffer[end - 1] !== 0x5c : isDelimiter(byte)) break;
      end++;
    }
    if (isString && end < limit) end++;
    return quoted(Buffer.from(buffer.subarray(position, end)).toString("utf8"));
  }
}

function isDelimiter(byte: number): boolean {
  return byte <= 0x20 || byte === 0x2c || byte === 0x7d || byte === 0x5d;
}
