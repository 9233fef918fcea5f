// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import type { BlockBuilder, Column } from "@sluice/delta";
import { viewOf } from "../buffer-view.ts";
import { writeNull } from "../bytes-sink.ts";
import type { RecordDecoder, RecordFailure } from "../decoder.ts";
import type { DefaultFills } from "../default-values.ts";
import type { ColumnKeys } from "./column-keys.ts";
import { JsonCells } from "./json-cells.ts";
import { JSON_VALUE, type JsonColumn } from "./json-column.ts";
import { JsonNestedReader } from "./json-nested-reader.ts";
import type { NestedJsonColumn } from "./json-node.ts";
import { JsonFaults, NO_COLUMN } from "./json-faults.ts";
import { findClosingQuote, skipSpace, unescapeInto } from "./json-text.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Decodes the text of a JSON object (RFC 8259) into a row, scanning its bytes once: no object is made.
 *
 * The rules: keys are column names, matched exactly; an unknown or repeated key is refused; `null` and an absent key
 * make a nullable column null and are refused for a NOT NULL one, but an absent key makes a column with a default that; numbers are not taken from strings, nor the other
 * way round, but for DECIMAL; a number in an integer column must have a whole value in range; `NaN` and the like are not JSON; a
 * FLOAT is the float nearest to the double nearest to the text; BINARY is base64. Nesting goes as
 * deep as the table's types, and what a column does not take is refused where it begins.
 *
 * The methods that read take the position of a value and return the position behind it, or -1 after a failure.
 */
export class JsonDecoder implements RecordDecoder {
  readonly #columns: readonly JsonColumn[];
  readonly #faults: JsonFaults;
  readonly #keys: ColumnKeys;
  readonly #builder: BlockBuilder;
  readonly #cells: JsonCells;
  readonly #nested: JsonNestedReader;
  readonly #hasNested: boolean;
  /** `undefined` for a table without. */
  readonly #defaults: DefaultFills | undefined;
  readonly #valueKinds: Uint8Array;
  /** By column, the number of the record in which its key was seen last. */
  readonly #seenIn: Float64Array;
  /** By column, the column whose key followed in the record before; the last entry is for the first key. */
  readonly #successors: Uint16Array;
  #recordNumber = 0;
  #start = 0;
  #end = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Position behind the key that {@link JsonDecoder.#findColumn} found. */
  #keyEnd = 0;
  /** Position of the value of the key that {@link JsonDecoder.#readKey} read. */
  #valueStart = 0;

