// SPDX-License-Identifier: Apache-2.0
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { FormatProblem } from "../parquet/read/byte-cursor.ts";
import { createDecompressor, type Decompressor } from "../parquet/read/decompress.ts";
import type { LeafStream } from "../parquet/read/leaf-stream.ts";
import { type LeafLevels, readLeaf } from "../parquet/read/read-leaf.ts";
import { RowGroupColumns } from "../parquet/read/row-group.ts";
import { type ReadNode, readNodesOf } from "../parquet/read/schema-tree.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { asyncBufferOf, damaged, decoding } from "./parquet-input.ts";

/** Column chunks that lie this close are fetched in one go. */
const MAX_GAP_BYTES = 1 << 20;
const MAX_FETCH_BYTES = 256 << 20;
/** A row of a checkpoint is one action; no file has more of them than this. */
const MAX_ROWS = 0x7fff_ffff;

/** A Parquet file to be read by columns, of which the footer has been read. */
export interface ParquetColumns {
  readonly path: string;
  readonly rowCount: number;
  readonly rowGroupCount: number;
  /** By name. */
  readonly columns: ReadonlyMap<string, ReadNode>;
  /** Fetches columns of a row group; they are decoded when they are looked at. */
  readRowGroup(index: number, columns: readonly ReadNode[]): Promise<RowGroupColumns>;
}

/**
 * @throws DeltaError `data_loss` if the file is missing, shorter than the log says, or no Parquet file. Also thrown, with
 *   the path of the file, by a look at a column that cannot be decoded.
 */
export async function openParquetColumns(
  store: ObjectStore,
  path: string,
  sizeBytes: number,
): Promise<ParquetColumns> {
  const file = asyncBufferOf(store, path, sizeBytes);
  const metadata = await decoding(path, async () =>
    parquetMetadataAsync(file, { geoparquet: false }),
  );
  const nodes = await decoding(path, async () => readNodesOf(parquetSchema(metadata)));
  const rowCount = Number(metadata.num_rows);
  if (!(rowCount >= 0 && rowCount <= MAX_ROWS)) throw damaged(path, `says it has ${rowCount} rows`);
  const layout = { leaves: leavesOf(nodes), decompress: await createDecompressor() };
  return {
    path,
    rowCount,
    rowGroupCount: metadata.row_groups.length,
    columns: new Map(nodes.map((node) => [node.name, node])),
    readRowGroup: async (index, columns) =>
      decoding(path, async () => fetchRowGroup(store, path, metadata, index, columns, layout)),
  };
}

interface LeafInfo extends LeafLevels {
  readonly element: SchemaElement;
}

interface FileLayout {
  readonly leaves: readonly LeafInfo[];
  readonly decompress: Decompressor;
}

function leavesOf(nodes: readonly ReadNode[]): readonly LeafInfo[] {
  const leaves: LeafInfo[] = [];
  const visit = (node: ReadNode): void => {
    switch (node.kind) {
      case "leaf": {
        const { element, definitionLevel, repetitionLevel } = node;
        leaves.push({ element, definition: definitionLevel, repetition: repetitionLevel });
        return;
      }
      case "struct":
        for (const field of node.fields) visit(field);
        return;
      case "list":
        visit(node.element);
        return;
      case "map":
        visit(node.key);
        visit(node.value);
        return;
    }
  };
  for (const node of nodes) visit(node);
  return leaves;
}

interface ChunkRange {
  readonly leaf: number;
  readonly meta: ColumnMetaData;
  readonly start: number;
  readonly end: number;
}

async function fetchRowGroup(
  store: ObjectStore,
  path: string,
  metadata: FileMetaData,
  index: number,
  columns: readonly ReadNode[],
  { leaves, decompress }: FileLayout,
): Promise<RowGroupColumns> {
  const group = metadata.row_groups[index];
  if (group === undefined || group.columns.length !== leaves.length) {
    throw new FormatProblem(`row group ${index} does not have the columns of the schema`);
  }
  const rowCount = Number(group.num_rows);
  const ranges: ChunkRange[] = [];
  for (const { firstLeaf, leafEnd } of columns) {
    for (let leaf = firstLeaf; leaf < leafEnd; leaf += 1) {
      const meta = group.columns[leaf]?.meta_data;
      if (meta === undefined) throw new FormatProblem(`row group ${index} lacks column ${leaf}`);
      ranges.push({ leaf, meta, ...rangeOf(meta) });
    }
  }
  const chunks = await fetchChunks(store, path, ranges);
  return new RowGroupColumns(rowCount, (leaf) => {
    const chunk = chunks.get(leaf);
    if (chunk === undefined) throw new TypeError(`leaf ${leaf} was not asked for`);
    return decodeChunk(path, chunk, leaves[leaf] as LeafInfo, rowCount, decompress);
  });
}

interface Chunk {
  readonly meta: ColumnMetaData;
  readonly bytes: Uint8Array;
}

function decodeChunk(
  path: string,
  chunk: Chunk,
  leaf: LeafInfo,
  rowCount: number,
  decompress: Decompressor,
): LeafStream {
  const name = chunk.meta.path_in_schema.join(".");
  try {
    const stream = readLeaf(chunk.bytes, chunk.meta, leaf.element, leaf, decompress);
    if (stream.rowCount !== rowCount) {
      throw new FormatProblem(`has ${stream.rowCount} rows, its row group ${rowCount}`);
    }
    return stream;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw damaged(path, `cannot be decoded as Parquet: column ${name}: ${reason}`, cause);
  }
}

function rangeOf(meta: ColumnMetaData): { readonly start: number; readonly end: number } {
  const data = Number(meta.data_page_offset);
  const dictionary = Number(meta.dictionary_page_offset ?? 0n);
  // Some writers give 0 where there is no dictionary.
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const end = start + Number(meta.total_compressed_size);
  if (!(start >= 4 && end > start && Number.isSafeInteger(end))) {
    throw new FormatProblem(`column ${meta.path_in_schema.join(".")} has no place in the file`);
  }
  return { start, end };
}

/** Fetches the ranges, those that lie close together in one go. */
async function fetchChunks(
  store: ObjectStore,
  path: string,
  ranges: readonly ChunkRange[],
): Promise<ReadonlyMap<number, Chunk>> {
  const chunks = new Map<number, Chunk>();
  const sorted = ranges.toSorted((one, other) => one.start - other.start);
  for (let first = 0; first < sorted.length; ) {
    const { start } = sorted[first] as ChunkRange;
    let { end } = sorted[first] as ChunkRange;
    let next = first + 1;
    for (; next < sorted.length; next += 1) {
      const range = sorted[next] as ChunkRange;
      if (range.start > end + MAX_GAP_BYTES || range.end - start > MAX_FETCH_BYTES) break;
      end = Math.max(end, range.end);
    }
    const bytes = await store.getRange(path, start, end);
    if (bytes === undefined) throw damaged(path, "has gone while it was read");
    if (bytes.length < end - start) throw damaged(path, `ends before ${end} bytes`);
    for (const range of sorted.slice(first, next)) {
      const part = bytes.subarray(range.start - start, range.end - start);
      chunks.set(range.leaf, { meta: range.meta, bytes: part });
    }
    first = next;
  }
  return chunks;
}
