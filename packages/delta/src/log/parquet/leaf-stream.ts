// SPDX-License-Identifier: Apache-2.0
import type { LeafData, StoredBytes } from "../../scan/parquet/leaf-data.ts";

/** A value as it is stored: bytes for text and binary, bigint for 64 bits. */
export type StoredValue = number | bigint | boolean | Uint8Array;

const PREFIX_BYTES = 4;
const BLOCK_BITS = 6;
const BLOCK_ENTRIES = 2 ** BLOCK_BITS;

/**
 * Looks at single rows of a decoded column: finds the entries of a row, and the value of an entry, without an object for
 * either.
 */
export class LeafStream {
  readonly entryCount: number;
  readonly valueCount: number;
  readonly #data: LeafData;
  readonly #maxDefinitionLevel: number;
  /** Values before each block of entries. */
  #ranks: Uint32Array | undefined;
  /** The first entry of each row, and the end. */
  #rowStarts: Uint32Array | undefined;

  constructor(data: LeafData, maxDefinitionLevel: number) {
    this.entryCount = data.entryCount;
    this.valueCount = data.valueCount;
    this.#data = data;
    this.#maxDefinitionLevel = maxDefinitionLevel;
  }

  definitionAt(entry: number): number {
    const { definitions } = this.#data;
    return definitions === null ? this.#maxDefinitionLevel : (definitions[entry] as number);
  }

  repetitionAt(entry: number): number {
    const { repetitions } = this.#data;
    return repetitions === null ? 0 : (repetitions[entry] as number);
  }

  /** How many of the entries before this one have a value: the index of its own, if it has one. */
  valueIndexOf(entry: number): number {
    const { definitions } = this.#data;
    if (definitions === null) return entry;
    const max = this.#maxDefinitionLevel;
    const ranks = (this.#ranks ??= ranksOf(definitions, max));
    const block = entry >>> BLOCK_BITS;
    let rank = ranks[block] as number;
    for (let before = block << BLOCK_BITS; before < entry; before += 1) {
      if (definitions[before] === max) rank += 1;
    }
    return rank;
  }

  /** The first entry of a row. */
  firstEntryOf(row: number): number {
    const { repetitions } = this.#data;
    if (repetitions === null) return row;
    this.#rowStarts ??= rowStartsOf(repetitions);
    return this.#rowStarts[row] as number;
  }

  /** @param index of a value, not of an entry. */
  valueAt(index: number): StoredValue {
    const { values } = this.#data;
    switch (values.kind) {
      case "bytes":
        return visitBytes(values, index, (data, start, end) => data.subarray(start, end));
      case "fixed":
        return values.data.subarray(index * values.width, (index + 1) * values.width);
      case "boolean":
        return values.values[index] === 1;
      default:
        return values.values[index] as number | bigint;
    }
  }

  /** The text of a value that is text. */
  textAt(index: number): string {
    return this.visitBytesAt(index, textOf);
  }

  /**
   * Calls `use` with where the bytes of a value lie.
   * @throws TypeError for values that are no byte strings.
   */
  visitBytesAt<T>(index: number, use: (data: Uint8Array, start: number, end: number) => T): T {
    const { values } = this.#data;
    if (values.kind !== "bytes") throw new TypeError(`values of kind ${values.kind} are no text`);
    return visitBytes(values, index, use);
  }
}

function visitBytes<T>(
  { data, ends, indices }: StoredBytes,
  index: number,
  use: (data: Uint8Array, start: number, end: number) => T,
): T {
  const entry = indices === null ? index : (indices[index] as number);
  const previousEnd = entry === 0 ? 0 : (ends[entry - 1] as number);
  return use(data, previousEnd + PREFIX_BYTES, ends[entry] as number);
}

function textOf(data: Uint8Array, start: number, end: number): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8", start, end);
}

function ranksOf(definitions: Uint8Array, max: number): Uint32Array {
  const ranks = new Uint32Array((definitions.length >>> BLOCK_BITS) + 1);
  let rank = 0;
  for (let block = 0; block < ranks.length; block += 1) {
    ranks[block] = rank;
    const start = block << BLOCK_BITS;
    const end = Math.min(definitions.length, start + BLOCK_ENTRIES);
    for (let entry = start; entry < end; entry += 1) {
      if (definitions[entry] === max) rank += 1;
    }
  }
  return ranks;
}

function rowStartsOf(repetitions: Uint8Array): Uint32Array {
  let rowCount = 0;
  for (const repetition of repetitions) if (repetition === 0) rowCount += 1;
  const starts = new Uint32Array(rowCount + 1);
  let row = 0;
  for (let entry = 0; entry < repetitions.length; entry += 1) {
    if (repetitions[entry] === 0) starts[row++] = entry;
  }
  starts[rowCount] = repetitions.length;
  return starts;
}
