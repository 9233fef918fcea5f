// SPDX-License-Identifier: Apache-2.0
import {
  type CompressionCodec,
  type FileMetaData,
  parquetMetadataAsync,
  type RowGroup,
  type Statistics,
} from "hyparquet";
import { DeltaError } from "../../delta-error.ts";
import type { ObjectStore } from "../../store/object-store.ts";
import { decodeChunk } from "./chunk-decoder.ts";
import { DecodeProblem } from "./decode-problem.ts";
import { createDecompressors, type Decompressors } from "./decompressors.ts";
import { type FileNode, type FileTree, fileTreeOf } from "./file-tree.ts";
import type { LeafData } from "./leaf-data.ts";

/** A file of which the footer has been read and checked. */
export interface ParquetFile {
  /** As the log names it. */
  readonly path: string;
  readonly read: RangeReader;
  readonly tree: FileTree;
  readonly rowCount: number;
  readonly rowGroups: readonly FileRowGroup[];
  readonly decompressors: Decompressors;
}

export interface FileRowGroup {
  /** First row, zero based within the file. */
  readonly rowStart: number;
  readonly rowCount: number;
  /** One of each leaf of the file's schema. */
  readonly chunks: readonly FileChunk[];
}

export interface FileChunk {
  readonly start: number;
  readonly end: number;
  readonly entryCount: number;
  readonly codec: CompressionCodec;
  /** Bounds as bytes where the type has text, as numbers otherwise; see `row-group-statistics.ts`. */
  readonly statistics: Statistics | undefined;
}

/** The bytes from `start` up to `end` (exclusive). */
export type RangeReader = (start: number, end: number) => Promise<Uint8Array>;

/** The bytes of some column chunks of a row group, by leaf. */
export type FetchedChunks = ReadonlyMap<number, Uint8Array>;

const MAGIC_BYTES = 4;
const FOOTER_TAIL_BYTES = 8;
/** Rows and entries of a row group are counted in 31 bits in the pages. */
const MAX_GROUP_COUNT = 2 ** 31 - 1;
/** Bytes between two chunks that cost less to read than another request. */
const MAX_GAP_BYTES = 64 * 1024;
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/** Bytes at the end of a file that are read first: the footer of most files, and all of small ones. */
const TAIL_BYTES = 64 * 1024;

/**
 * Opens a Parquet file of a table.
 * @param place where its bytes are.
 * @param path as the log names it, for messages.
 * @param sizeBytes as the log has it.
 * @throws DeltaError `data_loss` naming the file if it is missing, has another size, or has no sound footer.
 */
export async function openParquetFile(
  place: { readonly store: ObjectStore; readonly path: string },
  path: string,
  sizeBytes: number,
): Promise<ParquetFile> {
  return decoding(path, async () => {
    if (sizeBytes < MAGIC_BYTES + FOOTER_TAIL_BYTES) {
      throw new DecodeProblem(`a file of ${sizeBytes} bytes`);
    }
    const read = await rangeReaderOf(place, path, sizeBytes);
    const metadata = await readFooter(read, sizeBytes);
    const tree = fileTreeOf(metadata.schema);
    const dataEnd = sizeBytes - FOOTER_TAIL_BYTES - metadata.metadata_length;
    const rowGroups = rowGroupsOf(metadata, tree, dataEnd);
    const rowCount = rowGroups.reduce((total, group) => total + group.rowCount, 0);
    if (BigInt(rowCount) !== metadata.num_rows) {
      throw new DecodeProblem(
        `a footer of ${metadata.num_rows} rows, whose row groups have ${rowCount}`,
      );
    }
    return { path, read, tree, rowCount, rowGroups, decompressors: await createDecompressors() };
  });
}

/**
 * Reads the chunks of some leaves of a row group.
 * @throws DeltaError `data_loss`.
 */
