// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { Compressor } from "../parquet/compressor.ts";
import type { RowRun } from "../rows/row-encoder.ts";
import type { ResolvedComponents } from "../table/components.ts";
import { newDataFilePath } from "../table/data-file-path.ts";
import type { AddedFile } from "../table/transaction-request.ts";
import { DataFileWriter } from "./data-file-writer.ts";
import type { Partition } from "./partition-key.ts";
import type { WritePlan } from "./write-plan.ts";

export interface OpenFilesLimits {
  readonly targetFileBytes: number;
  readonly maxOpenPartitions: number;
  readonly maxBufferedBytes: number;
}

/** Room for rows that each of many open files starts with. */
const PARTITION_ROW_CAPACITY = 256;
const MAX_PART_NUMBER = 99_999;

/** The files that rows are being written to, at most one for each partition, and those that are ended. */
export class OpenFiles {
  readonly finished: AddedFile[] = [];
  readonly #plan: WritePlan;
  readonly #components: ResolvedComponents;
  readonly #compressor: Compressor | undefined;
  readonly #limits: OpenFilesLimits;
  /** By partition; the one that was written to last is the last. */
  readonly #open = new Map<string, DataFileWriter>();
  #startedCount = 0;

  constructor(
    plan: WritePlan,
    components: ResolvedComponents,
    compressor: Compressor | undefined,
    limits: OpenFilesLimits,
  ) {
    this.#plan = plan;
    this.#components = components;
    this.#compressor = compressor;
    this.#limits = limits;
  }

  /** Writes rows of one partition. */
  async write(partition: Partition, run: RowRun, start: number, end: number): Promise<void> {
    let next = start;
    while (next < end) {
      const file = await this.#fileOf(partition);
      const rowCount = file.write(run, next, end);
      next += rowCount;
      if (rowCount === 0 && !file.hasBufferedRows) throw tooLarge(run.indexOf(next));
      if (rowCount === 0 || file.isBlockFull) await file.flush();
      if (file.fileBytes >= this.#limits.targetFileBytes) await this.#finish(partition.key, file);
    }
  }

  /** Ends row groups until what is in memory is within its limit. */
  async relieve(): Promise<void> {
    if (this.#open.size === 1) {
      for (const file of this.#open.values()) {
        if (file.bufferedBytes > this.#limits.maxBufferedBytes) await file.flush();
      }
      return;
    }
    const files = [...this.#open.values()].map((file) => ({ file, bytes: file.bufferedBytes }));
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    files.sort((left, right) => right.bytes - left.bytes);
    for (const { file, bytes } of files) {
      if (total <= this.#limits.maxBufferedBytes) return;
      await file.flush();
      total -= bytes;
    }
  }

  async finishAll(): Promise<void> {
    for (const [key, file] of this.#open) await this.#finish(key, file);
  }

  /** Gives up the open files, and removes the others too where they are nobody's. */
  async abort(removesFinished: boolean): Promise<void> {
    for (const file of this.#open.values()) await file.abort();
    this.#open.clear();
    if (!removesFinished) return;
    for (const { path } of this.finished.splice(0)) {
      try {
        await this.#components.store.delete(path);
      } catch {
        // No commit names the file; a vacuum removes it.
      }
    }
  }

  async #fileOf(partition: Partition): Promise<DataFileWriter> {
    const { key } = partition;
    const known = this.#open.get(key);
    if (known !== undefined) {
      if (this.#open.size > 1) {
        this.#open.delete(key);
        this.#open.set(key, known);
      }
      return known;
    }
    if (this.#open.size >= this.#limits.maxOpenPartitions) {
      const [oldest] = this.#open;
      if (oldest !== undefined) await this.#finish(...oldest);
    }
    const file = this.#start(partition);
    this.#open.set(key, file);
    return file;
  }

  #start({ directory, values }: Partition): DataFileWriter {
    const { store, randomUuid } = this.#components;
    const { compression, partitionColumns } = this.#plan;
    const partNumber = Math.min(this.#startedCount, MAX_PART_NUMBER);
    this.#startedCount += 1;
    const name = newDataFilePath(randomUuid, partNumber, compression);
    const writer = store.createWriter(directory === "" ? name : `${directory}/${name}`);
    const rowCapacity = partitionColumns.length === 0 ? undefined : PARTITION_ROW_CAPACITY;
    return new DataFileWriter(this.#plan, writer, this.#compressor, values, rowCapacity);
  }

  async #finish(key: string, file: DataFileWriter): Promise<void> {
    this.finished.push(await file.finish());
    this.#open.delete(key);
  }
}

function tooLarge(rowIndex: number): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `row ${rowIndex} has values of more than 2 GiB in one column, which no block holds`,
    { details: { rowIndex } },
  );
}
