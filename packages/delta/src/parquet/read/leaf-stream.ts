// SPDX-License-Identifier: Apache-2.0
import type { LeafValues } from "./leaf-values.ts";

const BLOCK_BITS = 6;
const BLOCK_ENTRIES = 2 ** BLOCK_BITS;

/**
 * A column of values as Parquet has it: entries with their levels, and the values of those entries that have one. Finds
 * the entries of a row, and the value of an entry, without an object for either.
 */
export class LeafStream {
  readonly values: LeafValues;
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
  readonly entryCount: number;
  readonly #definitions: Uint8Array | undefined;
  readonly #repetitions: Uint8Array | undefined;
  /** Values before each block of entries. */
  #ranks: Uint32Array | undefined;
  /** The first entry of each row, and the end. */
  #rowStarts: Uint32Array | undefined;

  /**
   * @param definitions `undefined` where every entry has a value.
   * @param repetitions `undefined` outside of lists and maps: each row is one entry.
   */
  constructor(
    values: LeafValues,
    levels: { readonly definition: number; readonly repetition: number },
    entryCount: number,
    definitions: Uint8Array | undefined,
    repetitions: Uint8Array | undefined,
  ) {
    this.values = values;
    this.maxDefinitionLevel = levels.definition;
    this.maxRepetitionLevel = levels.repetition;
    this.entryCount = entryCount;
    this.#definitions = definitions;
    this.#repetitions = repetitions;
  }

  definitionAt(entry: number): number {
    const definitions = this.#definitions;
    return definitions === undefined ? this.maxDefinitionLevel : (definitions[entry] as number);
  }

  repetitionAt(entry: number): number {
    const repetitions = this.#repetitions;
    return repetitions === undefined ? 0 : (repetitions[entry] as number);
  }

  hasValue(entry: number): boolean {
    return this.definitionAt(entry) === this.maxDefinitionLevel;
  }

  /** How many of the entries before this one have a value: the index of its own, if it has one. */
  valueIndexOf(entry: number): number {
    const definitions = this.#definitions;
    if (definitions === undefined) return entry;
    const max = this.maxDefinitionLevel;
    const ranks = (this.#ranks ??= ranksOf(definitions, max));
    const block = entry >>> BLOCK_BITS;
    let rank = ranks[block] as number;
    for (let before = block << BLOCK_BITS; before < entry; before += 1) {
      if (definitions[before] === max) rank += 1;
    }
    return rank;
  }

  /** The first entry of a row; of the row after the last, the number of entries. */
  firstEntryOf(row: number): number {
    const repetitions = this.#repetitions;
    if (repetitions === undefined) return row;
    this.#rowStarts ??= rowStartsOf(repetitions);
    return this.#rowStarts[row] as number;
  }

  /** Rows that the entries make up. */
  get rowCount(): number {
    const repetitions = this.#repetitions;
    if (repetitions === undefined) return this.entryCount;
    this.#rowStarts ??= rowStartsOf(repetitions);
    return this.#rowStarts.length - 1;
  }
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
