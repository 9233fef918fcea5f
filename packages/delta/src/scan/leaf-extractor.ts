// SPDX-License-Identifier: Apache-2.0
import type { LeafVector } from "../columns/column-block.ts";
import { sharedBytes, sharedUint32s } from "../columns/shared-memory.ts";
import type { LeafValues } from "./conversions.ts";
import { gather, NO_VALUE } from "./gather.ts";
import { ABSENT_PART } from "./level-map.ts";
import type { LeafData } from "./parquet/leaf-data.ts";

/** Where the entries of a leaf of a block come from. */
export interface LeafSource {
  readonly data: LeafData;
  /** Of the file's leaf. */
  readonly maxDefinitionLevel: number;
  /** See `levelMapOf`. */
  readonly levels: Uint8Array;
  /**
   * Entries that repeat deeper than this are left out: those of a leaf that only tells whether the part around a missing
   * column is there.
   */
  readonly maxRepetitionLevel: number;
  /** `undefined` where the column is missing, so that no entry has a value. */
  readonly values: LeafValues | undefined;
  /** For a leaf without values, of a kind that the block's column has. */
  readonly emptyValues: LeafValues;
}

/** Gives rows of a leaf of a nested column as blocks have them. */
export class LeafExtractor {
  readonly #source: LeafSource;
  #row = 0;
  #entry = 0;
  #value = 0;

  constructor(source: LeafSource) {
    this.#source = source;
  }

  /**
   * @param rows ascending, behind those of the call before.
   * @throws RangeError for a null that the table does not allow.
   */
  take(rows: Uint32Array): LeafVector {
    const { data, levels, maxDefinitionLevel, maxRepetitionLevel, values } = this.#source;
    const { definitions, repetitions } = data;
    const taken = new Entries(rows.length);
    for (let slot = 0; slot < rows.length; slot += 1) {
      while (this.#row < (rows[slot] as number)) this.#skipRow();
      this.#row += 1;
      do {
        const definition =
          definitions === null ? maxDefinitionLevel : (definitions[this.#entry] as number);
        const repetition = repetitions === null ? 0 : (repetitions[this.#entry] as number);
        const level = levels[definition] as number;
        if (level === ABSENT_PART) throw new RangeError("a null that the table does not allow");
        const hasValue = definition === maxDefinitionLevel;
        if (repetition <= maxRepetitionLevel) {
          taken.add(level, repetition, hasValue && values !== undefined ? this.#value : NO_VALUE);
        }
        if (hasValue) this.#value += 1;
        this.#entry += 1;
      } while (this.#isInRow());
      taken.endRow(slot);
    }
    return taken.vector(values ?? this.#source.emptyValues);
  }

  /** Whether the next entry goes on with the row. */
  #isInRow(): boolean {
    return (this.#source.data.repetitions?.[this.#entry] ?? 0) > 0;
  }

  #skipRow(): void {
    const { data, maxDefinitionLevel } = this.#source;
    const { definitions } = data;
    do {
      if (definitions === null || definitions[this.#entry] === maxDefinitionLevel) this.#value += 1;
      this.#entry += 1;
    } while (this.#isInRow());
    this.#row += 1;
  }
}

/** A leaf that every row has one absent entry of. */
export function absentLeaf(rowCount: number, emptyValues: LeafValues): LeafVector {
  const taken = new Entries(rowCount);
  for (let slot = 0; slot < rowCount; slot += 1) {
    taken.add(0, 0, NO_VALUE);
    taken.endRow(slot);
  }
  return taken.vector(emptyValues);
}

/** Entries of a leaf that are being collected. */
class Entries {
  #definitions: Uint8Array;
  #repetitions: Uint8Array;
  #valueIndices: Int32Array;
  readonly #entryEnds: Uint32Array;
  readonly #valueEnds: Uint32Array;
  #entryCount = 0;
  #valueCount = 0;

  constructor(rowCount: number) {
    const room = Math.max(1, rowCount);
    this.#definitions = new Uint8Array(room);
    this.#repetitions = new Uint8Array(room);
    this.#valueIndices = new Int32Array(room);
    this.#entryEnds = sharedUint32s(rowCount);
    this.#valueEnds = sharedUint32s(rowCount);
  }

  add(definition: number, repetition: number, valueIndex: number): void {
    const entry = this.#entryCount++;
    if (entry === this.#definitions.length) this.#grow();
    this.#definitions[entry] = definition;
    this.#repetitions[entry] = repetition;
    if (valueIndex !== NO_VALUE) this.#valueIndices[this.#valueCount++] = valueIndex;
  }

  endRow(slot: number): void {
    this.#entryEnds[slot] = this.#entryCount;
    this.#valueEnds[slot] = this.#valueCount;
  }

  vector(values: LeafValues): LeafVector {
    return {
      values: gather(values, this.#valueIndices.subarray(0, this.#valueCount), null),
      definitions: sharedCopy(this.#definitions.subarray(0, this.#entryCount)),
      repetitions: sharedCopy(this.#repetitions.subarray(0, this.#entryCount)),
      entryEnds: this.#entryEnds,
      valueEnds: this.#valueEnds,
    };
  }

  #grow(): void {
    const room = this.#definitions.length * 2;
    const definitions = new Uint8Array(room);
    definitions.set(this.#definitions);
    const repetitions = new Uint8Array(room);
    repetitions.set(this.#repetitions);
    const valueIndices = new Int32Array(room);
    valueIndices.set(this.#valueIndices);
    this.#definitions = definitions;
    this.#repetitions = repetitions;
    this.#valueIndices = valueIndices;
  }
}

function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = sharedBytes(bytes.length);
  copy.set(bytes);
  return copy;
}
