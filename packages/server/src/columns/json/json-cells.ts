// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import {
  type BlockBuilder,
  type BytesColumn,
  type DecimalFormat,
  ELEMENTS_PER_ROW,
  type FixedColumn,
} from "@sluice/delta";
import { BytesSink, writeNull } from "../bytes-sink.ts";
import { isDate, isTimestamp } from "../calendar.ts";
import { type DecimalOutcome, DecimalReader } from "../decimal-reader.ts";
import { characterCount } from "../text-length.ts";
import { decodeBase64, maxDecodedBytes } from "./base64.ts";
import { IsoReader, isIsoText } from "./iso-reader.ts";
import { JSON_VALUE, type JsonColumn, type JsonValueKind } from "./json-column.ts";
import type { JsonFaults } from "./json-faults.ts";
import { JsonNumber } from "./json-number.ts";
import { findClosingQuote, unescapeInto } from "./json-text.ts";
import { JsonTextSink, NOT_UTF8 } from "./text-sink.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const NULL_LITERAL: Buffer = Buffer.from("null");
const TRUE_LITERAL: Buffer = Buffer.from("true");
const FALSE_LITERAL: Buffer = Buffer.from("false");
/** More characters than a record can have. */
const UNLIMITED = 0xffff_ffff;

/**
 * Reads values into the cells of flat columns. The methods take the position of a value and return the position behind
 * it, or -1 after a failure.
 */
