// SPDX-License-Identifier: Apache-2.0
import type { FlatVector, LeafVector } from "../columns/column-block.ts";
import { type ChunkPlan, chunkPlanOf } from "./chunk-plan.ts";
import {
  type ColumnSummary,
  countNulls,
  summariseColumn,
  summariseLeaf,
} from "./column-summary.ts";
import { appendDeltas } from "./delta-values.ts";
import { type Dictionary, dictionaryOf } from "./dictionary.ts";
import { appendIndices } from "./dictionary-indices.ts";
import type { EncoderScratch } from "./encoder-scratch.ts";
import type { Leaf } from "./file-schema.ts";
import { type Codec, ENCODING, type Encoding } from "./format.ts";
import { appendConstantLevel, appendLevels } from "./levels.ts";
import {
  endOfNestedPage,
  endOfPage,
  type PageLimits,
  plainValues,
  presentWords,
} from "./page-values.ts";
import { type CompressionSettings, PageWriter } from "./page-writer.ts";

export interface ColumnChunkSettings extends CompressionSettings {
  readonly limits: PageLimits;
}

/** One column of one row group, encoded. */
export interface ColumnChunk {
  /** What to append to the file, in order. May be views of the column's memory. */
  readonly parts: readonly Uint8Array[];
  readonly codec: Codec;
  /** Of the values in its data pages. */
  readonly encoding: Encoding;
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
  scratch: EncoderScratch,
): ColumnChunk {
  const { limits } = settings;
  const dictionary = columnDictionary(vector, rowCount, limits.maxBytes, scratch);
  const summary = columnSummary(leaf, vector, rowCount, dictionary);
  const plan: ChunkPlan =
    dictionary === null
      ? chunkPlanOf(scratch, leaf, vector, rowCount, summary, settings)
      : { encoding: ENCODING.rleDictionary, isCompressed: null };
  const { encoding, isCompressed } = plan;
  const compression = isCompressed === false ? { ...settings, compressor: null } : settings;
  const pages = new PageWriter(leaf, scratch, compression, isCompressed !== null);
  scratch.page.clear();
  if (dictionary !== null) {
    pages.add({ valueCount: dictionary.entryCount, encoding: null }, dictionary.entries.data);
  }
  let pageCount = 0;
  let entryCount = 0;
  let firstValue = 0;
  for (let startRow = 0; startRow < rowCount; pageCount++) {
    scratch.page.clear();
    const page =
      "entryEnds" in vector
        ? nestedPage(scratch, leaf, vector, startRow, rowCount, limits)
        : flatPage(scratch, leaf, vector, startRow, rowCount, limits, summary.nullCount);
    const valueEnd = firstValue + page.presentCount;
    let values: Uint8Array | null = null;
    if (dictionary !== null) {
      appendIndices(scratch.page, dictionary.indices, firstValue, valueEnd, dictionary.bitWidth);
    } else if ("entryEnds" in vector) {
      values = pageValues(scratch, leaf, vector.values, encoding, firstValue, valueEnd, 0);
    } else {
      const nullCount = page.valueCount - page.presentCount;
      values = pageValues(scratch, leaf, vector, encoding, startRow, page.endRow, nullCount);
    }
    pages.add({ valueCount: page.valueCount, encoding }, values);
    entryCount += page.valueCount;
    firstValue = valueEnd;
    startRow = page.endRow;
  }
  const { parts, codec, compressedBytes, uncompressedBytes, dictionaryPageBytes } = pages;
  return {
    parts,
    codec,
    encoding,
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
  scratch: EncoderScratch,
): Dictionary | null {
  const memoryFor = (count: number): Int32Array => scratch.indices(count);
  if (!("entryEnds" in vector)) {
    return vector.kind === "bytes" ? dictionaryOf(vector, rowCount, maxBytes, memoryFor) : null;
  }
  const { values, valueEnds } = vector;
  if (values.kind !== "bytes") return null;
  return dictionaryOf(values, valueEnds[rowCount - 1] ?? 0, maxBytes, memoryFor);
}

function columnSummary(
  leaf: Leaf,
  vector: FlatVector | LeafVector,
  rowCount: number,
  dictionary: Dictionary | null,
): ColumnSummary {
  if (dictionary !== null) {
    const entryCount = "entryEnds" in vector ? (vector.entryEnds[rowCount - 1] ?? 0) : rowCount;
    // Every entry of the dictionary occurs, so its bounds are those of the rows.
    return {
      ...summariseColumn(leaf, dictionary.entries, dictionary.entryCount),
      nullCount: entryCount - dictionary.indices.length,
    };
  }
  return "entryEnds" in vector
    ? summariseLeaf(leaf, vector, rowCount)
    : summariseColumn(leaf, vector, rowCount);
}

/** Appends values to the page, or returns them where they need no other form than they have. */
function pageValues(
  scratch: EncoderScratch,
  leaf: Leaf,
  vector: FlatVector,
  encoding: Encoding,
  startRow: number,
  endRow: number,
  nullCount: number,
): Uint8Array | null {
  if (
    encoding === ENCODING.deltaBinaryPacked &&
    (vector.kind === "int32" || vector.kind === "int64")
  ) {
    const { words, wordStart, wordCount } = presentWords(
      scratch,
      vector,
      startRow,
      endRow,
      nullCount,
    );
    const wordsPerValue = vector.kind === "int32" ? 1 : 2;
    const start = wordStart / wordsPerValue;
    appendDeltas(scratch.page, words, start, start + wordCount / wordsPerValue, wordsPerValue);
    return null;
  }
  if (endRow - startRow === nullCount) return null;
  return plainValues(scratch, leaf, vector, startRow, endRow, nullCount);
}

/** A page of which the levels are in the page buffer. */
interface PageStart {
  readonly endRow: number;
  /** Values of the page, nulls included. */
  readonly valueCount: number;
  /** The same without nulls. */
  readonly presentCount: number;
}

function nestedPage(
  scratch: EncoderScratch,
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
  const addLevels = (levels: Uint8Array, maxLevel: number): void => {
    if (maxLevel > 0) appendLevels(scratch, levels, start, end, 32 - Math.clz32(maxLevel));
  };
  addLevels(repetitions, leaf.maxRepetitionLevel);
  addLevels(definitions, leaf.maxDefinitionLevel);
  const presentCount = (valueEnds[endRow - 1] as number) - firstValue;
  return { endRow, valueCount: end - start, presentCount };
}

/** @param chunkNullCount nulls of the whole column: without any, none is looked for. */
function flatPage(
  scratch: EncoderScratch,
  leaf: Leaf,
  vector: FlatVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
  chunkNullCount: number,
): PageStart {
  const endRow = endOfPage(vector, startRow, rowCount, limits);
  const { validity } = vector;
  const rows = endRow - startRow;
  const nullCount =
    validity === null || chunkNullCount === 0
      ? 0
      : countNulls(validity.subarray(startRow, endRow), rows);
  if (leaf.maxDefinitionLevel > 0) {
    if (validity === null || nullCount === 0) appendConstantLevel(scratch.page, 1, rows);
    else appendLevels(scratch, validity, startRow, endRow, 1);
  }
  return { endRow, valueCount: rows, presentCount: rows - nullCount };
}
