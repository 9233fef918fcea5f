// SPDX-License-Identifier: Apache-2.0
import type { FixedVector, FlatVector, LeafVector } from "../columns/column-block.ts";
import { ELEMENTS_PER_ROW } from "../columns/fixed-column.ts";
import { type ColumnSummary, countNulls } from "./column-summary.ts";
import {
  appendDeltas,
  estimateDeltaBits,
  MAX_INT32_SPAN,
  MAX_INT64_SPAN,
  type WordsPerValue,
} from "./delta-values.ts";
import type { EncoderScratch } from "./encoder-scratch.ts";
import type { Leaf } from "./file-schema.ts";
import { ENCODING, type Encoding } from "./format.ts";
import { presentWords } from "./page-values.ts";
import type { CompressionSettings } from "./page-writer.ts";

/** How the data pages of a column chunk without a dictionary are made. */
export interface ChunkPlan {
  readonly encoding: Encoding;
  /** Whether to compress; `null` where the first page is to show. */
  readonly isCompressed: boolean | null;
}

/** Below, a call of the codec costs more than the bytes it could save. */
const MIN_BYTES_TO_COMPRESS = 512;
/** Enough for the codec to see what values have in common, at a thirtieth of the work for a full row group. */
const SAMPLE_ROWS = 2048;
/** Shorter columns are small in any encoding. */
const MIN_ROWS_FOR_DELTAS = 1024;
/** Deltas have to take less than half the bits of the values, or the codec alone does as well. */
const MIN_DELTA_GAIN = 2;

/**
 * Chooses encoding and codec from the first rows:
 * - deltas, for integers, dates and timestamps where they take less than the codec makes of the values themselves;
 * - no compression for fixed-size values of which the codec does not save enough, and for the shortest chunks.
 */
export function chunkPlanOf(
  scratch: EncoderScratch,
  leaf: Leaf,
  vector: FlatVector | LeafVector,
  rowCount: number,
  summary: ColumnSummary,
  compression: CompressionSettings,
): ChunkPlan {
  const values = "entryEnds" in vector ? vector.values : vector;
  const count = "entryEnds" in vector ? (vector.valueEnds[rowCount - 1] ?? 0) : rowCount;
  if (values.kind === "bytes") {
    const isShort = (values.ends[count - 1] ?? 0) < MIN_BYTES_TO_COMPRESS;
    return { encoding: ENCODING.plain, isCompressed: isShort ? false : null };
  }
  const isShort = count * bytesPerRow(values) < MIN_BYTES_TO_COMPRESS;
  if (isShort) return { encoding: ENCODING.plain, isCompressed: false };
  if (values.kind === "boolean" || values.kind === "int128" || count < MIN_ROWS_FOR_DELTAS) {
    return { encoding: ENCODING.plain, isCompressed: null };
  }
  return planFromSample(scratch, leaf, values, Math.min(count, SAMPLE_ROWS), summary, compression);
}

function planFromSample(
  scratch: EncoderScratch,
  leaf: Leaf,
  values: FixedVector,
  sampleRows: number,
  summary: ColumnSummary,
  { compressor, minSaving }: CompressionSettings,
): ChunkPlan {
  const { validity } = values;
  const nullCount = validity === null ? 0 : countNulls(validity, sampleRows);
  const sample = presentWords(scratch, values, 0, sampleRows, nullCount);
  const { words, wordCount } = sample;
  // Nulls at first say nothing of what comes.
  if (wordCount === 0) return { encoding: ENCODING.plain, isCompressed: null };
  const plainBytes = wordCount * 4;
  const plain = new Uint8Array(words.buffer, words.byteOffset, plainBytes);
  const storedBytes = compressor === null ? plainBytes : compressor.compress(plain).length;
  if (deltaBytesOf(scratch, leaf, words, wordCount, summary) < storedBytes) {
    return { encoding: ENCODING.deltaBinaryPacked, isCompressed: null };
  }
  const isCompressed = storedBytes <= plainBytes * (1 - minSaving);
  return { encoding: ENCODING.plain, isCompressed };
}

/** Bytes that the values take as deltas; Infinity where they cannot be used, or gain little. */
function deltaBytesOf(
  scratch: EncoderScratch,
  leaf: Leaf,
  words: Int32Array,
  wordCount: number,
  summary: ColumnSummary,
): number {
  const wordsPerValue = wordsPerDelta(leaf, summary);
  if (wordsPerValue === null) return Number.POSITIVE_INFINITY;
  const count = wordCount / wordsPerValue;
  const bits = estimateDeltaBits(words, 0, count, wordsPerValue);
  if (bits * MIN_DELTA_GAIN > wordsPerValue * 32) return Number.POSITIVE_INFINITY;
  scratch.page.clear();
  appendDeltas(scratch.page, words, 0, count, wordsPerValue);
  return scratch.page.length;
}

/**
 * Words of a value, or `null` where the column has no exact deltas. Not for TINYINT, SMALLINT and DECIMAL, which readers
 * take through ways of their own that see this encoding seldom.
 */
function wordsPerDelta(leaf: Leaf, { bounds }: ColumnSummary): WordsPerValue | null {
  const isSmall = leaf.logicalType?.kind === "integer" && leaf.logicalType.bitWidth < 32;
  if (bounds === null || isSmall || leaf.boundsFormat === "decimal") return null;
  if (leaf.columnKind === "int32" && bounds.kind === "number") {
    return bounds.max - bounds.min < MAX_INT32_SPAN ? 1 : null;
  }
  if (leaf.columnKind === "int64" && bounds.kind === "bigint") {
    return bounds.max - bounds.min < MAX_INT64_SPAN ? 2 : null;
  }
  return null;
}

function bytesPerRow({ kind, values }: FixedVector): number {
  return kind === "boolean" ? 1 / 8 : values.BYTES_PER_ELEMENT * ELEMENTS_PER_ROW[kind];
}