export async function fetchChunks(
  file: ParquetFile,
  group: FileRowGroup,
  leaves: Iterable<number>,
): Promise<FetchedChunks> {
  const wanted = [...leaves]
    .map((leaf) => ({ leaf, ...(group.chunks[leaf] as FileChunk) }))
    .toSorted((one, other) => one.start - other.start);
  const fetched = new Map<number, Uint8Array>();
  const read = async (chunks: typeof wanted): Promise<void> => {
    const [first] = chunks;
    if (first === undefined) return;
    const end = Math.max(...chunks.map((chunk) => chunk.end));
    const bytes = await file.read(first.start, end);
    for (const chunk of chunks) {
      fetched.set(chunk.leaf, bytes.subarray(chunk.start - first.start, chunk.end - first.start));
    }
  };
  await Promise.all(requestsOf(wanted).map(read));
  return fetched;
}

/**
 * Decodes a chunk that has been fetched.
 * @throws DeltaError `data_loss`.
 */
export function decodeLeaf(
  file: ParquetFile,
  group: FileRowGroup,
  leafIndex: number,
  fetched: FetchedChunks,
): LeafData {
  const node = file.tree.leaves[leafIndex] as FileNode;
  const chunk = group.chunks[leafIndex] as FileChunk;
  return decodingSync(file.path, () => {
    const data = decodeChunk(
      fetched.get(leafIndex) as Uint8Array,
      {
        physicalType: node.element.type as NonNullable<FileNode["element"]["type"]>,
        typeLength: node.element.type_length,
        maxDefinitionLevel: node.definitionLevel,
        maxRepetitionLevel: node.repetitionLevel,
      },
      chunk.codec,
      chunk.entryCount,
      file.decompressors,
    );
    const rowCount = rowCountOf(data);
    if (rowCount !== group.rowCount) {
      throw new DecodeProblem(
        `${rowCount} rows in the column ${JSON.stringify(node.path.join("."))} of a row group of ${group.rowCount}`,
      );
    }
    return data;
  });
}

/** Chunks that lie close together are read in one request. */
function requestsOf<T extends { readonly start: number; readonly end: number }>(
  chunks: readonly T[],
): T[][] {
  const requests: T[][] = [];
  let requestStart = 0;
  let requestEnd = -Infinity;
  for (const chunk of chunks) {
    const isNear = chunk.start <= requestEnd + MAX_GAP_BYTES;
    if (isNear && chunk.end - requestStart <= MAX_REQUEST_BYTES) {
      requests.at(-1)?.push(chunk);
    } else {
      requests.push([chunk]);
      requestStart = chunk.start;
    }
    requestEnd = Math.max(requestEnd, chunk.end);
  }
  return requests;
}

function rowCountOf({ entryCount, repetitions }: LeafData): number {
  if (repetitions === null) return entryCount;
  if (entryCount > 0 && repetitions[0] !== 0) {
    throw new DecodeProblem("a column that starts inside of a row");
  }
  let rowCount = 0;
  for (const level of repetitions) if (level === 0) rowCount += 1;
  return rowCount;
}

async function readFooter(read: RangeReader, sizeBytes: number): Promise<FileMetaData> {
  const file = {
    byteLength: sizeBytes,
    slice: async (start: number, end: number = sizeBytes) =>
      new Uint8Array(await read(start, end)).buffer,
  };
  return parquetMetadataAsync(file, {
    initialFetchSize: Math.min(TAIL_BYTES, sizeBytes),
    geoparquet: false,
    parsers: RAW_BOUNDS,
  });
}

/** Bounds in the footer stay as they are stored. */
const RAW_BOUNDS = {
  timestampFromMilliseconds: (value: bigint) => value,
  timestampFromMicroseconds: (value: bigint) => value,
  timestampFromNanoseconds: (value: bigint) => value,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array) => bytes,
};

