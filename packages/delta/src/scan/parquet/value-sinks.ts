// SPDX-License-Identifier: Apache-2.0
import type { ParquetType } from "hyparquet";
import { DecodeProblem } from "./decode-problem.ts";
import { DeltaDecoder } from "./delta-decoder.ts";
import { readHybrid } from "./hybrid-decoder.ts";
import type { StoredValues } from "./leaf-data.ts";

/** Bytes of a decompressed page, from the first value on. */
export interface PageBody {
  readonly bytes: Uint8Array;
  readonly start: number;
}

/** Collects the values of a column chunk, page by page. */
export interface ValueSink {
  /** @throws DecodeProblem for an encoding that the type does not have, and where the bytes end early. */
  append(encoding: string, page: PageBody, count: number): void;
  setDictionary(page: PageBody, count: number): void;
  appendIndices(indices: Uint32Array, count: number): void;
  finish(): StoredValues;
}

/** The sink of every type but BYTE_ARRAY. */
export function fixedSinkOf(type: ParquetType, typeLength: number | undefined): ValueSink {
  switch (type) {
    case "BOOLEAN":
      return new BooleanSink();
    case "INT32":
      return new FixedSink(type, 4, (data) => ({
        kind: "int32",
        values: new Int32Array(data.buffer, 0, data.length / 4),
      }));
    case "INT64":
      return new FixedSink(type, 8, (data) => ({
        kind: "int64",
        values: new BigInt64Array(data.buffer, 0, data.length / 8),
      }));
    case "FLOAT":
      return new FixedSink(type, 4, (data) => ({
        kind: "float",
        values: new Float32Array(data.buffer, 0, data.length / 4),
      }));
    case "DOUBLE":
      return new FixedSink(type, 8, (data) => ({
        kind: "double",
        values: new Float64Array(data.buffer, 0, data.length / 8),
      }));
    default: {
      const width = type === "INT96" ? 12 : (typeLength ?? 0);
      if (width < 1) throw new DecodeProblem(`values of type ${type} without a length`);
      return new FixedSink(type, width, (data) => ({ kind: "fixed", width, data }));
    }
  }
}

/** Values of one width, little-endian as they are stored. */
class FixedSink implements ValueSink {
  readonly #type: ParquetType;
  readonly #width: number;
  readonly #toValues: (data: Uint8Array) => StoredValues;
  #data: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;
  #dictionary: Uint8Array = new Uint8Array(0);

  constructor(type: ParquetType, width: number, toValues: (data: Uint8Array) => StoredValues) {
    this.#type = type;
    this.#width = width;
    this.#toValues = toValues;
  }

  append(encoding: string, page: PageBody, count: number): void {
    const target = this.#room(count);
    switch (encoding) {
      case "PLAIN":
        this.#data.set(bytesOf(page, count * this.#width), target);
        return;
      case "DELTA_BINARY_PACKED":
        this.#data.set(this.#deltas(page, count), target);
        return;
      case "BYTE_STREAM_SPLIT":
        this.#joinStreams(bytesOf(page, count * this.#width), target, count);
        return;
      default:
        throw new DecodeProblem(`${this.#type} values in the encoding ${encoding}`);
    }
  }

  setDictionary(page: PageBody, count: number): void {
    // Copied, so that it is aligned.
    this.#dictionary = new Uint8Array(bytesOf(page, count * this.#width));
  }

