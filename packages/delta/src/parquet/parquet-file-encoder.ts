// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock, ColumnVector, FlatVector, LeafVector } from "../columns/column-block.ts";
import type { StructType } from "../schema/types.ts";
import { checkBlock } from "./check-block.ts";
import { type ColumnChunkSettings, encodeColumnChunk } from "./column-chunk.ts";
import { type ColumnSummary, EMPTY_SUMMARY, mergeSummaries } from "./column-summary.ts";
import type { Compressor } from "./compressor.ts";
import { type FileSchema, fileSchemaOf, type Leaf } from "./file-schema.ts";
import { type FileStatistics, fileStatisticsOf, type NamedSummary } from "./file-statistics.ts";
import { EncoderScratch } from "./encoder-scratch.ts";
import { CODEC, FILE_MAGIC } from "./format.ts";
import { type ColumnChunkMetadata, fileMetadata, type RowGroupMetadata } from "./metadata.ts";

export type ParquetCompression = "zstd" | "gzip" | "uncompressed";

export interface ParquetFileOptions {
  /** `zstd` is what Delta asks writers to use where a table names no codec; it needs {@link ParquetFileOptions.compressor}. */
  readonly compression: ParquetCompression;
  /** Of the codec that `compression` names; not used without compression. See `createZstdCompressor`. */
  readonly compressor?: Compressor;
  /**
   * The least part of its bytes that compression must save a column, 0 to 1, told from the first rows of each row group;
   * where it saves less the column is stored uncompressed in that row group. 0 compresses whatever gets no larger.
   * @default 0.1: random numbers save less, at the full price of compressing and decompressing them.
   */
  readonly minCompressionSaving?: number;
  /**
   * Who wrote the file, for its footer: `<application> version <version>`, the form that readers look up known
   * writer defects by. @default "sluice version 0.1.0"
   */
  readonly createdBy?: string;
  /** Most rows in a page, 1 to 2^31 - 1. @default 20000, as other writers have: readers skip and buffer by page. */
  readonly pageRows?: number;
  /**
   * Bytes of values after which a page ends, 1 to 2^30; a longer value has its page alone. A dictionary takes no more.
   * @default 1048576, as other writers have.
   */
  readonly pageBytes?: number;
  /**
   * Columns to collect Delta statistics for, or paths to fields of STRUCT columns; each adds to every `add` action of the
   * log.
   * @default the first 32 columns, the default of `delta.dataSkippingNumIndexedCols`.
   */
  readonly statisticsColumns?: readonly (string | readonly string[])[];
}

/** The end of a file. */
export interface FinishedParquetFile {
  /** Bytes to append to the file, in order. */
  readonly tail: Uint8Array[];
  /** Bytes of the whole file. */
  readonly byteLength: number;
  readonly statistics: FileStatistics;
}

const DEFAULT_CREATED_BY = "sluice version 0.1.0";
const DEFAULT_PAGE_ROWS = 20_000;
const MAX_PAGE_ROWS = 0x7fff_ffff;
const DEFAULT_PAGE_BYTES = 1 << 20;
const MAX_TARGET_PAGE_BYTES = 1 << 30;
const DEFAULT_STATISTICS_COLUMN_COUNT = 32;
const DEFAULT_MIN_COMPRESSION_SAVING = 0.1;
const FOOTER_LENGTH_BYTES = 4;

/**
 * Encodes blocks of columns into one Parquet file, a row group for each block. It performs no I/O: the caller appends
 * what it is given, and gives the statistics to the Delta commit.
 */
export class ParquetFileEncoder {
  readonly #schema: FileSchema;
  readonly #chunkSettings: ColumnChunkSettings;
  readonly #scratch: EncoderScratch = new EncoderScratch();
  readonly #createdBy: string;
  /** Whether each leaf has statistics. */
  readonly #isCounted: readonly boolean[];
  readonly #rowGroups: RowGroupMetadata[] = [];
  readonly #summaries: ColumnSummary[];
  #rowCount = 0;
  #byteLength = 0;
  #isFinished = false;

