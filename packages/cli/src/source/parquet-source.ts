// SPDX-License-Identifier: Apache-2.0
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { CliError, messageOf } from "../cli-error.ts";
import { PARQUET_PARSERS, parquetRowsOf, withRawDecimals } from "./parquet-values.ts";
import type { RecordBatch } from "./record-collector.ts";

export interface ParquetSourceOptions {
  readonly path: string;
  /** Most records in a batch. */
  readonly batchRecordCount: number;
  readonly signal: AbortSignal;
  /** So many more bytes of the file were read. */
  readonly onBytes: (byteCount: number) => void;
}

/**
 * The rows of a Parquet file, row group by row group: one is held in memory at a time. Line numbers are row numbers.
 * @throws CliError for a file that is none, or damaged
 */
export async function* readParquet(
  options: ParquetSourceOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { path, batchRecordCount, signal, onBytes } = options;
  const file = await decoding(path, () => asyncBufferFromFile(path));
  const original = await decoding(path, () => parquetMetadataAsync(file));
  const metadata = withRawDecimals(original);
  const convert = parquetRowsOf(parquetSchema(original));
  let rowStart = 0;
  let reportedBytes = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    if (signal.aborted) return;
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await decoding(path, () =>
      parquetReadObjects({
        file,
        metadata,
        rowStart,
        rowEnd,
        compressors,
        parsers: PARQUET_PARSERS,
        utf8: false,
      }),
    );
    for (let start = 0; start < rows.length; start += batchRecordCount) {
      if (signal.aborted) return;
      const records = rows.slice(start, start + batchRecordCount).map((row, offset) => ({
        line: rowStart + start + offset + 1,
        value: convert(row),
      }));
      const [first] = records;
      yield {
        records,
        firstLine: first?.line ?? 0,
        lastLine: (first?.line ?? 0) + records.length - 1,
      };
    }
    rowStart = rowEnd;
    // Offsets of pages overlap with nothing else worth counting: the groups share the file by their number.
    const readBytes = Math.round((file.byteLength * (index + 1)) / metadata.row_groups.length);
    onBytes(readBytes - reportedBytes);
    reportedBytes = readBytes;
  }
  if (metadata.row_groups.length === 0) onBytes(file.byteLength);
}

async function decoding<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new CliError(
      `${path} cannot be read as a Parquet file (${messageOf(cause)}); check that it is whole`,
      { cause },
    );
  }
}
