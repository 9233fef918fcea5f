// SPDX-License-Identifier: Apache-2.0
import { FormatProblem } from "./byte-cursor.ts";

/** The values of a leaf without its nulls, by their index. */
export interface LeafValues {
  readonly length: number;
  /** Text and binary as bytes, 64-bit numbers as bigint, INT96 as bytes. */
  at(index: number): number | bigint | boolean | Uint8Array;
}

/** Byte strings of one page: `bytes[starts[i]..ends[i])`, or, with `indices`, of a dictionary. */
interface BytesPage {
  readonly firstValue: number;
  readonly valueCount: number;
  readonly strings: ByteStrings;
  readonly indices: Int32Array | undefined;
}

/** Byte strings where they lie in a page. */
export interface ByteStrings {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Byte strings, left in the pages they were read in. */
export class BytesValues implements LeafValues {
  readonly #pages: BytesPage[] = [];
  #length = 0;
  #lastPage = 0;

  get length(): number {
    return this.#length;
  }

  addPage(strings: ByteStrings, indices?: Int32Array): void {
    const valueCount = indices?.length ?? strings.starts.length;
    if (valueCount === 0) return;
    this.#pages.push({ firstValue: this.#length, valueCount, strings, indices });
    this.#length += valueCount;
  }

  at(index: number): Uint8Array {
    return this.visit(index, (bytes, start, end) => bytes.subarray(start, end));
  }

  text(index: number): string {
    return this.visit(index, textOf);
  }

  /** Calls `use` with where a value lies. */
  visit<T>(index: number, use: (bytes: Buffer, start: number, end: number) => T): T {
    const page = this.#pageOf(index);
    const inPage = index - page.firstValue;
    const entry = page.indices === undefined ? inPage : (page.indices[inPage] as number);
    const { bytes, starts, ends } = page.strings;
    return use(bytes, starts[entry] as number, ends[entry] as number);
  }

  #pageOf(index: number): BytesPage {
    const pages = this.#pages;
    let page = pages[this.#lastPage];
    if (page !== undefined && index >= page.firstValue) {
      if (index < page.firstValue + page.valueCount) return page;
      page = pages[this.#lastPage + 1];
      if (page !== undefined && index < page.firstValue + page.valueCount) {
        this.#lastPage += 1;
        return page;
      }
    }
    let low = 0;
    let high = pages.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((pages[middle] as BytesPage).firstValue <= index) low = middle;
      else high = middle;
    }
    const found = pages[low];
    if (found === undefined || index >= found.firstValue + found.valueCount) {
      throw new FormatProblem(`there is no value ${index}`);
    }
    this.#lastPage = low;
    return found;
  }
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("utf8", start, end);
}

export type NumberKind = "boolean" | "int32" | "int64" | "float64";

/** Numbers and booleans in one array, which is made when the first value comes. */
export class NumberValues implements LeafValues {
  readonly #kind: NumberKind;
  readonly #capacity: number;
  #array: Float64Array | BigInt64Array | Int32Array | Uint8Array | undefined;
  #length = 0;

  /** @param capacity values at most. */
  constructor(kind: NumberKind, capacity: number) {
    this.#kind = kind;
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** @param values of the kind of the array. */
  addPage(values: ArrayLike<number> | BigInt64Array): void {
    if (this.#length + values.length > this.#capacity) {
      throw new FormatProblem("the pages hold more values than the column chunk says");
    }
    this.#array ??= arrayOf(this.#kind, this.#capacity);
    (this.#array as { set(source: unknown, offset: number): void }).set(values, this.#length);
    this.#length += values.length;
  }

  at(index: number): number | bigint | boolean {
    const array = this.#array;
    if (array === undefined || index >= this.#length) {
      throw new FormatProblem(`there is no value ${index}`);
    }
    const value = array[index] as number | bigint;
    return this.#kind === "boolean" ? value === 1 : value;
  }
}

function arrayOf(
  kind: NumberKind,
  capacity: number,
): Float64Array | BigInt64Array | Int32Array | Uint8Array {
  switch (kind) {
    case "boolean":
      return new Uint8Array(capacity);
    case "int32":
      return new Int32Array(capacity);
    case "int64":
      return new BigInt64Array(capacity);
    case "float64":
      return new Float64Array(capacity);
  }
}
