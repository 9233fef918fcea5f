// SPDX-License-Identifier: Apache-2.0
import type { StructField } from "@sluice/delta";
import { CliError } from "../cli-error.ts";
import { CsvSplitter } from "./csv-splitter.ts";
import { formatOfBytes, type InputFormat } from "./format.ts";
import type { Input } from "./input.ts";
import { JsonSplitter } from "./json-splitter.ts";
import { NdjsonSplitter } from "./ndjson-splitter.ts";
import { type RecordBatch, RecordCollector } from "./record-collector.ts";
import type { RecordSplitter } from "./record-splitter.ts";

export interface ReadRecordsOptions {
  /** `undefined`: as the first bytes say. */
  readonly format: InputFormat | undefined;
  /** Most records in a batch. */
  readonly batchRecordCount: number;
  /** Counts what is invalid instead of ending there. */
  readonly skipInvalid: boolean;
  /** The table's columns; asked for only where the format needs them. */
  readonly tableFields: () => Promise<readonly StructField[]>;
  /** Ends the reading; batches that were read are still handed out. */
  readonly signal: AbortSignal;
}

/** The records of an input, batch by batch. Nothing is read ahead of the batches that were asked for, but one chunk. */
export class RecordReader {
  readonly #input: Input;
  readonly #options: ReadRecordsOptions;
  readonly #collector: RecordCollector;
  #readBytes = 0;

  constructor(input: Input, options: ReadRecordsOptions) {
    this.#input = input;
    this.#options = options;
    this.#collector = new RecordCollector(options);
  }

  /** Bytes of the input read so far. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Records skipped as invalid so far. */
  get skippedCount(): number {
    return this.#collector.skippedCount;
  }

  /** Says where the first skipped record is and what is wrong with it. */
  get firstSkipped(): string | undefined {
    const skipped = this.#collector.firstSkipped;
    return skipped && `line ${skipped.line}: ${skipped.reason}`;
  }

  /** @throws CliError that names the line at which the input cannot be read; what comes before it is handed out first. */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = this.#options;
    const { stream } = this.#input;
    const stop = (): unknown => stream.destroy();
    signal.addEventListener("abort", stop, { once: true });
    try {
      yield* this.#read();
    } catch (cause) {
      if (signal.aborted && !(cause instanceof CliError)) return;
      throw cause;
    } finally {
      signal.removeEventListener("abort", stop);
      stream.destroy();
    }
  }

  async *#read(): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = this.#options;
    const collector = this.#collector;
    let splitter: RecordSplitter | undefined;
    for await (const chunk of this.#input.stream) {
      if (signal.aborted) return;
      let bytes = chunk as Buffer;
      if (this.#readBytes === 0) bytes = withoutByteOrderMark(bytes);
      this.#readBytes += (chunk as Buffer).length;
      splitter ??= await this.#splitterFor(bytes);
      splitter?.push(bytes);
      yield* collector.take();
      this.#throwFault();
    }
    if (signal.aborted) return;
    splitter?.end();
    yield* collector.take();
    this.#throwFault();
  }

  /** `undefined` where the bytes do not tell the format yet: they are blank then. */
  async #splitterFor(firstBytes: Buffer): Promise<RecordSplitter | undefined> {
    const format = this.#options.format ?? formatOfBytes(firstBytes);
    switch (format) {
      case undefined:
        return undefined;
      case "json":
        return new JsonSplitter(this.#collector);
      case "ndjson":
        return new NdjsonSplitter(this.#collector);
      case "csv": {
        const fields = await this.#options.tableFields();
        return new CsvSplitter(this.#collector, fields);
      }
      case "unknown":
        throw new CliError(
          `cannot tell the format of ${this.#input.name}; say --format json, --format ndjson or --format csv`,
        );
    }
  }

  #throwFault(): void {
    const fault = this.#collector.fault;
    if (fault === undefined) return;
    throw new CliError(`${this.#input.name}, line ${fault.line}: ${fault.reason}`, {
      hints: [
        this.#options.skipInvalid
          ? "Records before this line were sent."
          : "Records before this line were sent. --skip-invalid passes over invalid records.",
      ],
    });
  }
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}
