// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import type { FlatVector, LeafVector } from "../columns/column-block.ts";
import {
  type ColumnSummary,
  countNulls,
  summariseColumn,
  summariseLeaf,
} from "./column-summary.ts";
import type { Compressor } from "./compressor.ts";
import { type Dictionary, dictionaryOf } from "./dictionary.ts";
import { encodeIndices } from "./dictionary-indices.ts";
import type { Leaf } from "./file-schema.ts";
import { ENCODING, MAX_PAGE_BYTES } from "./format.ts";
import { encodeConstantLevel, encodeLevels } from "./levels.ts";
import { dataPageHeader, dictionaryPageHeader, type PageHeader } from "./metadata.ts";
import { endOfNestedPage, endOfPage, type PageLimits, plainValues } from "./page-values.ts";

export interface ColumnChunkSettings {
  readonly limits: PageLimits;
  /** `null` leaves pages as they are. */
  readonly compressor: Compressor | null;
}

/** One column of one row group, encoded. */
export interface ColumnChunk {
  /** What to append to the file, in order. May be views of the column's memory. */
  readonly parts: readonly Uint8Array[];
  /** Data pages. */
  readonly pageCount: number;
  /** Of the dictionary page as it is in the file, 0 without one. */
  readonly dictionaryPageBytes: number;
  /** Entries of its pages: the rows, or more where the column is in a list. */
  readonly entryCount: number;
  /** Bytes of headers and bodies as they are in the file. */
  readonly compressedBytes: number;
  /** The same with bodies as they were before compression. */
  readonly uncompressedBytes: number;
  readonly summary: ColumnSummary;
}

/**
 * Encodes the first `rowCount` rows of a column.
 * @throws RangeError for a page that exceeds 2 GiB, which takes a single value of that length.
 */
export function encodeColumnChunk(
  leaf: Leaf,
  vector: FlatVector | LeafVector,
  rowCount: number,
  settings: ColumnChunkSettings,
): ColumnChunk {
  const { limits } = settings;
  const chunk: OpenChunk = { leaf, settings, parts: [], compressedBytes: 0, uncompressedBytes: 0 };
  const dictionary = columnDictionary(vector, rowCount, limits.maxBytes);
  if (dictionary !== null) {
    const { entries, entryCount } = dictionary;
    addPage(chunk, [entries.data], entryCount, dictionaryPageHeader);
  }
  const dictionaryPageBytes = chunk.compressedBytes;
  const encoding = dictionary === null ? ENCODING.plain : ENCODING.rleDictionary;
  let pageCount = 0;
  let entryCount = 0;
  let firstValue = 0;
  for (let startRow = 0; startRow < rowCount; pageCount++) {
    const page =
      "entryEnds" in vector
        ? nestedPage(leaf, vector, startRow, rowCount, limits)
        : flatPage(leaf, vector, startRow, rowCount, limits);
    const { body, endRow, valueCount } = page;
    const valueEnd = firstValue + page.presentCount;
    if (dictionary !== null) {
      body.push(encodeIndices(dictionary.indices, firstValue, valueEnd, dictionary.bitWidth));
    } else if (page.presentCount > 0) {
      body.push(
        "entryEnds" in vector
          ? plainValues(leaf, vector.values, firstValue, valueEnd, 0)
          : plainValues(leaf, vector, startRow, endRow, valueCount - page.presentCount),
      );
    }
    addPage(chunk, body, valueCount, (header) => dataPageHeader(header, encoding));
    entryCount += valueCount;
    firstValue = valueEnd;
    startRow = endRow;
  }
  const summary =
    dictionary === null
      ? columnSummary(leaf, vector, rowCount)
      : // Every entry occurs, so the bounds of the entries are those of the rows.
        {
          ...summariseColumn(leaf, dictionary.entries, dictionary.entryCount),
          nullCount: entryCount - firstValue,
        };
  const { parts, compressedBytes, uncompressedBytes } = chunk;
  return {
    parts,
    pageCount,
    dictionaryPageBytes,
    entryCount,
    compressedBytes,
    uncompressedBytes,
    summary,
  };
}

