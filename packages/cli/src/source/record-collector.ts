// SPDX-License-Identifier: Apache-2.0

/** Records to be sent in one ingest call. */
export interface RecordBatch {
  /** JSON texts, one object each. */
  readonly records: string[];
  /** Line of the input on which the first record begins, counted from 1. */
  readonly firstLine: number;
  /** Line on which the last record begins. */
  readonly lastLine: number;
}

export interface CollectorOptions {
  /** Most records in a batch. */
  readonly batchRecordCount: number;
  /** Counts invalid records and goes on, instead of ending at the first. */
  readonly skipInvalid: boolean;
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
  /** The first that was skipped. */
  firstSkipped: InputFault | undefined;
  readonly #options: CollectorOptions;
  #complete: RecordBatch[] = [];
  #records: string[] = [];
  #characterCount = 0;
  #firstLine = 0;
  #lastLine = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  add(text: string, line: number): void {
    const isFull =
      this.#records.length >= this.#options.batchRecordCount ||
      this.#characterCount + text.length > BATCH_CHARACTERS;
    if (isFull) this.#closeBatch();
    if (this.#records.length === 0) this.#firstLine = line;
    this.#records.push(text);
    this.#characterCount += text.length;
    this.#lastLine = line;
  }

  /** Notes a record that cannot be used. */
  refuse(line: number, reason: string): void {
    if (!this.#options.skipInvalid) {
      this.fail(line, reason);
      return;
    }
    this.skippedCount++;
    this.firstSkipped ??= { line, reason };
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
