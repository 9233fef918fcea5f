// SPDX-License-Identifier: Apache-2.0
import {
  BlockBuilder,
  type ColumnBlock,
  columnSpecsOf,
  copyRows,
  type PartitionRows,
  PartitionSplitter,
} from "@sluice/delta";
import type { EncodedFile } from "./encoder-protocol.ts";
import { WorkerFile, type WorkerFileContext, type WorkerFileOptions } from "./worker-file.ts";

export interface PartitionedFileOptions extends WorkerFileOptions {
  /** Partitions whose files may be open at one time; the one that got rows longest ago is finished for another. */
  readonly maxOpenPartitions: number;
}

/** Rows of one partition: those that are not in its file yet, and the file once it has some. */
interface OpenPartition {
  readonly rows: PartitionRows;
  builder: BlockBuilder;
  file: WorkerFile | undefined;
}

/** A partition's rows become a row group at these sizes. */
const GROUP_ROWS = 65_536;
const GROUP_BYTES = 16 * 1024 * 1024;
/** Rows of all partitions that wait for their row groups; beyond it the largest go first. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const FIRST_ROW_CAPACITY = 64;

/** Files of the partitions of one commit, each of its own. */
export class PartitionedFile {
  readonly #options: PartitionedFileOptions;
  readonly #context: WorkerFileContext;
  readonly #splitter: PartitionSplitter;
  /** The one that got rows last at the end. */
  readonly #open = new Map<string, OpenPartition>();
  readonly #finishing: Promise<EncodedFile>[] = [];
  /** Of those, the ones that are not synced yet: each holds a file open. */
  #unsyncedCount = 0;

  constructor(options: PartitionedFileOptions, context: WorkerFileContext) {
    const { schema, partitionFields } = options.layout;
    this.#options = options;
    this.#context = context;
    this.#splitter = new PartitionSplitter(schema, partitionFields);
  }

  addBlock(block: ColumnBlock): void {
    for (const rows of this.#splitter.split(block)) {
      const partition = this.#partitionFor(rows);
      copyRows(block, this.#options.layout.fileColumnIndices, rows.rows, partition.builder);
      const { rowCount } = partition.builder;
      if (rowCount >= GROUP_ROWS || partition.builder.byteLength() >= GROUP_BYTES) {
        this.#writeGroup(partition);
      }
    }
    this.#relieveMemory();
  }

  async finish(): Promise<readonly EncodedFile[]> {
    for (const [key, partition] of this.#open) this.#finishPartition(key, partition);
    return Promise.all(this.#finishing);
  }

  /** What was finished early stays, as files that no commit names. */
  abort(): void {
    for (const { file } of this.#open.values()) file?.abort();
    this.#open.clear();
  }

  #partitionFor(rows: PartitionRows): OpenPartition {
    const known = this.#open.get(rows.key);
    const partition = known ?? { rows, builder: this.#newBuilder(), file: undefined };
    this.#open.delete(rows.key);
    this.#open.set(rows.key, partition);
    const [oldest] = this.#open;
    if (this.#open.size > this.#options.maxOpenPartitions && oldest !== undefined) {
      this.#finishPartition(...oldest);
    }
    return partition;
  }

  #newBuilder(): BlockBuilder {
    return new BlockBuilder(columnSpecsOf(this.#options.layout.fileSchema), FIRST_ROW_CAPACITY);
  }

  #relieveMemory(): void {
    const waiting = [...this.#open.values()].map((partition) => ({
      partition,
      byteLength: partition.builder.byteLength(),
    }));
    let total = waiting.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (total <= MAX_WAITING_BYTES) return;
    waiting.sort((left, right) => right.byteLength - left.byteLength);
    for (const { partition, byteLength } of waiting) {
      if (total <= MAX_WAITING_BYTES / 2) return;
      this.#writeGroup(partition);
      total -= byteLength;
    }
  }

  #writeGroup(partition: OpenPartition): void {
    const { builder, rows } = partition;
    if (builder.rowCount === 0) return;
    partition.file ??= new WorkerFile(
      {
        ...this.#options,
        directory: visibleDirectory(rows.directory),
        partitionValues: rows.values,
      },
      this.#context,
    );
    partition.file.addBlock(builder.seal());
    partition.builder = this.#newBuilder();
  }

  /** It is among the open ones until it can be finished, so that it goes with them where it cannot. */
  #finishPartition(key: string, partition: OpenPartition): void {
    this.#writeGroup(partition);
    const { file } = partition;
    if (file !== undefined) this.#finishing.push(this.#finishFile(file));
    this.#open.delete(key);
  }

  /** Where the disk is behind the partitions that come and go, the thread waits for it: files must not pile up open. */
  #finishFile(file: WorkerFile): Promise<EncodedFile> {
    if (this.#unsyncedCount >= this.#options.maxOpenPartitions) {
      return Promise.resolve(file.finishSync());
    }
    this.#unsyncedCount++;
    const finishing = file.finish().finally(() => {
      this.#unsyncedCount--;
    });
    // Whoever finishes all of them is told.
    finishing.catch(() => file.abort());
    return finishing;
  }
}

/** Readers take directories for hidden whose name begins with `_` or `.`; the files go to the table's own then. */
function visibleDirectory(directory: string): string {
  return /(^|\/)[._]/.test(directory) ? "" : directory;
}
