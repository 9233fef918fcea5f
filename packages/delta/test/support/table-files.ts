// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createZstdCompressor } from "../../src/parquet/compressor.ts";
import { statisticsToJson } from "../../src/parquet/file-statistics.ts";
import { ParquetFileEncoder } from "../../src/parquet/parquet-file-encoder.ts";
import type { StructType } from "../../src/schema/types.ts";
import { LocalDataFile } from "../../src/store/local-data-file.ts";
import type { AppendedFile } from "../../src/table/append-request.ts";
import { newDataFilePath } from "../../src/table/data-file-path.ts";
import { blockOf, type ColumnValues } from "../integration/parquet/support/blocks.ts";

/** A new directory that is removed after the test. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-delta-"));
  context.after(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a data file the way the server's encoder does: one row group per entry of `rowGroups`. */
export async function writeDataFile(
  location: string,
  schema: StructType,
  rowGroups: readonly ColumnValues[],
): Promise<AppendedFile> {
  const encoder = new ParquetFileEncoder(schema, {
    compression: "zstd",
    compressor: await createZstdCompressor(),
  });
  const file = new LocalDataFile(
    location,
    newDataFilePath(() => crypto.randomUUID()),
  );
  try {
    for (const rowGroup of rowGroups) {
      for (const part of encoder.addRowGroup(blockOf(schema, rowGroup))) file.write(part);
    }
    const { tail, statistics } = encoder.finish();
    for (const part of tail) file.write(part);
    return {
      path: file.path,
      ...(await file.finish()),
      rowCount: encoder.rowCount,
      stats: statisticsToJson(statistics),
    };
  } finally {
    file.abort();
  }
}

/** A file that only the log knows, for tests that read no rows. */
export function syntheticFile(name: string, rowCount = 1): AppendedFile {
  return { path: `part-${name}.parquet`, sizeBytes: 1, modificationTimeMs: 1, rowCount };
}