  appendIndices(indices: Uint32Array, count: number): void {
    const width = this.#width;
    const dictionary = this.#dictionary;
    const entryCount = dictionary.length / width;
    const target = this.#room(count);
    for (let value = 0; value < count; value += 1) {
      if ((indices[value] as number) >= entryCount) {
        throw new DecodeProblem(
          `dictionary entry ${indices[value]} of ${entryCount} that there are`,
        );
      }
    }
    if (width % 4 !== 0) {
      for (let value = 0; value < count; value += 1) {
        const entry = (indices[value] as number) * width;
        this.#data.set(dictionary.subarray(entry, entry + width), target + value * width);
      }
      return;
    }
    const words = width / 4;
    const from = new Int32Array(dictionary.buffer, 0, dictionary.length / 4);
    const into = new Int32Array(this.#data.buffer, target, count * words);
    if (words === 1) {
      for (let value = 0; value < count; value += 1) {
        into[value] = from[indices[value] as number] as number;
      }
      return;
    }
    for (let value = 0; value < count; value += 1) {
      const entry = (indices[value] as number) * words;
      for (let word = 0; word < words; word += 1) {
        into[value * words + word] = from[entry + word] as number;
      }
    }
  }

  finish(): StoredValues {
    return this.#toValues(this.#data.subarray(0, this.#length));
  }

  #deltas(page: PageBody, count: number): Uint8Array {
    const decoder = new DeltaDecoder(page.bytes, page.start, page.bytes.length);
    if (this.#type === "INT32") return new Uint8Array(decoder.readInt32s(count).buffer);
    if (this.#type === "INT64") return new Uint8Array(decoder.readInt64s(count).buffer);
    throw new DecodeProblem(`${this.#type} values in the encoding DELTA_BINARY_PACKED`);
  }

  /** Stream b holds byte b of every value. */
  #joinStreams(streams: Uint8Array, target: number, count: number): void {
    const width = this.#width;
    const data = this.#data;
    for (let byte = 0; byte < width; byte += 1) {
      for (let value = 0; value < count; value += 1) {
        data[target + value * width + byte] = streams[byte * count + value] as number;
      }
    }
  }

  /** Makes room for `count` more values and returns where they go. */
  #room(count: number): number {
    const start = this.#length;
    this.#length += count * this.#width;
    if (this.#length > this.#data.length) {
      // A chunk of one page, which is usual, takes no more than it needs.
      const grown = new Uint8Array(
        roundUp(start === 0 ? this.#length : Math.max(this.#length, start * 2)),
      );
      grown.set(this.#data.subarray(0, start));
      this.#data = grown;
    }
    return start;
  }
}

class BooleanSink implements ValueSink {
  readonly #pages: Uint8Array[] = [];

  append(encoding: string, page: PageBody, count: number): void {
    const { bytes, start } = page;
    if (encoding === "RLE") {
      const lengthBytes = bytesOf(page, 4);
      const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset).getUint32(0, true);
      const runs = new Uint32Array(count);
      readHybrid(bytes, start + 4, Math.min(bytes.length, start + 4 + length), 1, runs, count);
      this.#pages.push(new Uint8Array(runs));
      return;
    }
    if (encoding !== "PLAIN") throw new DecodeProblem(`BOOLEAN values in the encoding ${encoding}`);
    const packed = bytesOf(page, Math.ceil(count / 8));
    const values = new Uint8Array(count);
    for (let value = 0; value < count; value += 1) {
      values[value] = ((packed[value >>> 3] as number) >>> (value & 7)) & 1;
    }
    this.#pages.push(values);
  }

  setDictionary(): void {
    throw new DecodeProblem("a dictionary of BOOLEAN values");
  }

  appendIndices(): void {
    throw new DecodeProblem("a dictionary of BOOLEAN values");
  }

  finish(): StoredValues {
    const [first] = this.#pages;
    const values =
      this.#pages.length === 1 && first !== undefined ? first : Buffer.concat(this.#pages);
    return { kind: "boolean", values };
  }
}

/** @throws DecodeProblem if the page is shorter. */
export function bytesOf({ bytes, start }: PageBody, length: number): Uint8Array {
  if (start + length > bytes.length) {
    throw new DecodeProblem(
      `a page has ${bytes.length - start} bytes of values, its values take ${length}`,
    );
  }
  return bytes.subarray(start, start + length);
}

/** To whole words of 8 bytes, so that the arrays over the buffer fit. */
function roundUp(length: number): number {
  return Math.ceil(length / 8) * 8;
}