export class JsonCells {
  readonly #columns: readonly JsonColumn[];
  readonly #faults: JsonFaults;
  readonly #builder: BlockBuilder;
  readonly #sinks: readonly (BytesSink | undefined)[];
  readonly #textSinks: readonly (JsonTextSink | undefined)[];
  readonly #valueKinds: Uint8Array;
  readonly #maxCharacters: Uint32Array;
  readonly #number: JsonNumber = new JsonNumber();
  readonly #decimals: DecimalReader = new DecimalReader();
  readonly #iso: IsoReader = new IsoReader();
  #end = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(columns: readonly JsonColumn[], faults: JsonFaults, builder: BlockBuilder) {
    this.#columns = columns;
    this.#faults = faults;
    this.#builder = builder;
    this.#sinks = builder.columns.map((column) =>
      column.kind === "bytes" ? new BytesSink(column) : undefined,
    );
    this.#textSinks = builder.columns.map((column) =>
      column.kind === "bytes" ? new JsonTextSink(column) : undefined,
    );
    this.#valueKinds = Uint8Array.from(columns, (column) => column.valueKind);
    this.#maxCharacters = Uint32Array.from(columns, ({ limits }) =>
      limits.maxCharacters === 0 ? UNLIMITED : limits.maxCharacters,
    );
  }

  beginRecord(view: DataView, end: number): void {
    this.#view = view;
    this.#end = end;
  }

  read(buffer: Uint8Array, position: number, row: number, index: number): number {
    const column = this.#builder.columns[index] as FixedColumn | BytesColumn;
    if (buffer[position] === 0x6e) return this.#readNull(buffer, position, row, index, column);
    let next: number;
    switch (this.#valueKinds[index]) {
      case JSON_VALUE.TEXT:
        next = this.#readText(buffer, position, row, index);
        break;
      case JSON_VALUE.DOUBLE: {
        const values = (column as FixedColumn).values as Float64Array;
        next = this.#number.readPlainDouble(buffer, this.#view, position, this.#end, values, row);
        if (next >= 0) break;
        next = this.#readFloating(buffer, position, index);
        values[row] = this.#number.value;
        break;
      }
      case JSON_VALUE.INT64: {
        next = this.#readInteger(buffer, position, index);
        const values = (column as FixedColumn).values as Int32Array;
        values[row * 2] = this.#number.low;
        values[row * 2 + 1] = this.#number.high;
        break;
      }
      case JSON_VALUE.INT32:
        next = this.#readInteger(buffer, position, index);
        if (next >= 0 && this.#number.high !== this.#number.low >> 31) {
          return this.#faults.number(buffer, "outOfRange", position, index);
        }
        ((column as FixedColumn).values as Int32Array)[row] = this.#number.low;
        break;
      case JSON_VALUE.DATE:
      case JSON_VALUE.TIMESTAMP:
        next = this.#readInteger(buffer, position, index);
        if (next >= 0) {
          const { low, high } = this.#number;
          next = this.#storeTime(
            buffer,
            position,
            row,
            index,
            column as FixedColumn,
            low,
            high,
            next,
          );
        }
        break;
      case JSON_VALUE.FLOAT:
        next = this.#readFloating(buffer, position, index);
        if (next >= 0 && !Number.isFinite(Math.fround(this.#number.value))) {
          return this.#faults.number(buffer, "outOfRange", position, index);
        }
        ((column as FixedColumn).values as Float32Array)[row] = this.#number.value;
        break;
      case JSON_VALUE.SMALL_INTEGER: {
        next = this.#readInteger(buffer, position, index);
        const unused = 32 - (this.#columns[index] as JsonColumn).limits.integerBits;
        const { low, high } = this.#number;
        if (next >= 0 && (high !== low >> 31 || (low << unused) >> unused !== low)) {
          return this.#faults.number(buffer, "outOfRange", position, index);
        }
        ((column as FixedColumn).values as Int32Array)[row] = low;
        break;
      }
      case JSON_VALUE.ISO_DATE:
      case JSON_VALUE.ISO_TIMESTAMP:
      case JSON_VALUE.ISO_TIMESTAMP_NTZ:
        next = this.#readTime(buffer, position, row, index, column as FixedColumn);
        break;
      case JSON_VALUE.DECIMAL:
        next = this.#readDecimal(buffer, position, row, index, column as FixedColumn);
        break;
      case JSON_VALUE.BOOLEAN:
        next = this.#readBoolean(buffer, position, row, index, column as FixedColumn);
        break;
      default:
        next = this.#readBase64(buffer, position, row, index);
    }
    if (column.validity !== null) column.validity[row] = 1;
    return next;
  }

  #readNull(
    buffer: Uint8Array,
    position: number,
    row: number,
    index: number,
    column: FixedColumn | BytesColumn,
  ): number {
    const next = this.#readLiteral(buffer, position, NULL_LITERAL, index);
    if (next < 0) return -1;
    if (column.validity === null) {
      return this.#faults.report("missing_required", index, position, "null in a NOT NULL column");
    }
    writeNull(column, row);
    return next;
  }

  #readBoolean(
    buffer: Uint8Array,
    position: number,
    row: number,
    index: number,
    column: FixedColumn,
  ): number {
    const first = buffer[position];
    if (first !== 0x74 && first !== 0x66) return this.#faults.wrongType(buffer, position, index);
    column.values[row] = first === 0x74 ? 1 : 0;
    const literal = first === 0x74 ? TRUE_LITERAL : FALSE_LITERAL;
    return this.#readLiteral(buffer, position, literal, index);
  }

  #readLiteral(buffer: Uint8Array, position: number, literal: Buffer, index: number): number {
    for (let offset = 1; offset < literal.length; offset++) {
      if (position + offset >= this.#end) return this.#faults.truncated(index, position + offset);
      if (buffer[position + offset] !== literal[offset]) {
        return this.#faults.syntax(buffer, position, "a JSON value");
      }
    }
    return position + literal.length;
  }

  #readInteger(buffer: Uint8Array, position: number, index: number): number {
    const plainEnd = this.#number.readPlainInteger(buffer, this.#view, position, this.#end);
    if (plainEnd >= 0) return plainEnd;
    if (!startsNumber(buffer[position] as number))
      return this.#faults.wrongType(buffer, position, index);
    const outcome = this.#number.readInteger(buffer, position, this.#end);
    if (outcome !== "ok") return this.#faults.number(buffer, outcome, position, index);
    return this.#number.end;
  }

  #readFloating(buffer: Uint8Array, position: number, index: number): number {
    if (!startsNumber(buffer[position] as number))
      return this.#faults.wrongType(buffer, position, index);
    const outcome = this.#number.readDouble(buffer, position, this.#end);
    if (outcome !== "ok") return this.#faults.number(buffer, outcome, position, index);
    if (!Number.isFinite(this.#number.value)) {
      return this.#faults.number(buffer, "outOfRange", position, index);
    }
    return this.#number.end;
  }

  #readText(buffer: Uint8Array, position: number, row: number, index: number): number {
    if (buffer[position] !== QUOTE) return this.#faults.wrongType(buffer, position, index);
    const from = position + 1;
    const plainSink = this.#textSinks[index] as JsonTextSink;
    const stop = plainSink.write(row, buffer, this.#view, from, this.#end);
    if (stop >= 0) {
      return this.#checkLength(buffer, from, stop, position, index) ? stop + 1 : -1;
    }
    if (stop === NOT_UTF8) {
      return this.#faults.report("invalid_utf8", index, position, "the text is not valid UTF-8");
    }
    const close = this.#closeString(buffer, from, index);
    if (close < 0) return -1;
    const sink = this.#sinks[index] as BytesSink;
    const target = sink.begin(row, close - from);
    const { data } = sink.column;
    const written = unescapeInto(buffer, from, close, data, target);
    if (written < 0) return this.#faults.escape(written, index, position);
    if (!isUtf8(data.subarray(target, written))) {
      return this.#faults.report("invalid_utf8", index, position, "the text is not valid UTF-8");
    }
    sink.finish(row, target, written);
    return this.#checkLength(data, target, written, position, index) ? close + 1 : -1;
  }

  /** Whether the text has no more characters than its column's VARCHAR(n) or CHAR(n) allows. */
  #checkLength(
    bytes: Uint8Array,
    from: number,
    to: number,
    position: number,
    index: number,
  ): boolean {
    const limit = this.#maxCharacters[index] as number;
    if (to - from <= limit) return true;
    const count = characterCount(bytes, from, to);
    if (count <= limit) return true;
    const clause = `the text has ${count} characters, the column takes ${limit}`;
    this.#faults.report("out_of_range", index, position, clause);
    return false;
  }

  /** A date or timestamp, as a number or as ISO 8601 text. */
  #readTime(
    buffer: Uint8Array,
    position: number,
    row: number,
    index: number,
    column: FixedColumn,
  ): number {
    const isText = buffer[position] === QUOTE;
    const next = isText
      ? this.#readIso(buffer, position, index)
      : this.#readInteger(buffer, position, index);
    if (next < 0) return -1;
    const { low, high } = isText ? this.#iso : this.#number;
    return this.#storeTime(buffer, position, row, index, column, low, high, next);
  }

  #storeTime(
    buffer: Uint8Array,
    position: number,
    row: number,
    index: number,
    column: FixedColumn,
    low: number,
    high: number,
    next: number,
  ): number {
    const { values } = column;
    if (column.kind === "int64" && isTimestamp(low, high)) {
      values[row * 2] = low;
      values[row * 2 + 1] = high;
    } else if (column.kind === "int32" && high === low >> 31 && isDate(low)) values[row] = low;
    else return this.#faults.number(buffer, "outOfRange", position, index);
    return next;
  }

  #readIso(buffer: Uint8Array, position: number, index: number): number {
    const close = this.#closeString(buffer, position + 1, index);
    if (close < 0) return -1;
    return isIsoText(
      this.#iso,
      this.#valueKinds[index] as JsonValueKind,
      buffer,
      position + 1,
      close,
    )
      ? close + 1
      : this.#faults.wrongType(buffer, position, index);
  }

  /** A decimal as a number or as a string with the text of one. */
  #readDecimal(
    buffer: Uint8Array,
    position: number,
    row: number,
    index: number,
    column: FixedColumn,
  ): number {
    const format = (this.#columns[index] as JsonColumn).limits.decimal as DecimalFormat;
    let next: number;
    let outcome: DecimalOutcome;
    if (buffer[position] === QUOTE) {
      const close = this.#closeString(buffer, position + 1, index);
      if (close < 0) return -1;
      next = close + 1;
      outcome = this.#decimals.read(buffer, position + 1, close, format);
    } else {
      if (!startsNumber(buffer[position] as number)) {
        return this.#faults.wrongType(buffer, position, index);
      }
      const grammar = this.#number.readDouble(buffer, position, this.#end);
      if (grammar !== "ok") return this.#faults.number(buffer, grammar, position, index);
      next = this.#number.end;
      outcome = this.#decimals.read(buffer, position, next, format);
    }
    if (outcome === "notNumber") return this.#faults.wrongType(buffer, position, index);
    if (outcome !== "ok") return this.#faults.number(buffer, outcome, position, index);
    const wordCount = ELEMENTS_PER_ROW[column.kind];
    for (let word = 0; word < wordCount; word++) {
      column.values[row * wordCount + word] = this.#decimals.words[word] as number;
    }
    return next;
  }

  #readBase64(buffer: Uint8Array, position: number, row: number, index: number): number {
    if (buffer[position] !== QUOTE) return this.#faults.wrongType(buffer, position, index);
    const sink = this.#sinks[index] as BytesSink;
    const from = position + 1;
    const close = this.#closeString(buffer, from, index);
    if (close < 0) return -1;
    let text = buffer.subarray(from, close);
    if (text.includes(BACKSLASH)) {
      const plain = new Uint8Array(text.length);
      const plainEnd = unescapeInto(buffer, from, close, plain, 0);
      if (plainEnd < 0) return this.#faults.escape(plainEnd, index, position);
      text = plain.subarray(0, plainEnd);
    }
    const target = sink.begin(row, maxDecodedBytes(text.length));
    const written = decodeBase64(text, 0, text.length, sink.column.data, target);
    if (written < 0) {
      return isUtf8(text)
        ? this.#faults.wrongType(buffer, position, index)
        : this.#faults.report("invalid_utf8", index, position, "the text is not valid UTF-8");
    }
    sink.finish(row, target, written);
    return close + 1;
  }

  /** The position of the closing quote of the string with content from `from` on; -1 after a failure. */
  #closeString(buffer: Uint8Array, from: number, index: number): number {
    const stop = findClosingQuote(buffer, this.#view, from, this.#end);
    if (stop >= this.#end) return this.#faults.truncated(index, stop);
    return buffer[stop] === QUOTE ? stop : this.#faults.controlCharacter(index, stop);
  }
}

function startsNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === MINUS;
}
