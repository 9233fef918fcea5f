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
import type { Leaf } from "./file-schema.ts";
import { MAX_PAGE_BYTES } from "./format.ts";
import { encodeConstantLevel, encodeLevels } from "./levels.ts";
import { dataPageHeader } from "./metadata.ts";
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
  readonly pageCount: number;
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
  const parts: Uint8Array[] = [];
  let pageCount = 0;
  let compressedBytes = 0;
  let uncompressedBytes = 0;
  let entryCount = 0;
  for (let startRow = 0; startRow < rowCount; pageCount++) {
    const isNested = "entryEnds" in vector;
    const { body, endRow, valueCount } = isNested
      ? nestedPage(leaf, vector, startRow, rowCount, settings.limits)
      : flatPage(leaf, vector, startRow, rowCount, settings.limits);
    const bodyBytes = totalBytes(body);
    if (bodyBytes > MAX_PAGE_BYTES) {
      throw new RangeError(
        `column ${JSON.stringify(leaf.path.join("."))} has a page of ${bodyBytes} bytes, the format allows ${MAX_PAGE_BYTES}`,
      );
    }
    const stored =
      settings.compressor === null ? body : [settings.compressor.compress(joined(body, bodyBytes))];
    const storedBytes = totalBytes(stored);
    const header = dataPageHeader({
      valueCount,
      uncompressedBytes: bodyBytes,
      compressedBytes: storedBytes,
      checksum: checksumOf(stored),
    });
    parts.push(header, ...stored);
    compressedBytes += header.length + storedBytes;
    uncompressedBytes += header.length + bodyBytes;
    entryCount += valueCount;
    startRow = endRow;
  }
  const summary =
    "entryEnds" in vector
      ? summariseLeaf(leaf, vector, rowCount)
      : summariseColumn(leaf, vector, rowCount);
  return { parts, pageCount, entryCount, compressedBytes, uncompressedBytes, summary };
}

interface Page {
  readonly body: Uint8Array[];
  readonly endRow: number;
  /** Values of the page, nulls included. */
  readonly valueCount: number;
}

function nestedPage(
  leaf: Leaf,
  vector: LeafVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): Page {
  const { values, definitions, repetitions, entryEnds, valueEnds } = vector;
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
  const valueEnd = valueEnds[endRow - 1] as number;
  if (valueEnd > firstValue) body.push(plainValues(leaf, values, firstValue, valueEnd, 0));
  return { body, endRow, valueCount: end - start };
}

function flatPage(
  leaf: Leaf,
  vector: FlatVector,
  startRow: number,
  rowCount: number,
  limits: PageLimits,
): Page {
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
  const values = plainValues(leaf, vector, startRow, endRow, nullCount);
  if (values.length > 0) body.push(values);
  return { body, endRow, valueCount: rows };
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