function rowGroupsOf(metadata: FileMetaData, tree: FileTree, dataEnd: number): FileRowGroup[] {
  let rowStart = 0;
  return metadata.row_groups.map((group) => {
    const rowCount = countOf(group.num_rows, "rows");
    if (group.columns.length !== tree.leaves.length) {
      throw new DecodeProblem(
        `a row group of ${group.columns.length} columns in a schema of ${tree.leaves.length}`,
      );
    }
    const chunks = tree.leaves.map((leaf, index) => chunkOf(group, leaf, index, rowCount, dataEnd));
    const result = { rowStart, rowCount, chunks };
    rowStart += rowCount;
    return result;
  });
}

function chunkOf(
  group: RowGroup,
  leaf: FileNode,
  index: number,
  rowCount: number,
  dataEnd: number,
): FileChunk {
  const column = group.columns[index];
  const metadata = column?.meta_data;
  const name = JSON.stringify(leaf.path.join("."));
  if (metadata === undefined) throw new DecodeProblem(`a column ${name} that is encrypted`);
  if (column?.file_path !== undefined && column.file_path !== "") {
    throw new DecodeProblem(`a column ${name} in another file`);
  }
  if (
    metadata.path_in_schema.length !== leaf.path.length ||
    metadata.path_in_schema.some((part, level) => part !== leaf.path[level]) ||
    metadata.type !== leaf.element.type
  ) {
    throw new DecodeProblem(`a row group that has another column in the place of ${name}`);
  }
  const entryCount = countOf(metadata.num_values, "values");
  if (leaf.repetitionLevel === 0 && entryCount !== rowCount) {
    throw new DecodeProblem(`${entryCount} values of ${name} in a row group of ${rowCount} rows`);
  }
  const dataStart = Number(metadata.data_page_offset);
  const dictionaryStart = Number(metadata.dictionary_page_offset ?? 0);
  // Some writers name no dictionary page by 0, and some one that comes after the data.
  const start = dictionaryStart > 0 && dictionaryStart < dataStart ? dictionaryStart : dataStart;
  const end = start + Number(metadata.total_compressed_size);
  if (!(start >= MAGIC_BYTES && end >= start && end <= dataEnd)) {
    throw new DecodeProblem(`the column ${name} from byte ${start} to ${end}, of ${dataEnd}`);
  }
  return { start, end, entryCount, codec: metadata.codec, statistics: metadata.statistics };
}

function countOf(value: bigint, what: string): number {
  if (value >= 0n && value <= BigInt(MAX_GROUP_COUNT)) return Number(value);
  throw new DecodeProblem(`a row group of ${value} ${what}`);
}

/** Reads the end of the file, and answers from it what lies there. */
async function rangeReaderOf(
  { store, path: storePath }: { readonly store: ObjectStore; readonly path: string },
  path: string,
  sizeBytes: number,
): Promise<RangeReader> {
  const readStored = async (start: number, end: number): Promise<Uint8Array> => {
    const bytes = await store.getRange(storePath, start, end);
    if (bytes === undefined) throw damaged(path, "is missing, though the log names it");
    if (bytes.length < end - start) {
      throw damaged(path, `ends before ${end} bytes, though the log says it has ${sizeBytes}`);
    }
    return bytes;
  };
  const tailStart = Math.max(0, sizeBytes - TAIL_BYTES);
  const tail = await readStored(tailStart, sizeBytes);
  return async (start, end) =>
    start >= tailStart ? tail.subarray(start - tailStart, end - tailStart) : readStored(start, end);
}

async function decoding<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    throw asDataLoss(path, error);
  }
}

function decodingSync<T>(path: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw asDataLoss(path, error);
  }
}

/** Whatever the bytes of a file make a decoder throw means that they are damaged. */
function asDataLoss(path: string, error: unknown): DeltaError {
  if (error instanceof DeltaError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return damaged(path, `cannot be decoded as Parquet: ${reason}`, error);
}

/** The error of a file of the table that is not as it should be. */
export function damaged(path: string, problem: string, cause?: unknown): DeltaError {
  return new DeltaError("data_loss", `the file ${JSON.stringify(path)} ${problem}`, {
    cause,
    details: { path },
  });
}
