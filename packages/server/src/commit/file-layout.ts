// SPDX-License-Identifier: Apache-2.0
import type { ParquetFileOptions, PartitionField, StructType } from "@sluice/delta";

/** How rows in columns become data files of a table. Plain data: it is sent to the encoders' threads. */
export interface FileLayout {
  /** Of the rows, by the names that people know. */
  readonly schema: StructType;
  /** Of the files, by the names that are in them: without the columns that the table is partitioned by. */
  readonly fileSchema: StructType;
  /** For each column of the files, its index among those of the rows. */
  readonly fileColumnIndices: readonly number[];
  /** None for a table that is not partitioned. */
  readonly partitionFields: readonly PartitionField[];
  /** Paths of names in the files; `undefined` for the first 32 columns. */
  readonly statisticsColumns: readonly (readonly string[])[] | undefined;
  readonly compression: ParquetFileOptions["compression"];
}

/** All columns under their own names, into one file. */
export function plainLayout(schema: StructType): FileLayout {
  return {
    schema,
    fileSchema: schema,
    fileColumnIndices: schema.fields.map((_, index) => index),
    partitionFields: [],
    statisticsColumns: undefined,
    compression: "zstd",
  };
}