function columnDictionary(
  vector: FlatVector | LeafVector,
  rowCount: number,
  maxBytes: number,
): Dictionary | null {
  if (!("entryEnds" in vector)) {
    return vector.kind === "bytes" ? dictionaryOf(vector, rowCount, maxBytes) : null;
  }
  const { values, valueEnds } = vector;
  if (values.kind !== "bytes") return null;
  return dictionaryOf(values, valueEnds[rowCount - 1] ?? 0, maxBytes);
}

function columnSummary(
  leaf: Leaf,
  vector: FlatVector | LeafVector,
  rowCount: number,
): ColumnSummary {
  return "entryEnds" in vector
    ? summariseLeaf(leaf, vector, rowCount)
    : summariseColumn(leaf, vector, rowCount);
}

interface OpenChunk {
  readonly leaf: Leaf;
  readonly settings: ColumnChunkSettings;
  readonly parts: Uint8Array[];
  compressedBytes: number;
  uncompressedBytes: number;
}

function addPage(
  chunk: OpenChunk,
  body: Uint8Array[],
  valueCount: number,
  headerOf: (header: PageHeader) => Uint8Array,
): void {
  const { compressor } = chunk.settings;
  const bodyBytes = totalBytes(body);
  if (bodyBytes > MAX_PAGE_BYTES) {
    throw new RangeError(
      `column ${JSON.stringify(chunk.leaf.path.join("."))} has a page of ${bodyBytes} bytes, the format allows ${MAX_PAGE_BYTES}`,
    );
  }
  const stored = compressor === null ? body : [compressor.compress(joined(body, bodyBytes))];
  const storedBytes = totalBytes(stored);
  const header = headerOf({
    valueCount,
    uncompressedBytes: bodyBytes,
    compressedBytes: storedBytes,
    checksum: checksumOf(stored),
  });
  chunk.parts.push(header, ...stored);
  chunk.compressedBytes += header.length + storedBytes;
  chunk.uncompressedBytes += header.length + bodyBytes;
}

/** A page without its values. */
interface PageStart {
  /** The levels. */
  readonly body: Uint8Array[];
  readonly endRow: number;
  /** Values of the page, nulls included. */
  readonly valueCount: number;
  /** The same without nulls. */
  readonly presentCount: number;
}

function nestedPage(
  leaf: Leaf,
  vector: LeafVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): PageStart {
  const { definitions, repetitions, entryEnds, valueEnds } = vector;
  const endRow = endOfNestedPage(vector, startRow, rowCount, limits);
  const start = startRow === 0 ? 0 : (entryEnds[startRow - 1] as number);
  const end = entryEnds[endRow - 1] as number;
  const firstValue = startRow === 0 ? 0 : (valueEnds[startRow - 1] as number);
  const body: Uint8Array[] = [];
  const addLevels = (levels: Uint8Array, maxLevel: number): void => {
    if (maxLevel > 0) body.push(encodeLevels(levels, start, end, 32 - Math.clz32(maxLevel)));
  };
  addLevels(repetitions, leaf.maxRepetitionLevel);
  addLevels(definitions, leaf.maxDefinitionLevel);
  const presentCount = (valueEnds[endRow - 1] as number) - firstValue;
  return { body, endRow, valueCount: end - start, presentCount };
}

function flatPage(
  leaf: Leaf,
  vector: FlatVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): PageStart {
  const endRow = endOfPage(vector, startRow, rowCount, limits);
  const { validity } = vector;
  const rows = endRow - startRow;
  const nullCount = validity === null ? 0 : countNulls(validity.subarray(startRow, endRow), rows);
  const body: Uint8Array[] = [];
  if (leaf.maxDefinitionLevel > 0) {
    body.push(
      validity === null || nullCount === 0
        ? encodeConstantLevel(1, rows)
        : encodeLevels(validity, startRow, endRow, 1),
    );
  }
  return { body, endRow, valueCount: rows, presentCount: rows - nullCount };
}

function totalBytes(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

function joined(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const output = new Uint8Array(byteLength);
  let offset = 0;
  for (const part of parts) {
    output.set(part, offset);
    offset += part.length;
  }
  return output;
}

/** The format keeps the unsigned CRC-32 of the body, as stored, in a signed field. */
function checksumOf(parts: readonly Uint8Array[]): number {
  let checksum = 0;
  for (const part of parts) checksum = crc32(part, checksum);
  return checksum | 0;
}
