// SPDX-License-Identifier: Apache-2.0
import type { ColumnMetaData, SchemaElement } from "hyparquet";
import { ByteCursor, FormatProblem } from "./byte-cursor.ts";
import type { Decompressor } from "./decompress.ts";
import { readDeltas, readHybrid } from "./encodings.ts";
import { LeafStream } from "./leaf-stream.ts";
import { type ByteStrings, BytesValues, NumberValues } from "./leaf-values.ts";
import { type PageHeader, readPageHeader } from "./page-header.ts";
import { deltaByteArrays, deltaLengthByteArrays, fixedStrings, plainStrings } from "./strings.ts";

export interface LeafLevels {
  readonly definition: number;
  readonly repetition: number;
}

/** Numbers of `Encoding` in `parquet.thrift`. */
const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const RLE = 3;
const DELTA_BINARY_PACKED = 5;
const DELTA_LENGTH_BYTE_ARRAY = 6;
const DELTA_BYTE_ARRAY = 7;
const RLE_DICTIONARY = 8;

/**
 * Decodes a column chunk. Text and binary stay where they are in its pages.
 * @param bytes the chunk, from its first page on.
 * @throws FormatProblem for what the format does not allow, or an encoding that is not known here.
 */
export function readLeaf(
  bytes: Uint8Array,
  meta: ColumnMetaData,
  element: SchemaElement,
  levels: LeafLevels,
  decompress: Decompressor,
): LeafStream {
  const reader = new ChunkReader(meta, element, levels, decompress);
  const cursor = new ByteCursor(bytes);
  while (!reader.isComplete) {
    const header = readPageHeader(cursor);
    const start = cursor.skip(header.compressedBytes);
    reader.addPage(header, bytes.subarray(start, cursor.offset));
  }
  return reader.stream();
}

class ChunkReader {
  readonly #meta: ColumnMetaData;
  readonly #levels: LeafLevels;
  readonly #decompress: Decompressor;
  readonly #typeLength: number;
  readonly #entryCount: number;
  readonly #definitions: Uint8Array | undefined;
  readonly #repetitions: Uint8Array | undefined;
  readonly #values: BytesValues | NumberValues;
  #dictionary: ByteStrings | ArrayLike<number> | BigInt64Array | undefined;
  #entriesRead = 0;

