// SPDX-License-Identifier: Apache-2.0
import type { SourceRecord, TextRecord } from "./source-record.ts";

/** Records to be sent in one ingest call. */
export interface RecordBatch {
  readonly records: SourceRecord[];
  /** Line of the input on which the first record begins, counted from 1. */
  readonly firstLine: number;
  /** Line on which the last record begins. */
  readonly lastLine: number;
}

export interface CollectorOptions {
  /** Most records in a batch. */
  readonly batchRecordCount: number;
  /** What becomes of invalid records: the input ends at the first, they are only counted, or kept to be taken. */
  readonly onInvalid: "fail" | "skip" | "keep";
}

/** A record that cannot be used, to be set aside. */
export interface InvalidText extends InputFault {
  readonly bytes: Uint8Array;
}

/** What is wrong with the input, and where. */
export interface InputFault {
  readonly line: number;
  /** Completes a sentence that begins with the line. */
  readonly reason: string;
}

/** A batch is closed at this many characters, whatever its count: large enough for throughput, small next to the limit of a call. */
const BATCH_CHARACTERS = 1_048_576;

/** Gathers the records that a splitter finds into batches, and keeps account of what was invalid. */
export class RecordCollector {
  /** Set once: the splitter stops there. */
  fault: InputFault | undefined;
  skippedCount = 0;
  /** Records skipped or kept. */
  invalidCount = 0;
  /** The first that was skipped or kept. */
  firstInvalid: InputFault | undefined;
  readonly #options: CollectorOptions;
  #complete: RecordBatch[] = [];
  #records: TextRecord[] = [];
  #characterCount = 0;
  #firstLine = 0;
  #lastLine = 0;
  #invalid: InvalidText[] = [];

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Takes a record: its JSON text, and its value where that is known. */
  add(text: string, line: number, parsed?: TextRecord["parsed"]): void {
    const isFull =
      this.#records.length >= this.#options.batchRecordCount ||
      this.#characterCount + text.length > BATCH_CHARACTERS;
    if (isFull) this.#closeBatch();
    if (this.#records.length === 0) this.#firstLine = line;
    this.#records.push(parsed === undefined ? { line, json: text } : { line, json: text, parsed });
    this.#characterCount += text.length;
    this.#lastLine = line;
  }

  /** Notes a record that cannot be used; its bytes where there are any worth keeping. */
  refuse(line: number, reason: string, bytes?: Uint8Array): void {
    const { onInvalid } = this.#options;
    if (onInvalid === "fail" || (onInvalid === "keep" && bytes === undefined)) {
      this.fail(line, reason);
      return;
    }
    this.invalidCount++;
    this.firstInvalid ??= { line, reason };
    if (onInvalid === "keep" && bytes !== undefined) {
      this.#invalid.push({ line, reason, bytes: Buffer.from(bytes) });
    } else this.skippedCount++;
  }

  /** Notes something after which the input cannot be read on. */
  fail(line: number, reason: string): void {
    this.fault ??= { line, reason };
  }

  /** Takes what was gathered, the last batch included even if it is not full: nobody knows when the input goes on. */
  take(): RecordBatch[] {
    this.#closeBatch();
    const taken = this.#complete;
    this.#complete = [];
    return taken;
  }

  /** Takes the invalid records that were kept. */
  takeInvalid(): InvalidText[] {
    const taken = this.#invalid;
    this.#invalid = [];
    return taken;
  }

  #closeBatch(): void {
    if (this.#records.length === 0) return;
    this.#complete.push({
      records: this.#records,
      firstLine: this.#firstLine,
      lastLine: this.#lastLine,
    });
    this.#records = [];
    this.#characterCount = 0;
  }
}
