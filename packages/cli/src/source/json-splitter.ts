// SPDX-License-Identifier: Apache-2.0
import { collectJson, isTooLong, TOO_LONG } from "./json-record.ts";
import type { RecordCollector } from "./record-collector.ts";
import type { RecordSplitter } from "./record-splitter.ts";

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Finds the records of a JSON document without building it in memory:
 *
 *     document := (array | object)*
 *     array    := "[" [object ("," object)*] "]"
 *
 * A record's text is passed on as it is, so that numbers beyond a double's precision keep every digit.
 */
export class JsonSplitter implements RecordSplitter {
  readonly #collector: RecordCollector;
  #line = 1;
  #isInArray = false;
  /** In an array: whether the next must be a comma or the end. */
  #isAfterRecord = false;
  #isAfterComma = false;

  /** Open braces of the record being read; 0 between records. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #recordLine = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(collector: RecordCollector) {
    this.#collector = collector;
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && this.#collector.fault === undefined) {
      position =
        this.#depth > 0 ? this.#readRecord(chunk, position) : this.#readBetween(chunk, position);
    }
  }

  end(): void {
    if (this.#collector.fault !== undefined) return;
    if (this.#depth > 0) {
      this.#collector.refuse(
        this.#recordLine,
        "the record that begins here is not closed at the end of the input",
      );
    } else if (this.#isInArray) {
      this.#collector.fail(this.#line, "the input ends inside of the array; `]` is missing");
    }
  }

  #readBetween(chunk: Buffer, position: number): number {
    const byte = chunk[position] as number;
    if (byte === NEWLINE) this.#line++;
    if (byte === NEWLINE || byte === 0x20 || byte === 0x09 || byte === 0x0d) return position + 1;
    if (byte === OPEN_BRACE && !this.#isAfterRecord) {
      this.#depth = 1;
      this.#recordLine = this.#line;
      return this.#readRecord(chunk, position + 1);
    }
    if (byte === OPEN_BRACKET && !this.#isInArray) this.#isInArray = true;
    else if (byte === COMMA && this.#isAfterRecord) {
      this.#isAfterRecord = false;
      this.#isAfterComma = true;
    } else if (byte === CLOSE_BRACKET && this.#isInArray && !this.#isAfterComma) {
      this.#isInArray = false;
      this.#isAfterRecord = false;
    } else this.#collector.fail(this.#line, this.#unexpected(byte));
    return position + 1;
  }

  /** Reads to the end of the record or of the chunk, from behind the opening brace or from the chunk's start. */
  #readRecord(chunk: Buffer, position: number): number {
    const start = this.#pendingBytes === 0 ? position - 1 : position;
    let at = position;
    for (; at < chunk.length && this.#depth > 0; at++) {
      const byte = chunk[at] as number;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
        else if (byte === NEWLINE) this.#line++;
      } else if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPEN_BRACE) this.#depth++;
      else if (byte === CLOSE_BRACE) this.#depth--;
      else if (byte === NEWLINE) this.#line++;
    }
    this.#keep(chunk.subarray(start, at));
    if (this.#depth === 0) this.#finishRecord();
    return at;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (isTooLong(this.#pendingBytes)) this.#pending = [];
    else this.#pending.push(part);
  }

  #finishRecord(): void {
    if (isTooLong(this.#pendingBytes)) this.#collector.refuse(this.#recordLine, TOO_LONG);
    else {
      const { length } = this.#pending;
      const bytes = length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
      collectJson(this.#collector, bytes, this.#recordLine);
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isAfterRecord = this.#isInArray;
    this.#isAfterComma = false;
  }

  #unexpected(byte: number): string {
    const found =
      byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`;
    if (this.#isAfterRecord) return `expected "," or "]" after a record, found ${found}`;
    return `expected a record, which begins with "{", found ${found}`;
  }
}