  constructor(
    meta: ColumnMetaData,
    element: SchemaElement,
    levels: LeafLevels,
    decompress: Decompressor,
  ) {
    this.#meta = meta;
    this.#decompress = decompress;
    this.#levels = levels;
    this.#typeLength = meta.type === "INT96" ? 12 : (element.type_length ?? 0);
    this.#entryCount = Number(meta.num_values);
    if (!Number.isSafeInteger(this.#entryCount) || this.#entryCount < 0) {
      throw new FormatProblem(`a column chunk has ${meta.num_values} values`);
    }
    this.#definitions = levels.definition > 0 ? new Uint8Array(this.#entryCount) : undefined;
    this.#repetitions = levels.repetition > 0 ? new Uint8Array(this.#entryCount) : undefined;
    this.#values = valuesOf(meta, this.#entryCount);
  }

  get isComplete(): boolean {
    return this.#entriesRead >= this.#entryCount;
  }

  stream(): LeafStream {
    const { definition } = this.#levels;
    const isDense = this.#values.length === this.#entryCount;
    const definitions = isDense ? undefined : (this.#definitions ?? new Uint8Array(0));
    return new LeafStream(
      this.#values,
      this.#levels,
      this.#entryCount,
      definition === 0 ? undefined : definitions,
      this.#repetitions,
    );
  }

  addPage(header: PageHeader, body: Uint8Array): void {
    if (header.type === 2) {
      const page = this.#decompress(this.#meta.codec, body, header.uncompressedBytes);
      this.#dictionary = this.#plain(new ByteCursor(page), header.valueCount);
      return;
    }
    if (header.type !== 0 && header.type !== 3) return;
    const { valueCount } = header;
    if (valueCount > this.#entryCount - this.#entriesRead) {
      throw new FormatProblem("the pages hold more entries than the column chunk says");
    }
    const cursor =
      header.type === 0 ? this.#levelsOfFirst(header, body) : this.#levelsOfSecond(header, body);
    const first = this.#entriesRead;
    this.#entriesRead = first + valueCount;
    let presentCount = valueCount;
    if (this.#definitions !== undefined) {
      const max = this.#levels.definition;
      for (let entry = first; entry < this.#entriesRead; entry += 1) {
        if (this.#definitions[entry] !== max) presentCount -= 1;
      }
    }
    if (presentCount > 0) this.#addValues(cursor, header.encoding, presentCount);
  }

  /** A page of version 1 is compressed as a whole, and each level stream has its length before it. */
  #levelsOfFirst(header: PageHeader, body: Uint8Array): ByteCursor {
    const page = this.#decompress(this.#meta.codec, body, header.uncompressedBytes);
    const cursor = new ByteCursor(page);
    const { repetition, definition } = this.#levels;
    for (const [levels, max] of [
      [this.#repetitions, repetition],
      [this.#definitions, definition],
    ] as const) {
      if (levels === undefined) continue;
      const byteLength = cursor.uint32();
      const start = cursor.skip(byteLength);
      this.#readLevels(new ByteCursor(page, start, start + byteLength), max, levels, header);
    }
    return cursor;
  }

  #levelsOfSecond(header: PageHeader, body: Uint8Array): ByteCursor {
    const { repetitionBytes, definitionBytes, uncompressedBytes } = header;
    const levelBytes = repetitionBytes + definitionBytes;
    const cursor = new ByteCursor(body);
    const first = cursor.skip(repetitionBytes);
    const second = cursor.skip(definitionBytes);
    const { repetition, definition } = this.#levels;
    if (this.#repetitions !== undefined) {
      const levels = new ByteCursor(body, first, first + repetitionBytes);
      this.#readLevels(levels, repetition, this.#repetitions, header);
    }
    if (this.#definitions !== undefined) {
      const levels = new ByteCursor(body, second, second + definitionBytes);
      this.#readLevels(levels, definition, this.#definitions, header);
    }
    const rest = body.subarray(levelBytes);
    if (!header.isCompressed) return new ByteCursor(rest);
    return new ByteCursor(this.#decompress(this.#meta.codec, rest, uncompressedBytes - levelBytes));
  }

  #readLevels(cursor: ByteCursor, max: number, output: Uint8Array, header: PageHeader): void {
    readHybrid(cursor, 32 - Math.clz32(max), output, this.#entriesRead, header.valueCount);
  }

  #addValues(cursor: ByteCursor, encoding: number, count: number): void {
    if (encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY) {
      this.#addIndexed(cursor, count);
      return;
    }
    const decoded = this.#decoded(cursor, encoding, count);
    if (this.#values instanceof BytesValues) this.#values.addPage(decoded as ByteStrings);
    else this.#values.addPage(decoded as ArrayLike<number>);
  }

  #addIndexed(cursor: ByteCursor, count: number): void {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) throw new FormatProblem("a page has no dictionary before it");
    const indices = new Int32Array(count);
    readHybrid(cursor, cursor.byte(), indices, 0, count);
    const length = "starts" in dictionary ? dictionary.starts.length : dictionary.length;
    for (const index of indices) {
      if (index < 0 || index >= length) throw new FormatProblem("a dictionary lacks an index");
    }
    if (this.#values instanceof BytesValues) {
      this.#values.addPage(dictionary as ByteStrings, indices);
    } else if (dictionary instanceof BigInt64Array) {
      const values = new BigInt64Array(count);
      for (let at = 0; at < count; at += 1)
        values[at] = dictionary[indices[at] as number] as bigint;
      this.#values.addPage(values);
    } else {
      const numbers = dictionary as ArrayLike<number>;
      const values = new Float64Array(count);
      for (let at = 0; at < count; at += 1) values[at] = numbers[indices[at] as number] as number;
      this.#values.addPage(values);
    }
  }

  #decoded(
    cursor: ByteCursor,
    encoding: number,
    count: number,
  ): ByteStrings | ArrayLike<number> | BigInt64Array {
    const { type } = this.#meta;
    switch (encoding) {
      case PLAIN:
        return this.#plain(cursor, count);
      case RLE: {
        if (type !== "BOOLEAN") break;
        const byteLength = cursor.uint32();
        const start = cursor.skip(byteLength);
        const output = new Uint8Array(count);
        readHybrid(new ByteCursor(cursor.bytes, start, start + byteLength), 1, output, 0, count);
        return output;
      }
      case DELTA_BINARY_PACKED: {
        const values = readDeltas(cursor, count);
        if (type === "INT64") return values;
        if (type === "INT32") return Int32Array.from(values, Number);
        break;
      }
      case DELTA_LENGTH_BYTE_ARRAY:
        return deltaLengthByteArrays(cursor, count);
      case DELTA_BYTE_ARRAY:
        return deltaByteArrays(cursor, count);
      default:
        break;
    }
    throw new FormatProblem(`the encoding ${encoding} of ${type} is not known`);
  }

  #plain(cursor: ByteCursor, count: number): ByteStrings | ArrayLike<number> | BigInt64Array {
    const { type } = this.#meta;
    switch (type) {
      case "BOOLEAN": {
        const output = new Uint8Array(count);
        const start = cursor.skip(Math.ceil(count / 8));
        for (let index = 0; index < count; index += 1) {
          output[index] = ((cursor.bytes[start + (index >> 3)] as number) >> (index & 7)) & 1;
        }
        return output;
      }
      case "INT32":
        return new Int32Array(alignedCopy(cursor, count * 4));
      case "INT64":
        return new BigInt64Array(alignedCopy(cursor, count * 8));
      case "FLOAT":
        return new Float32Array(alignedCopy(cursor, count * 4));
      case "DOUBLE":
        return new Float64Array(alignedCopy(cursor, count * 8));
      case "BYTE_ARRAY":
        return plainStrings(cursor, count);
      case "INT96":
      case "FIXED_LEN_BYTE_ARRAY":
        return fixedStrings(cursor, count, this.#typeLength);
      default:
        throw new FormatProblem(`the type ${String(type)} is not known`);
    }
  }
}

function valuesOf({ type }: ColumnMetaData, capacity: number): BytesValues | NumberValues {
  switch (type) {
    case "BOOLEAN":
      return new NumberValues("boolean", capacity);
    case "INT32":
      return new NumberValues("int32", capacity);
    case "INT64":
      return new NumberValues("int64", capacity);
    case "FLOAT":
    case "DOUBLE":
      return new NumberValues("float64", capacity);
    default:
      return new BytesValues();
  }
}

function alignedCopy(cursor: ByteCursor, byteLength: number): ArrayBuffer {
  const start = cursor.skip(byteLength);
  return new Uint8Array(cursor.bytes.subarray(start, start + byteLength)).buffer;
}
