// SPDX-License-Identifier: Apache-2.0
/** Parquet alone: columns that are in memory are encoded and compressed in one thread, again and again, and dropped. */
import {
  BlockBuilder,
  type Column,
  type ColumnBlock,
  columnSpecsOf,
  createZstdCompressor,
  LENGTH_PREFIX_BYTES,
  ParquetFileEncoder,
  parseColumnList,
} from "@sluice/delta";
import { answer, jobOfProcess } from "../lib/child.ts";
import { type Cell, columnListOf, makeRecordSet, READINGS } from "../lib/record-set.ts";

export interface ParquetEncodeJob {
  readonly durationMs: number;
}

export interface ParquetEncodeAnswer {
  readonly rowsPerSecond: number;
}

/** As many as the server puts into a block. */
const BLOCK_ROWS = 65_536;

const job = jobOfProcess<ParquetEncodeJob>();
const schema = parseColumnList(columnListOf(READINGS));
const block = makeBlock();
const compressor = await createZstdCompressor();
const startedAt = performance.now();
let rowCount = 0;
while (performance.now() < startedAt + job.durationMs) {
  const encoder = new ParquetFileEncoder(schema, { compression: "zstd", compressor });
  encoder.addRowGroup(block);
  encoder.finish();
  rowCount += block.rowCount;
}
const seconds = (performance.now() - startedAt) / 1000;
answer({ rowsPerSecond: rowCount / seconds } satisfies ParquetEncodeAnswer);

function makeBlock(): ColumnBlock {
  const { rows } = makeRecordSet(READINGS);
  const builder = new BlockBuilder(columnSpecsOf(schema), BLOCK_ROWS);
  while (builder.rowCount < BLOCK_ROWS) {
    const row = rows[builder.rowCount % rows.length] ?? [];
    for (const [index, column] of builder.columns.entries()) {
      writeCell(column, builder.rowCount, row[index] as Cell);
    }
    builder.rowCount++;
  }
  return builder.seal();
}

function writeCell(column: Column, row: number, cell: Cell): void {
  if (column.kind === "nested") throw new TypeError("the records of the benchmark are flat");
  if (column.validity !== null) column.validity[row] = 1;
  if (column.kind === "bytes") {
    const text = Buffer.from(String(cell));
    const start = column.startOf(row);
    const end = start + LENGTH_PREFIX_BYTES + text.length;
    column.reserve(end);
    new DataView(column.data.buffer).setUint32(start, text.length, true);
    column.data.set(text, start + LENGTH_PREFIX_BYTES);
    column.ends[row] = end;
  } else if (column.kind === "int64") {
    const value = BigInt(cell);
    column.values[row * 2] = Number(BigInt.asIntN(32, value));
    column.values[row * 2 + 1] = Number(value >> 32n);
  } else {
    column.values[row] = Number(cell);
  }
}