  constructor(
    columns: readonly JsonColumn[],
    nested: readonly NestedJsonColumn[],
    keys: ColumnKeys,
    builder: BlockBuilder,
    defaults: DefaultFills,
  ) {
    this.#columns = columns;
    this.#defaults = defaults.size === 0 ? undefined : defaults;
    this.#faults = new JsonFaults(columns);
    this.#keys = keys;
    this.#builder = builder;
    this.#cells = new JsonCells(columns, this.#faults, builder);
    this.#nested = new JsonNestedReader(nested, builder);
    this.#hasNested = nested.length > 0;
    this.#valueKinds = Uint8Array.from(columns, (column) => column.valueKind);
    this.#seenIn = new Float64Array(columns.length);
    this.#successors = Uint16Array.from({ length: columns.length + 1 }, (_, index) =>
      index === columns.length ? 0 : (index + 1) % columns.length,
    );
  }

  get failure(): RecordFailure | undefined {
    return this.#faults.failure;
  }

  decode(buffer: Uint8Array, start: number, end: number): boolean {
    const builder = this.#builder;
    const row = builder.rowCount;
    if (row === builder.rowCapacity) builder.growRows();
    this.#start = start;
    this.#end = end;
    this.#faults.beginRecord(start, end);
    this.#view = viewOf(buffer);
    this.#cells.beginRecord(this.#view, end);
    if (this.#hasNested) this.#nested.begin(buffer, this.#view, start, end);
    this.#recordNumber++;
    const seenCount = this.#readObject(buffer, row);
    if (seenCount < 0) return false;
    if (seenCount < this.#columns.length && !this.#completeRow(row)) return false;
    if (this.#hasNested && !this.#nested.finish(row)) {
      this.#faults.failure = this.#nested.failure;
      return false;
    }
    builder.rowCount = row + 1;
    return true;
  }

  /** Reads the whole record; returns how many columns it names, or -1. */
  #readObject(buffer: Uint8Array, row: number): number {
    const end = this.#end;
    let position = skipSpace(buffer, this.#start, end);
    if (position === end)
      return this.#faults.report("malformed", NO_COLUMN, position, "the record is empty");
    if (buffer[position] !== OPEN_BRACE) {
      return this.#faults.report(
        "malformed",
        NO_COLUMN,
        position,
        "a record must be the text of a JSON object",
      );
    }
    position = skipSpace(buffer, position + 1, end);
    if (position < end && buffer[position] === CLOSE_BRACE) {
      return this.#endObject(buffer, position + 1, 0);
    }
    let previous = this.#columns.length;
    for (let seenCount = 1; ; seenCount++) {
      let column = this.#successors[previous] as number;
      const expected = this.#keys.matchMember(column, this.#view, position, end);
      if (expected >= 0 && expected < end && (buffer[expected] as number) > SPACE) {
        if (this.#seenIn[column] === this.#recordNumber) return this.#repeated(column, position);
        this.#seenIn[column] = this.#recordNumber;
        position = expected;
      } else {
        column = this.#readKey(buffer, position, previous);
        if (column < 0) return -1;
        position = this.#valueStart;
      }
      previous = column;
      position =
        this.#hasNested && this.#valueKinds[column] === JSON_VALUE.NESTED
          ? this.#readNested(column, position)
          : this.#cells.read(buffer, position, row, column);
      if (position < 0) return -1;
      if (position < end && buffer[position] === COMMA) {
        position++;
        continue;
      }
      position = skipSpace(buffer, position, end);
      if (position >= end) return this.#faults.truncated(NO_COLUMN, position);
      const separator = buffer[position];
      if (separator === CLOSE_BRACE) return this.#endObject(buffer, position + 1, seenCount);
      if (separator !== COMMA) return this.#faults.syntax(buffer, position, "a comma or a brace");
      position++;
    }
  }

  #endObject(buffer: Uint8Array, position: number, seenCount: number): number {
    const rest = skipSpace(buffer, position, this.#end);
    if (rest === this.#end) return seenCount;
    return this.#faults.report(
      "malformed",
      NO_COLUMN,
      rest,
      "there is more text behind the record's object",
    );
  }

  /**
   * Reads a key and its colon from `position` on, with white space around them, and marks the key's column as seen; -1
   * after a failure.
   */
  #readKey(buffer: Uint8Array, position: number, previous: number): number {
    const end = this.#end;
    const quote = skipSpace(buffer, position, end);
    if (quote >= end) return this.#faults.truncated(NO_COLUMN, quote);
    if (buffer[quote] !== QUOTE) return this.#faults.syntax(buffer, quote, "a key in quotes");
    const column = this.#findColumn(buffer, quote + 1);
    if (column < 0) return -1;
    this.#successors[previous] = column;
    if (this.#seenIn[column] === this.#recordNumber) return this.#repeated(column, quote);
    this.#seenIn[column] = this.#recordNumber;
    const colon = skipSpace(buffer, this.#keyEnd, end);
    if (colon >= end) return this.#faults.truncated(column, colon);
    if (buffer[colon] !== COLON) return this.#faults.syntax(buffer, colon, "a colon");
    this.#valueStart = skipSpace(buffer, colon + 1, end);
    if (this.#valueStart >= end) return this.#faults.truncated(column, this.#valueStart);
    return column;
  }

  /** @param position where the key's quote is */
  #repeated(column: number, position: number): number {
    return this.#faults.report("duplicate_field", column, position + 1, "the key occurs twice");
  }

  #findColumn(buffer: Uint8Array, position: number): number {
    const end = this.#end;
    const stop = findClosingQuote(buffer, this.#view, position, end);
    if (stop >= end) return this.#faults.truncated(NO_COLUMN, stop);
    if (buffer[stop] !== QUOTE) return this.#faults.controlCharacter(NO_COLUMN, stop);
    this.#keyEnd = stop + 1;
    let column = this.#keys.find(buffer, position, stop);
    if (column >= 0) return column;
    let name = buffer.subarray(position, stop);
    if (name.includes(BACKSLASH)) {
      const plain = new Uint8Array(stop - position);
      const written = unescapeInto(buffer, position, stop, plain, 0);
      if (written < 0) return this.#faults.escape(written, NO_COLUMN, position);
      name = plain.subarray(0, written);
    }
    if (!isUtf8(name))
      return this.#faults.report("invalid_utf8", NO_COLUMN, position, "the key is not valid UTF-8");
    const text = Buffer.from(name).toString("utf8");
    column = this.#keys.findName(text);
    return column >= 0 ? column : this.#faults.unknownKey(text, position);
  }

  #readNested(index: number, position: number): number {
    const next = this.#nested.read((this.#columns[index] as JsonColumn).nestedIndex, position);
    if (next < 0) this.#faults.failure = this.#nested.failure;
    return next;
  }

  #completeRow(row: number): boolean {
    for (let index = 0; index < this.#seenIn.length; index++) {
      if (this.#seenIn[index] === this.#recordNumber) continue;
      const column = this.#columns[index] as JsonColumn;
      if (column.valueKind === JSON_VALUE.NESTED) continue;
      const fill = this.#defaults?.get(index);
      if (fill !== undefined) {
        fill(this.#builder.columns[index] as Column, row);
        continue;
      }
      if (!column.nullable) {
        this.#faults.report(
          "missing_required",
          index,
          this.#end,
          "the key is missing, and the column is NOT NULL",
        );
        return false;
      }
      writeNull(this.#builder.columns[index] as Column, row);
    }
    return true;
  }
}
