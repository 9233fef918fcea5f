// SPDX-License-Identifier: Apache-2.0
import { BlockBuilder } from "../columns/block-builder.ts";
import type { ColumnBlock } from "../columns/column-block.ts";
import { columnSpecsOf } from "../columns/column-specs.ts";
import type { NestedColumn } from "../columns/nested-column.ts";
import { type LayoutNode, type NestedLayout, nestedLayoutOf } from "../columns/nested-layout.ts";
import { writeNestedRow } from "../columns/nested-writer.ts";
import type { Compressor } from "../parquet/compressor.ts";
import { ParquetFileEncoder } from "../parquet/parquet-file-encoder.ts";
import type { StructType } from "../schema/types.ts";
import type { FinishedDataFile, ObjectWriter } from "../store/object-store.ts";

/** What bounds the memory that writing takes, whatever the size of the table. */
const MAX_ROW_GROUP_ROWS = 65_536;
const MAX_ROW_GROUP_BYTES = 64 << 20;
/** Rows between looks at how many bytes there are. */
const ROWS_PER_LOOK = 1024;

/** Writes actions into a Parquet file, one a row; each is the value of one column. */
export class CheckpointFileWriter {
  readonly #writer: ObjectWriter;
  readonly #encoder: ParquetFileEncoder;
  readonly #builder: BlockBuilder;
  readonly #columns: readonly NestedColumn[];
  readonly #nodes: readonly LayoutNode[];
  readonly #columnIndexes: ReadonlyMap<string, number>;
  /** Rows written to each column; the rows up to the builder's are null, and written when that must be known. */
  readonly #written: number[];
  #spare: ColumnBlock | undefined;

  constructor(writer: ObjectWriter, schema: StructType, compressor: Compressor) {
    this.#writer = writer;
    this.#encoder = new ParquetFileEncoder(schema, {
      compression: "zstd",
      compressor,
      statisticsColumns: [],
    });
    this.#builder = new BlockBuilder(columnSpecsOf(schema));
    // Every column of a checkpoint is a struct.
    this.#columns = this.#builder.columns as readonly NestedColumn[];
    this.#nodes = schema.fields.map((field) => (nestedLayoutOf(field) as NestedLayout).root);
    this.#written = this.#columns.map(() => 0);
    this.#columnIndexes = new Map(schema.fields.map(({ name }, index) => [name, index]));
  }

  /** Actions written so far. */
  get rowCount(): number {
    return this.#encoder.rowCount + this.#builder.rowCount;
  }

  /** @param column the kind of the action, `value` its fields. */
  async add(column: string, value: object): Promise<void> {
    const builder = this.#builder;
    const row = builder.rowCount;
    if (row === builder.rowCapacity) builder.growRows();
    const index = this.#columnIndexes.get(column);
    if (index === undefined) throw new TypeError(`the file has no column ${column}`);
    this.#fillNulls(index);
    writeNestedRow(
      this.#columns[index] as NestedColumn,
      this.#nodes[index] as LayoutNode,
      row,
      value,
    );
    this.#written[index] = row + 1;
    builder.rowCount += 1;
    if (builder.rowCount % ROWS_PER_LOOK === 0) {
      for (const at of this.#columns.keys()) this.#fillNulls(at);
      const isFull =
        builder.rowCount >= MAX_ROW_GROUP_ROWS || builder.byteLength() >= MAX_ROW_GROUP_BYTES;
      if (isFull) await this.#flush();
    }
  }

  /** Makes the file durable. */
  async finish(): Promise<FinishedDataFile> {
    await this.#flush();
    for (const part of this.#encoder.finish().tail) await this.#writer.write(part);
    return this.#writer.finish();
  }

  /** Removes what was written; does nothing after a `finish` that succeeded. */
  async abort(): Promise<void> {
    await this.#writer.abort();
  }

  #fillNulls(index: number): void {
    const { rowCount } = this.#builder;
    const written = this.#written[index] as number;
    if (written === rowCount) return;
    for (const leaf of (this.#columns[index] as NestedColumn).leaves) {
      leaf.addNullRows(written, rowCount);
    }
    this.#written[index] = rowCount;
  }

  async #flush(): Promise<void> {
    if (this.#builder.rowCount === 0) return;
    for (const index of this.#columns.keys()) this.#fillNulls(index);
    this.#written.fill(0);
    const block = this.#builder.seal(this.#spare);
    for (const part of this.#encoder.addRowGroup(block)) await this.#writer.write(part);
    this.#spare = block;
  }
}
