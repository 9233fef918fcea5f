// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import {
  type ColumnBlock,
  type Compressor,
  type FinishedDataFile,
  LocalDataFile,
  newDataFilePath,
  ParquetFileEncoder,
  type PartitionValues,
  statisticsToJson,
} from "@sluice/delta";
import type { EncodedFile } from "./encoder-protocol.ts";
import type { FileLayout } from "./file-layout.ts";

/** What all files of a thread share. */
export interface WorkerFileContext {
  readonly compressors: Readonly<Record<"zstd" | "gzip", Compressor>>;
  /** Runs syncs one after the other: they take threads that the log's own syncs need as well. */
  readonly afterSyncs: <Result>(sync: () => Promise<Result>) => Promise<Result>;
}

export interface WorkerFileOptions {
  readonly tableLocation: string;
  readonly layout: FileLayout;
  /** Relative to the table; `undefined` for a new data file's name. */
  readonly path: string | undefined;
  /** The directory for a new data file, below the table's; empty for the table's own. */
  readonly directory?: string;
  readonly partitionValues?: PartitionValues;
}

/** One Parquet file that is being written. */
export class WorkerFile {
  readonly #context: WorkerFileContext;
  readonly #options: WorkerFileOptions;
  readonly #encoder: ParquetFileEncoder;
  readonly #target: LocalDataFile;
  #rowCount = 0;

  constructor(options: WorkerFileOptions, context: WorkerFileContext) {
    const { layout, tableLocation, directory = "" } = options;
    const { statisticsColumns, compression } = layout;
    this.#context = context;
    this.#options = options;
    this.#encoder = new ParquetFileEncoder(layout.fileSchema, {
      compression,
      ...(compression === "uncompressed" ? {} : { compressor: context.compressors[compression] }),
      ...(statisticsColumns === undefined ? {} : { statisticsColumns }),
    });
    const name = newDataFilePath(randomUUID, 0, compression);
    const path = options.path ?? (directory === "" ? name : `${directory}/${name}`);
    this.#target = new LocalDataFile(tableLocation, path);
  }

  /** Adds a block of the file's columns as a row group. */
  addBlock(block: ColumnBlock): void {
    this.#target.writeParts(this.#encoder.addRowGroup(block));
    this.#rowCount += block.rowCount;
  }

  /** Ends the file at once, and resolves when it is synced; blocks of other files are encoded meanwhile. */
  async finish(): Promise<EncodedFile> {
    const statisticsJson = this.#end();
    const finished = await this.#context.afterSyncs(() => this.#target.finish());
    return this.#describe(finished, statisticsJson);
  }

  /** Ends and syncs the file before anything else is done. */
  finishSync(): EncodedFile {
    const statisticsJson = this.#end();
    return this.#describe(this.#target.finishSync(), statisticsJson);
  }

  abort(): void {
    this.#target.abort();
  }

  #end(): string {
    const { tail, statistics } = this.#encoder.finish();
    this.#target.writeParts(tail);
    return statisticsToJson(statistics);
  }

  #describe(
    { sizeBytes, modificationTimeMs }: FinishedDataFile,
    statisticsJson: string,
  ): EncodedFile {
    const { partitionValues } = this.#options;
    return {
      path: this.#target.path,
      byteLength: sizeBytes,
      modificationTimeMs,
      rowCount: this.#rowCount,
      statisticsJson,
      ...(partitionValues === undefined ? {} : { partitionValues }),
    };
  }
}
