// SPDX-License-Identifier: Apache-2.0
import { DecodeProblem } from "./decode-problem.ts";
import { DeltaDecoder } from "./delta-decoder.ts";
import type { StoredBytes } from "./leaf-data.ts";
import { bytesOf, type PageBody, type ValueSink } from "./value-sinks.ts";

const PREFIX_BYTES = 4;
/** `ends` has 32 bits. */
const MAX_POOL_BYTES = 2 ** 32 - 1;

/** Values of BYTE_ARRAY: the dictionary starts the pool, values of pages without one follow it. */
export class BytesSink implements ValueSink {
  #data: Uint8Array = new Uint8Array(0);
  #dataLength = 0;
  #ends: Uint32Array = new Uint32Array(0);
  #endCount = 0;
  #dictionaryCount = 0;
  /** Per value, once a dictionary is there. */
  #indices: Uint32Array = new Uint32Array(0);
  #valueCount = 0;

  append(encoding: string, page: PageBody, count: number): void {
    const firstEntry = this.#endCount;
    switch (encoding) {
      case "PLAIN":
        this.#appendPlain(page, count);
        break;
      case "DELTA_LENGTH_BYTE_ARRAY":
        this.#appendDeltaLength(page, count);
        break;
      case "DELTA_BYTE_ARRAY":
        this.#appendDelta(page, count);
        break;
      default:
        throw new DecodeProblem(`BYTE_ARRAY values in the encoding ${encoding}`);
    }
    if (this.#dictionaryCount === 0) {
      this.#valueCount += count;
      return;
    }
    const start = this.#roomForIndices(count);
    for (let value = 0; value < count; value += 1) {
      this.#indices[start + value] = firstEntry + value;
    }
  }

  setDictionary(page: PageBody, count: number): void {
    if (this.#valueCount > 0 || this.#dictionaryCount > 0) {
      throw new DecodeProblem("a dictionary after the first page");
    }
    this.#appendPlain(page, count);
    this.#dictionaryCount = count;
  }

  appendIndices(indices: Uint32Array, count: number): void {
    const start = this.#roomForIndices(count);
    for (let value = 0; value < count; value += 1) {
      const entry = indices[value] as number;
      if (entry >= this.#dictionaryCount) {
        throw new DecodeProblem(
          `dictionary entry ${entry} of ${this.#dictionaryCount} that there are`,
        );
      }
      this.#indices[start + value] = entry;
    }
  }

  finish(): StoredBytes {
    return {
      kind: "bytes",
      data: this.#data.subarray(0, this.#dataLength),
      ends: this.#ends.subarray(0, this.#endCount),
      indices: this.#dictionaryCount === 0 ? null : this.#indices.subarray(0, this.#valueCount),
    };
  }

  /** Copies the values as they are, and finds their ends. */
  #appendPlain({ bytes, start }: PageBody, count: number): void {
    const target = this.#dataLength;
    const firstEnd = this.#roomForEnds(count);
    const ends = this.#ends;
    let position = start;
    for (let value = 0; value < count; value += 1) {
      if (position + PREFIX_BYTES > bytes.length) throw valuesEnd(count);
      const length =
        ((bytes[position] as number) |
          ((bytes[position + 1] as number) << 8) |
          ((bytes[position + 2] as number) << 16) |
          ((bytes[position + 3] as number) << 24)) >>>
        0;
      position += PREFIX_BYTES + length;
      if (position > bytes.length) throw valuesEnd(count);
      ends[firstEnd + value] = target + position - start;
    }
    this.#roomForData(position - start);
    this.#data.set(bytes.subarray(start, position), target);
  }

  #appendDeltaLength({ bytes, start }: PageBody, count: number): void {
    const decoder = new DeltaDecoder(bytes, start, bytes.length);
    const lengths = decoder.readInt32s(count);
    let position = decoder.position;
    const noPrefix = new Uint8Array(0);
    for (const length of lengths) {
      const suffix = bytesOf({ bytes, start: position }, checkedLength(length));
      this.#appendValue(noPrefix, suffix);
      position += length;
    }
  }

  /** Each value starts as the one before it. */
  #appendDelta({ bytes, start }: PageBody, count: number): void {
    const prefixes = new DeltaDecoder(bytes, start, bytes.length);
    const prefixLengths = prefixes.readInt32s(count);
    const suffixes = new DeltaDecoder(bytes, prefixes.position, bytes.length);
    const suffixLengths = suffixes.readInt32s(count);
    let position = suffixes.position;
    let previous: Uint8Array = new Uint8Array(0);
    for (let value = 0; value < count; value += 1) {
      const prefixLength = checkedLength(prefixLengths[value] as number);
      const suffixLength = checkedLength(suffixLengths[value] as number);
      if (prefixLength > previous.length) {
        throw new DecodeProblem("a value that shares more bytes than the one before it has");
      }
      const suffix = bytesOf({ bytes, start: position }, suffixLength);
      this.#appendValue(previous.subarray(0, prefixLength), suffix);
      previous = this.#data.subarray(
        this.#dataLength - prefixLength - suffixLength,
        this.#dataLength,
      );
      position += suffixLength;
    }
  }

  #appendValue(prefix: Uint8Array, suffix: Uint8Array): void {
    const length = prefix.length + suffix.length;
    const end = this.#roomForEnds(1);
    const target = this.#dataLength;
    this.#roomForData(PREFIX_BYTES + length);
    for (let byte = 0; byte < PREFIX_BYTES; byte += 1) {
      this.#data[target + byte] = length >>> (byte * 8);
    }
    this.#data.set(prefix, target + PREFIX_BYTES);
    this.#data.set(suffix, target + PREFIX_BYTES + prefix.length);
    this.#ends[end] = this.#dataLength;
  }

  #roomForData(byteCount: number): void {
    this.#dataLength += byteCount;
    if (this.#dataLength > MAX_POOL_BYTES) {
      throw new DecodeProblem("more than 4 GiB of values in one column of a row group");
    }
    if (this.#dataLength <= this.#data.length) return;
    const grown = new Uint8Array(Math.max(this.#dataLength, this.#data.length * 2));
    grown.set(this.#data);
    this.#data = grown;
  }

  #roomForEnds(count: number): number {
    const start = this.#endCount;
    this.#endCount += count;
    this.#ends = grownWords(this.#ends, this.#endCount);
    return start;
  }

  #roomForIndices(count: number): number {
    const start = this.#valueCount;
    this.#valueCount += count;
    this.#indices = grownWords(this.#indices, this.#valueCount);
    return start;
  }
}

function grownWords(words: Uint32Array, length: number): Uint32Array {
  if (length <= words.length) return words;
  const grown = new Uint32Array(Math.max(length, words.length * 2));
  grown.set(words);
  return grown;
}

function checkedLength(length: number): number {
  if (length < 0) throw new DecodeProblem(`a value of ${length} bytes`);
  return length;
}

function valuesEnd(count: number): DecodeProblem {
  return new DecodeProblem(`a page ends before its ${count} values`);
}
