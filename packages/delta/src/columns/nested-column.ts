// SPDX-License-Identifier: Apache-2.0
import { BytesColumn } from "./bytes-column.ts";
import { FixedColumn, type FixedKind, grownCopy } from "./fixed-column.ts";
import { sharedBytes, sharedUint32s } from "./shared-memory.ts";

/** A leaf of a nested column: how its values are stored, and its highest levels. */
export interface LeafSpec {
  readonly kind: FixedKind | "bytes";
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
}

const INITIAL_ENTRIES = 64;
const INITIAL_BYTES = 256;

/**
 * A leaf of a STRUCT, ARRAY, MAP or VARIANT column, as Parquet stores it: a stream of entries, each with its levels, and
 * the values of those entries that have one, without gaps.
 *
 *     entry e of a row: definitions[e] says how much of the path is there, repetitions[e] at which list it goes on
 *     entryEnds[r], valueEnds[r] = how many entries and values there are up to and with row r
 *
 * A row is written between {@link LeafColumn.beginRow} and {@link LeafColumn.endRow}. Since it begins where the row
 * before it ends, a row that is written again, or was never counted, leaves no trace.
 */
export class LeafColumn {
  readonly spec: LeafSpec;
  /** The values, indexed by value and not by row. */
  readonly values: FixedColumn | BytesColumn;
  definitions: Uint8Array;
  repetitions: Uint8Array;
  entryEnds: Uint32Array;
  valueEnds: Uint32Array;
  #entryCount = 0;
  #valueCount = 0;
  #valueCapacity = INITIAL_ENTRIES;

  constructor(spec: LeafSpec, rowCapacity: number) {
    this.spec = spec;
    this.values =
      spec.kind === "bytes"
        ? new BytesColumn(false, INITIAL_ENTRIES, INITIAL_BYTES)
        : new FixedColumn(spec.kind, false, INITIAL_ENTRIES);
    this.definitions = sharedBytes(INITIAL_ENTRIES);
    this.repetitions = sharedBytes(INITIAL_ENTRIES);
    this.entryEnds = sharedUint32s(rowCapacity);
    this.valueEnds = sharedUint32s(rowCapacity);
  }

  beginRow(row: number): void {
    this.#entryCount = row === 0 ? 0 : (this.entryEnds[row - 1] as number);
    this.#valueCount = row === 0 ? 0 : (this.valueEnds[row - 1] as number);
  }

  /** Adds an entry without a value. */
  addEmpty(definition: number, repetition: number): void {
    const entry = this.#entryCount++;
    if (entry === this.definitions.length) {
      this.definitions = grownCopy(this.definitions, entry * 2);
      this.repetitions = grownCopy(this.repetitions, entry * 2);
    }
    this.definitions[entry] = definition;
    this.repetitions[entry] = repetition;
  }

  /** Adds an entry with a value, whose index is returned: the caller puts it there in `values`. */
  addValue(repetition: number): number {
    this.addEmpty(this.spec.maxDefinitionLevel, repetition);
    const index = this.#valueCount++;
    if (index === this.#valueCapacity) {
      this.#valueCapacity *= 2;
      this.values.grow(this.#valueCapacity);
    }
    return index;
  }

  endRow(row: number): void {
    this.entryEnds[row] = this.#entryCount;
    this.valueEnds[row] = this.#valueCount;
  }

  /** Writes the rows from `startRow` up to `endRow` as null in the outermost part. */
  addNullRows(startRow: number, endRow: number): void {
    this.beginRow(startRow);
    const firstEntry = this.#entryCount;
    const entryEnd = firstEntry + endRow - startRow;
    if (entryEnd > this.definitions.length) {
      const capacity = Math.max(entryEnd, this.definitions.length * 2);
      this.definitions = grownCopy(this.definitions, capacity);
      this.repetitions = grownCopy(this.repetitions, capacity);
    }
    this.definitions.fill(0, firstEntry, entryEnd);
    this.repetitions.fill(0, firstEntry, entryEnd);
    for (let row = startRow; row < endRow; row += 1) {
      this.entryEnds[row] = firstEntry + row - startRow + 1;
    }
    this.valueEnds.fill(this.#valueCount, startRow, endRow);
    this.#entryCount = entryEnd;
  }

  grow(rowCapacity: number): void {
    this.entryEnds = grownEnds(this.entryEnds, rowCapacity);
    this.valueEnds = grownEnds(this.valueEnds, rowCapacity);
  }

  /** Bytes of memory that the first `rowCount` rows take. */
  byteLength(rowCount: number): number {
    if (rowCount === 0) return 0;
    const entryCount = this.entryEnds[rowCount - 1] as number;
    const valueCount = this.valueEnds[rowCount - 1] as number;
    const valueBytes =
      this.values.kind === "bytes"
        ? this.values.startOf(valueCount) + valueCount * 4
        : valueCount * (this.values.values.byteLength / this.#valueCapacity);
    return rowCount * 8 + entryCount * 2 + valueBytes;
  }
}

/** A column of a type with parts. Its leaves stand in the order of the Parquet schema. */
export class NestedColumn {
  readonly kind = "nested";
  readonly nullable: boolean;
  /** Whether a row is null is in the levels of the leaves. */
  readonly validity = null;
  leaves: readonly LeafColumn[];

  constructor(nullable: boolean, leaves: readonly LeafSpec[], rowCapacity: number) {
    this.nullable = nullable;
    this.leaves = leaves.map((spec) => new LeafColumn(spec, rowCapacity));
  }

  grow(rowCapacity: number): void {
    for (const leaf of this.leaves) leaf.grow(rowCapacity);
  }
}

function grownEnds(source: Uint32Array, length: number): Uint32Array {
  const target = sharedUint32s(length);
  target.set(source);
  return target;
}
