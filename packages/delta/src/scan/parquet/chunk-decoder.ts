// SPDX-License-Identifier: Apache-2.0
import zlib from "node:zlib";
import type { CompressionCodec, PageHeader, ParquetType } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { BytesSink } from "./bytes-sink.ts";
import { DecodeProblem } from "./decode-problem.ts";
import type { Decompress, Decompressors } from "./decompressors.ts";
import { bitWidthOf, readHybrid } from "./hybrid-decoder.ts";
import type { LeafData } from "./leaf-data.ts";
import { fixedSinkOf, type PageBody, type ValueSink } from "./value-sinks.ts";

/** What has to be known of a leaf of a Parquet schema to read its column chunks. */
export interface LeafColumnType {
  readonly physicalType: ParquetType;
  /** Bytes of each value of a FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number | undefined;
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
}

/**
 * Decodes a column chunk: pages of DataPage format 1 and 2, after a dictionary page if there is one.
 * @param entryCount the chunk's `num_values`.
 * @throws DecodeProblem for bytes that are not such pages, among them those whose checksum is another.
 */
export function decodeChunk(
  bytes: Uint8Array,
  type: LeafColumnType,
  codec: CompressionCodec,
  entryCount: number,
  decompressors: Decompressors,
): LeafData {
  const decompress = decompressors.get(codec);
  if (decompress === undefined) throw new DecodeProblem(`pages compressed by ${codec}`);
  const decoder = new ChunkDecoder(type, decompress);
  const reader = {
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    offset: 0,
  };
  while (decoder.entryCount < entryCount) {
    if (reader.offset >= bytes.length) {
      throw new DecodeProblem(
        `a column ends after ${decoder.entryCount} of the ${entryCount} values that the footer says it has`,
      );
    }
    const header = parquetHeader(reader);
    const start = reader.offset;
    const end = start + header.compressed_page_size;
    if (!(header.compressed_page_size >= 0 && end <= bytes.length)) {
      throw new DecodeProblem(`a page of ${header.compressed_page_size} bytes`);
    }
    const page = bytes.subarray(start, end);
    if (header.crc !== undefined && crc32(page) !== header.crc >>> 0) {
      throw new DecodeProblem("a page whose checksum is another");
    }
    decoder.addPage(header, page, entryCount - decoder.entryCount);
    reader.offset = end;
  }
  return decoder.finish();
}

class ChunkDecoder {
  readonly #type: LeafColumnType;
  readonly #decompress: Decompress;
  readonly #sink: ValueSink;
  readonly #definitions: Levels;
  readonly #repetitions: Levels;
  entryCount = 0;
  #valueCount = 0;
  #words: Uint32Array = new Uint32Array(0);

  constructor(type: LeafColumnType, decompress: Decompress) {
    this.#type = type;
    this.#decompress = decompress;
    this.#definitions = new Levels(type.maxDefinitionLevel);
    this.#repetitions = new Levels(type.maxRepetitionLevel);
    this.#sink =
      type.physicalType === "BYTE_ARRAY"
        ? new BytesSink()
        : fixedSinkOf(type.physicalType, type.typeLength);
  }

  addPage(header: PageHeader, page: Uint8Array, maxEntries: number): void {
    const { data_page_header: first, data_page_header_v2: second } = header;
    if (header.type === "DICTIONARY_PAGE" && header.dictionary_page_header !== undefined) {
      const count = countOf(header.dictionary_page_header.num_values, Infinity);
      const bytes = this.#decompress(page, sizeOf(header.uncompressed_page_size));
      this.#sink.setDictionary({ bytes, start: 0 }, count);
    } else if (header.type === "DATA_PAGE" && first !== undefined) {
      const count = countOf(first.num_values, maxEntries);
      const bytes = this.#decompress(page, sizeOf(header.uncompressed_page_size));
      let start = this.#readPrefixedLevels(this.#repetitions, bytes, 0, count);
      start = this.#readPrefixedLevels(this.#definitions, bytes, start, count);
      this.#addValues(first.encoding, { bytes, start }, count);
    } else if (header.type === "DATA_PAGE_V2" && second !== undefined) {
      const count = countOf(second.num_values, maxEntries);
      const levelsEnd = this.#readSecondLevels(second, page, count);
      const isCompressed = second.is_compressed !== false;
      const byteLength = sizeOf(header.uncompressed_page_size - levelsEnd);
      const body = page.subarray(levelsEnd);
      // Some writers call an empty body compressed.
      const bytes = isCompressed && byteLength > 0 ? this.#decompress(body, byteLength) : body;
      this.#addValues(second.encoding, { bytes, start: 0 }, count);
    } else if (header.type !== "INDEX_PAGE") {
      throw new DecodeProblem(`a page of type ${header.type}`);
    }
  }

