// SPDX-License-Identifier: Apache-2.0
import { BlockBuilder } from "../columns/block-builder.ts";
import type { ColumnBlock, ColumnVector } from "../columns/column-block.ts";
import type { PartitionValues } from "../log/actions.ts";
import type { Compressor } from "../parquet/compressor.ts";
import { statisticsToJson } from "../parquet/file-statistics.ts";
import { ParquetFileEncoder } from "../parquet/parquet-file-encoder.ts";
import { RowEncoder, type RowRun } from "../rows/row-encoder.ts";
import type { ObjectWriter } from "../store/object-store.ts";
import { checkError } from "../table/check-constraints.ts";
import type { AddedFile } from "../table/transaction-request.ts";
import type { WritePlan } from "./write-plan.ts";

/** Rows and bytes in memory from which a row group is ended. */
const MAX_BLOCK_ROWS = 131_072;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** Rows that a block begins with. */
const FIRST_ROWS = 64;

/** Writes rows of one partition into one data file. */
export class DataFileWriter {
  readonly partitionValues: PartitionValues;
  readonly #plan: WritePlan;
  readonly #builder: BlockBuilder;
  readonly #rows: RowEncoder;
  readonly #encoder: ParquetFileEncoder;
  readonly #writer: ObjectWriter;
  /** A block whose rows are in the file, for its memory. */
  #spare: ColumnBlock | undefined;

  /** @param rowCapacity rows to have room for at first. */
  constructor(
    plan: WritePlan,
    writer: ObjectWriter,
    compressor: Compressor | undefined,
    partitionValues: PartitionValues,
    rowCapacity?: number,
  ) {
    this.partitionValues = partitionValues;
    this.#plan = plan;
    this.#writer = writer;
    this.#builder = new BlockBuilder(plan.columnSpecs, rowCapacity);
    this.#rows = new RowEncoder(plan.schema, this.#builder, plan.defaults);
    this.#encoder = new ParquetFileEncoder(plan.fileSchema, {
      compression: plan.compression,
      ...(compressor === undefined ? {} : { compressor }),
      statisticsColumns: plan.statisticsColumns,
    });
  }

  /** Bytes of rows that are not in the file yet. */
  get bufferedBytes(): number {
    return this.#builder.byteLength();
  }

  get hasBufferedRows(): boolean {
    return this.#builder.rowCount > 0;
  }

  /** Whether a row group should be ended before more rows come. */
  get isBlockFull(): boolean {
    return this.#builder.rowCount >= MAX_BLOCK_ROWS || this.bufferedBytes >= MAX_BLOCK_BYTES;
  }

  /** Bytes in the file so far. */
  get fileBytes(): number {
    return this.#encoder.byteLength;
  }

  /**
   * Takes rows of a run from `start` on.
   * @returns how many; fewer than there are where {@link DataFileWriter.flush} must come first.
   * @throws DeltaError `invalid_argument` naming the row and what is wrong with it.
   */
  write(run: RowRun, start: number, end: number): number {
    const firstRow = this.#builder.rowCount;
    const rowCount = this.#rows.write(run, start, Math.min(end, start + this.#roomForRows()));
    for (const check of this.#plan.checks) {
      const broken = check.findBroken(this.#builder, firstRow, firstRow + rowCount);
      if (broken !== -1) throw checkError(run.indexOf(start + broken - firstRow), check);
    }
    return rowCount;
  }

  /** Makes a row group of the rows that are in memory. */
  async flush(): Promise<void> {
    if (!this.hasBufferedRows) return;
    const block = this.#builder.seal(this.#spare);
    const parts = this.#encoder.addRowGroup(this.#dataBlockOf(block));
    // The parts may be views of the block's memory, which is used again once they are copied.
    const bytes = Buffer.concat(parts);
    this.#spare = block;
    await this.#writer.write(bytes);
  }

  /** Ends the file; it is durable when the promise is fulfilled. */
  async finish(): Promise<AddedFile> {
    await this.flush();
    this.#spare = undefined;
    const { tail, statistics } = this.#encoder.finish();
    await this.#writer.write(Buffer.concat(tail));
    return {
      path: this.#writer.path,
      ...(await this.#writer.finish()),
      rowCount: this.#encoder.rowCount,
      partitionValues: this.partitionValues,
      stats: statisticsToJson(statistics),
    };
  }

  async abort(): Promise<void> {
    await this.#writer.abort();
  }

  /** As many rows as still fit, if they are as large as those before them: how large they are shows only afterwards. */
  #roomForRows(): number {
    const { rowCount } = this.#builder;
    if (rowCount === 0) return FIRST_ROWS;
    const bytes = this.bufferedBytes;
    const fitting = Math.ceil((MAX_BLOCK_BYTES - bytes) / Math.max(1, bytes / rowCount));
    return Math.max(0, Math.min(MAX_BLOCK_ROWS - rowCount, fitting));
  }

  #dataBlockOf(block: ColumnBlock): ColumnBlock {
    const { dataColumnIndices } = this.#plan;
    if (dataColumnIndices.length === block.columns.length) return block;
    const columns = dataColumnIndices.map((index) => block.columns[index] as ColumnVector);
    return { rowCount: block.rowCount, columns };
  }
}
