// SPDX-License-Identifier: Apache-2.0
import { collectJson, isTooLong, TOO_LONG } from "./json-record.ts";
import type { RecordCollector } from "./record-collector.ts";
import type { RecordSplitter } from "./record-splitter.ts";

const NEWLINE = 0x0a;

/** Finds the records of newline-delimited JSON: one object per line; blank lines are passed over. */
export class NdjsonSplitter implements RecordSplitter {
  readonly #collector: RecordCollector;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isOversized = false;
  #line = 1;

  constructor(collector: RecordCollector) {
    this.#collector = collector;
  }

  push(chunk: Buffer): void {
    let start = 0;
    while (this.#collector.fault === undefined) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) {
        this.#keep(chunk.subarray(start));
        return;
      }
      this.#finishLine(chunk.subarray(start, end));
      start = end + 1;
    }
  }

  end(): void {
    if (this.#collector.fault === undefined) this.#finishLine(EMPTY);
  }

  /** A line longer than a record may be is not kept, so that memory stays bounded. */
  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (isTooLong(this.#pendingBytes)) {
      this.#isOversized = true;
      this.#pending = [];
    } else if (part.length > 0) {
      this.#pending.push(part);
    }
  }

  #finishLine(last: Buffer): void {
    const line = this.#line;
    this.#line++;
    if (this.#pendingBytes === 0) {
      this.#collect(last, line);
      return;
    }
    this.#keep(last);
    const { length } = this.#pending;
    if (this.#isOversized) this.#collector.refuse(line, TOO_LONG);
    else
      this.#collect(
        length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending),
        line,
      );
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isOversized = false;
  }

  #collect(bytes: Buffer, line: number): void {
    if (!isBlank(bytes)) collectJson(this.#collector, bytes, line);
  }
}

const EMPTY = Buffer.alloc(0);

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