  finish(): LeafData {
    const definitions = this.#definitions.finish(this.entryCount);
    return {
      entryCount: this.entryCount,
      valueCount: this.#valueCount,
      definitions: this.#valueCount === this.entryCount ? null : definitions,
      repetitions:
        this.#type.maxRepetitionLevel === 0 ? null : this.#repetitions.finish(this.entryCount),
      values: this.#sink.finish(),
    };
  }

  /** Levels of format 1: their length, then their runs. */
  #readPrefixedLevels(levels: Levels, bytes: Uint8Array, start: number, count: number): number {
    if (levels.max === 0) return start;
    if (start + 4 > bytes.length) throw new DecodeProblem("a page ends before its levels");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = start + 4 + view.getUint32(start, true);
    if (end > bytes.length) throw new DecodeProblem("a page ends before its levels");
    this.#readLevels(levels, bytes, start + 4, end, count);
    return end;
  }

  /** Levels of format 2: not compressed, their lengths in the header. */
  #readSecondLevels(
    header: NonNullable<PageHeader["data_page_header_v2"]>,
    page: Uint8Array,
    count: number,
  ): number {
    const repetitionsEnd = sizeOf(header.repetition_levels_byte_length);
    const definitionsEnd = repetitionsEnd + sizeOf(header.definition_levels_byte_length);
    if (definitionsEnd > page.length) throw new DecodeProblem("a page ends before its levels");
    this.#readLevels(this.#repetitions, page, 0, repetitionsEnd, count);
    this.#readLevels(this.#definitions, page, repetitionsEnd, definitionsEnd, count);
    return definitionsEnd;
  }

  #readLevels(levels: Levels, bytes: Uint8Array, start: number, end: number, count: number): void {
    if (levels.max === 0) return;
    const words = this.#wordsOf(count);
    readHybrid(bytes, start, end, bitWidthOf(levels.max), words, count);
    levels.append(words, this.entryCount, count);
  }

  #addValues(encoding: string, page: PageBody, count: number): void {
    const valueCount = this.#definitions.countHighest(this.entryCount, count);
    this.entryCount += count;
    this.#valueCount += valueCount;
    if (encoding !== "RLE_DICTIONARY" && encoding !== "PLAIN_DICTIONARY") {
      this.#sink.append(encoding, page, valueCount);
      return;
    }
    if (valueCount === 0) return;
    const { bytes, start } = page;
    if (start >= bytes.length) throw new DecodeProblem("a page ends before its values");
    const words = this.#wordsOf(valueCount);
    readHybrid(bytes, start + 1, bytes.length, bytes[start] as number, words, valueCount);
    this.#sink.appendIndices(words, valueCount);
  }

  #wordsOf(count: number): Uint32Array {
    if (this.#words.length < count) this.#words = new Uint32Array(count);
    return this.#words;
  }
}

/** The levels of a chunk, from 0 to `max`. */
class Levels {
  readonly max: number;
  #levels: Uint8Array = new Uint8Array(0);

  constructor(max: number) {
    if (max > 255) throw new DecodeProblem(`columns nested ${max} levels deep`);
    this.max = max;
  }

  append(words: Uint32Array, start: number, count: number): void {
    const end = start + count;
    if (end > this.#levels.length) {
      const grown = new Uint8Array(start === 0 ? end : Math.max(end, start * 2));
      grown.set(this.#levels.subarray(0, start));
      this.#levels = grown;
    }
    const levels = this.#levels;
    for (let index = 0; index < count; index += 1) {
      const level = words[index] as number;
      if (level > this.max) throw new DecodeProblem(`a level of ${level}, of ${this.max} at most`);
      levels[start + index] = level;
    }
  }

  /** How many entries from `start` on have the highest level. */
  countHighest(start: number, count: number): number {
    if (this.max === 0) return count;
    let highest = 0;
    for (let index = start; index < start + count; index += 1) {
      if (this.#levels[index] === this.max) highest += 1;
    }
    return highest;
  }

  finish(entryCount: number): Uint8Array {
    return this.#levels.subarray(0, entryCount);
  }
}

function countOf(value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new DecodeProblem(
    max === Infinity
      ? `a page of ${value} values`
      : `a page of ${value} values where the footer leaves ${max}`,
  );
}

function sizeOf(value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new DecodeProblem(`a page of ${value} bytes`);
}

function crc32(bytes: Uint8Array): number {
  return zlib.crc32(bytes);
}
