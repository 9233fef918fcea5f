// SPDX-License-Identifier: Apache-2.0
import {
  createZstdCompressor,
  type DeltaTable,
  ParquetFileEncoder,
  type ScanOptions,
  type StructField,
} from "@sluice/delta";
import { csvHeaderOf, csvLineWriterOf } from "./csv-values.ts";
import type { ExportSink } from "./export-sink.ts";
import { objectWriterOf } from "./json-values.ts";

export const EXPORT_FORMATS = ["ndjson", "csv", "parquet"] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportRequest {
  readonly table: DeltaTable;
  readonly scan: ScanOptions;
  /** The columns that the scan gives. */
  readonly fields: readonly StructField[];
  readonly sink: ExportSink;
  /** Told of rows when they are written. */
  readonly onRows: (rowCount: number) => void;
}

/** Characters that are collected before they are written. */
const CHUNK_CHARACTERS = 64 * 1024;

/** Writes rows of a table, in bounded memory. The sink is left open. */
export async function exportRows(format: ExportFormat, request: ExportRequest): Promise<void> {
  const { fields } = request;
  switch (format) {
    case "ndjson": {
      const write = objectWriterOf(fields);
      return exportText(request, "", (row) => `${write(row)}\n`);
    }
    case "csv":
      return exportText(request, csvHeaderOf(fields), csvLineWriterOf(fields));
    case "parquet":
      return exportParquet(request);
  }
}

async function exportText(
  { table, scan, sink, onRows }: ExportRequest,
  header: string,
  lineOf: (row: Readonly<Record<string, unknown>>) => string,
): Promise<void> {
  let text = header;
  let rowCount = 0;
  const flush = async (): Promise<void> => {
    if (text !== "") await sink.write(text);
    onRows(rowCount);
    text = "";
    rowCount = 0;
  };
  for await (const row of table.scan(scan)) {
    text += lineOf(row);
    rowCount += 1;
    if (text.length >= CHUNK_CHARACTERS) await flush();
  }
  await flush();
}

/** Columns are optional in the file, whatever the table says, and have the names that the table gives them. */
async function exportParquet({ table, scan, fields, sink, onRows }: ExportRequest): Promise<void> {
  const encoder = new ParquetFileEncoder(
    { type: "struct", fields: fields.map(exportedField) },
    {
      compression: "zstd",
      compressor: await createZstdCompressor(),
      statisticsColumns: [],
    },
  );
  for await (const block of table.scanBlocks(scan)) {
    await sink.write(Buffer.concat(encoder.addRowGroup(block)));
    onRows(block.rowCount);
  }
  await sink.write(Buffer.concat(encoder.finish().tail));
}

function exportedField({ name, type }: StructField): StructField {
  return { name, type, nullable: true, metadata: {} };
}
