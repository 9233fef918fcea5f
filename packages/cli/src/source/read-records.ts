// SPDX-License-Identifier: Apache-2.0
import type { Column } from "@sluice/client";
import { CliError } from "../cli-error.ts";
import { CsvSplitter } from "./csv-splitter.ts";
import { NEXT_FILE } from "./follow-file.ts";
import { formatOfBytes, type InputFormat } from "./format.ts";
import type { Input } from "./input.ts";
import { JsonSplitter } from "./json-splitter.ts";
import { NdjsonSplitter } from "./ndjson-splitter.ts";
import { readParquet } from "./parquet-source.ts";
import { type InvalidText, type RecordBatch, RecordCollector } from "./record-collector.ts";
import type { RecordSplitter } from "./record-splitter.ts";
import type { SourceRecord } from "./source-record.ts";

export interface ReadRecordsOptions {
  /** `undefined`: as the first bytes say. */
  readonly format: InputFormat | undefined;
  /** Most records in a batch. */
  readonly batchRecordCount: number;
  /** What becomes of invalid records: the input ends at the first, they are only counted, or kept to be taken. */
  readonly onInvalid: "fail" | "skip" | "keep";
  /** The table's columns; asked for only where the format needs them. */
  readonly tableFields: () => Promise<readonly Column[]>;
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

  /** Records skipped or kept as invalid so far. */
  get invalidCount(): number {
    return this.#collector.invalidCount;
  }

  /** Says where the first invalid record is that was passed over, and what is wrong with it. */
  get firstInvalid(): string | undefined {
    const invalid = this.#collector.firstInvalid;
    return invalid && `line ${invalid.line}: ${invalid.reason}`;
  }

  /** Takes the invalid records that were kept. */
  takeInvalid(): InvalidText[] {
    return this.#collector.takeInvalid();
  }

  /** Notes a record that was read and turned out not to fit. @throws CliError where the input ends there */
  refuse(record: SourceRecord, reason: string): void {
    const bytes = "json" in record ? record.json : shownValues(record.value);
    this.#collector.refuse(record.line, reason, Buffer.from(bytes));
    this.#throwFault();
  }

  /** @throws CliError that names the line at which the input cannot be read; what comes before it is handed out first. */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = this.#options;
    const stop = (): void => this.#input.stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (this.#options.format === "parquet") yield* this.#readParquet();
      else yield* this.#read();
    } catch (cause) {
      if (signal.aborted && !(cause instanceof CliError)) return;
      throw cause;
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  async *#read(): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = this.#options;
    const collector = this.#collector;
    let splitter: RecordSplitter | undefined;
    let isStart = true;
    for await (const chunk of this.#input.chunks) {
      if (signal.aborted) return;
      if (chunk === NEXT_FILE) {
        splitter?.end();
        splitter = undefined;
        isStart = true;
      } else {
        const bytes = isStart ? withoutByteOrderMark(chunk) : chunk;
        isStart = false;
        this.#readBytes += chunk.length;
        if (splitter === undefined) {
          const format = this.#formatOf(bytes);
          if (format === "parquet") return yield* this.#readParquet();
          splitter = await this.#splitterFor(format);
        }
        splitter?.push(bytes);
      }
      yield* collector.take();
      this.#throwFault();
    }
    if (signal.aborted) return;
    splitter?.end();
    yield* collector.take();
    this.#throwFault();
  }

  #readParquet(): AsyncGenerator<RecordBatch, void, undefined> {
    const { path, name, isFollowed } = this.#input;
    if (path === undefined) {
      const advice = isFollowed ? "it cannot be followed" : "name the file";
      throw new CliError(
        `${name} cannot be read as Parquet, which is read from its end; ${advice}`,
      );
    }
    this.#readBytes = 0;
    const { batchRecordCount, signal } = this.#options;
    return readParquet({
      path,
      batchRecordCount,
      signal,
      onBytes: (byteCount) => {
        this.#readBytes += byteCount;
      },
    });
  }

  /** `undefined` where the bytes do not tell the format yet: they are blank then. */
  #formatOf(firstBytes: Buffer): InputFormat | undefined {
    const format = this.#options.format ?? formatOfBytes(firstBytes);
    if (format !== "unknown") return format;
    throw new CliError(
      `cannot tell the format of ${this.#input.name}; say --format json, --format ndjson or --format csv`,
    );
  }

  async #splitterFor(
    format: Exclude<InputFormat, "parquet"> | undefined,
  ): Promise<RecordSplitter | undefined> {
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
    }
  }

  #throwFault(): void {
    const fault = this.#collector.fault;
    if (fault === undefined) return;
    throw new CliError(`${this.#input.name}, line ${fault.line}: ${fault.reason}`, {
      hints: [
        this.#options.onInvalid === "fail"
          ? "Records before this line were sent. --skip-invalid passes over invalid records, --dead-letter DIR keeps them."
          : "Records before this line were sent.",
      ],
    });
  }
}

/** Typed values as JSON, to be read by whoever mends the record. */
function shownValues(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, (_name, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  });
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}