  /**
   * @param schema of the columns in the file, so without partition columns. Field names are written as they are; for
   * a table with column mapping, pass physical names, each field with its id as metadata `parquet.field.id`.
   * @throws TypeError for a column that cannot be written, a compressor that does not fit `compression`, or an
   * unknown name in `statisticsColumns`.
   * @throws RangeError for a page limit or a saving out of its range.
   */
  constructor(schema: StructType, options: ParquetFileOptions) {
    checkByteOrder();
    this.#schema = fileSchemaOf(schema);
    this.#chunkSettings = {
      limits: {
        maxRows: limitOf("pageRows", options.pageRows ?? DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS),
        maxBytes: limitOf(
          "pageBytes",
          options.pageBytes ?? DEFAULT_PAGE_BYTES,
          MAX_TARGET_PAGE_BYTES,
        ),
      },
      compressor: compressorOf(options),
      minSaving: savingOf(options.minCompressionSaving ?? DEFAULT_MIN_COMPRESSION_SAVING),
    };
    this.#createdBy = options.createdBy ?? DEFAULT_CREATED_BY;
    this.#isCounted = countedLeaves(this.#schema, schema, options.statisticsColumns);
    this.#summaries = this.#schema.leaves.map(() => EMPTY_SUMMARY);
  }

  /**
   * Encodes a block as the next row group; a block without rows adds none.
   * @returns bytes to append to the file, in order. They may be views of the block's memory: append them before the
   * block's buffers are used again.
   * @throws TypeError when the block is not of this schema, or has a null in a NOT NULL column. The encoder is as it
   * was before.
   * @throws RangeError for a single value of 2 GiB or more.
   */
  addRowGroup(block: ColumnBlock): Uint8Array[] {
    this.#assertOpen();
    const { leaves } = this.#schema;
    const { rowCount } = block;
    checkBlock(block, this.#schema);
    if (rowCount === 0) return [];
    const chunks = leaves.map((leaf) =>
      encodeColumnChunk(leaf, vectorOf(block, leaf), rowCount, this.#chunkSettings, this.#scratch),
    );
    const parts = this.#begin();
    const columns: ColumnChunkMetadata[] = [];
    for (const [index, chunk] of chunks.entries()) {
      const leaf = leaves[index] as Leaf;
      const { codec, encoding, entryCount, pageCount, dictionaryPageBytes, summary } = chunk;
      const { uncompressedBytes, compressedBytes } = chunk;
      columns.push({
        leaf,
        codec,
        encoding,
        entryCount,
        pageCount,
        uncompressedBytes,
        compressedBytes,
        fileOffset: this.#byteLength,
        dictionaryPageBytes,
        summary,
      });
      for (const part of chunk.parts) parts.push(part);
      this.#byteLength += compressedBytes;
      this.#summaries[index] = mergeSummaries(this.#summaries[index] as ColumnSummary, summary);
    }
    this.#rowGroups.push({ rowCount, columns });
    this.#rowCount += rowCount;
    return parts;
  }

  /** Ends the file; the encoder takes no more rows. A file without rows is valid and has no row groups. */
  finish(): FinishedParquetFile {
    this.#assertOpen();
    this.#isFinished = true;
    const tail = this.#begin();
    const metadata = fileMetadata({
      schema: this.#schema,
      rowCount: this.#rowCount,
      rowGroups: this.#rowGroups,
      createdBy: this.#createdBy,
    });
    const length = new Uint8Array(FOOTER_LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, metadata.length, true);
    tail.push(metadata, length, FILE_MAGIC.slice());
    this.#byteLength += metadata.length + FOOTER_LENGTH_BYTES + FILE_MAGIC.length;
    return { tail, byteLength: this.#byteLength, statistics: this.#statistics() };
  }

  /** Bytes handed out so far. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Rows handed out so far. */
  get rowCount(): number {
    return this.#rowCount;
  }

  #begin(): Uint8Array[] {
    if (this.#byteLength > 0) return [];
    this.#byteLength = FILE_MAGIC.length;
    return [FILE_MAGIC.slice()];
  }

  #statistics(): FileStatistics {
    const columns: NamedSummary[] = [];
    for (const [index, leaf] of this.#schema.leaves.entries()) {
      const { statisticsPath } = leaf;
      if (statisticsPath === null || this.#isCounted[index] !== true) continue;
      columns.push({
        path: statisticsPath,
        leaf,
        summary: this.#summaries[index] as ColumnSummary,
      });
    }
    return fileStatisticsOf(this.#rowCount, columns);
  }

  #assertOpen(): void {
    if (this.#isFinished) throw new TypeError("the Parquet file is finished; make a new encoder");
  }
}

/** Columns are written from memory as they are, and Parquet is little-endian. */
function checkByteOrder(): void {
  const lowByte = new Uint8Array(Uint16Array.of(1).buffer)[0];
  if (lowByte !== 1)
    throw new TypeError("Parquet files can be written on little-endian machines only");
}

function limitOf(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`${name} is ${value}; it must be an integer from 1 to ${max}`);
  }
  return value;
}

function savingOf(value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`minCompressionSaving is ${value}; it must be a number from 0 to 1`);
}

function compressorOf({ compression, compressor }: ParquetFileOptions): Compressor | null {
  if (compression === "uncompressed") return null;
  if (compressor === undefined) {
    throw new TypeError(
      `compression ${compression} needs a compressor; pass one, such as from createZstdCompressor()`,
    );
  }
  if (compressor.codec !== CODEC[compression]) {
    throw new TypeError(
      `compression ${compression} is codec ${CODEC[compression]}, the compressor is for codec ${compressor.codec}`,
    );
  }
  return compressor;
}

function countedLeaves(
  fileSchema: FileSchema,
  schema: StructType,
  columns: readonly (string | readonly string[])[] | undefined,
): readonly boolean[] {
  const first = schema.fields.slice(0, DEFAULT_STATISTICS_COLUMN_COUNT).map(({ name }) => name);
  const paths = (columns ?? first).map((column) =>
    typeof column === "string" ? [column] : column,
  );
  const { leaves } = fileSchema;
  const unknown = paths.find((path) => !leaves.some((leaf) => beginsWith(leaf.path, path)));
  if (unknown !== undefined) {
    throw new TypeError(
      `statisticsColumns names ${JSON.stringify(unknown.join("."))}, which is not in the schema`,
    );
  }
  return leaves.map((leaf) => paths.some((path) => beginsWith(leaf.path, path)));
}

function beginsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.length > 0 && start.every((name, index) => path[index] === name);
}

/** The vector of a leaf, in a block that has been checked. */
function vectorOf(block: ColumnBlock, leaf: Leaf): FlatVector | LeafVector {
  const vector = block.columns[leaf.columnIndex] as ColumnVector;
  if (vector.kind !== "nested") return vector;
  return vector.leaves[leaf.leafIndex as number] as LeafVector;
}
