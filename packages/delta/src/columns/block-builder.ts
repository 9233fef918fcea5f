// SPDX-License-Identifier: Apache-2.0
import { BytesColumn } from "./bytes-column.ts";
import type { ColumnBlock, ColumnVector, FlatVector, LeafVector } from "./column-block.ts";
import { allocateFixed, ELEMENTS_PER_ROW, FixedColumn } from "./fixed-column.ts";
import type { FlatKind } from "./flat-kinds.ts";
import { type LeafColumn, type LeafSpec, NestedColumn } from "./nested-column.ts";
import { sharedBytes, sharedUint32s } from "./shared-memory.ts";

/** How a column is stored in memory; `nested` serves STRUCT, ARRAY, MAP and VARIANT. */
export type ColumnKind = FlatKind | "nested";

export type ColumnSpec =
  | { readonly kind: FlatKind; readonly nullable: boolean }
  | { readonly kind: "nested"; readonly nullable: boolean; readonly leaves: readonly LeafSpec[] };

export type Column = FixedColumn | BytesColumn | NestedColumn;

/** Rows a new builder has room for, fewer where there are many columns; it grows beyond by doubling. */
const INITIAL_ROW_CAPACITY = 8192;
const MIN_INITIAL_ROW_CAPACITY = 64;
const INITIAL_VALUE_CAPACITY = 131_072;
const INITIAL_BYTES_PER_ROW = 16;
/** A builder that one large batch has made grow beyond these starts smaller again after it. */
const MAX_KEPT_ROW_CAPACITY = 131_072;
const MAX_KEPT_DATA_BYTES = 32 * 1024 * 1024;

/**
 * Collects rows column by column. A decoder writes row number `rowCount` into every column and then adds one to
 * `rowCount`; a row that turns out to be invalid is simply not counted, and rows of a refused batch are taken back
 * with {@link BlockBuilder.truncate}: neither touches the columns, since each column's state follows from the count.
 */
export class BlockBuilder {
  readonly columns: readonly Column[];
  /** Complete rows. Advanced by the decoder. */
  rowCount = 0;
  /** Rows that fit without growing. A decoder calls {@link BlockBuilder.growRows} when `rowCount` has reached it. */
  rowCapacity: number;

  constructor(
    specs: readonly ColumnSpec[],
    rowCapacity: number = initialRowCapacity(specs.length),
  ) {
    this.rowCapacity = rowCapacity;
    this.columns = specs.map((spec) => columnOf(spec, rowCapacity));
  }

  /** Doubles the room for rows. */
  growRows(): void {
    const rowCapacity = this.rowCapacity * 2;
    // The capacity last: when memory runs out on the way, a row must not be written where a column ends.
    for (const column of this.columns) column.grow(rowCapacity);
    this.rowCapacity = rowCapacity;
  }

  /** Takes back every row from `rowCount` on. */
  truncate(rowCount: number): void {
    if (rowCount > this.rowCount) {
      throw new RangeError(`cannot truncate ${this.rowCount} rows to ${rowCount}`);
    }
    this.rowCount = rowCount;
  }

  /** Bytes that the rows so far take in memory, to decide when a block is large enough. */
  byteLength(): number {
    let total = 0;
    for (const column of this.columns) {
      if (column.kind === "nested") {
        for (const leaf of column.leaves) total += leaf.byteLength(this.rowCount);
      } else if (column.kind === "bytes") {
        total += column.startOf(this.rowCount) + this.rowCount * 4;
      } else {
        total += this.rowCount * (column.values.byteLength / this.rowCapacity);
      }
      if (column.validity !== null) total += this.rowCount;
    }
    return total;
  }

  /**
   * Hands out the rows as a block that owns its buffers, and starts empty with other ones of the same capacity.
   * @param spare a block of a builder of the same columns that is not needed any more: its buffers are used again, which
   * saves clearing and paging in new memory.
   */
  seal(spare?: ColumnBlock): ColumnBlock {
    const rowCapacity = Math.min(this.rowCapacity, MAX_KEPT_ROW_CAPACITY);
    const columns = this.columns.map((column, index) =>
      detach(column, spare?.columns[index], rowCapacity),
    );
    const block: ColumnBlock = { rowCount: this.rowCount, columns };
    this.rowCount = 0;
    this.rowCapacity = rowCapacity;
    return block;
  }
}

/** A power of two, so that builders of one schema come to the same capacities and can use each other's buffers. */
function initialRowCapacity(columnCount: number): number {
  const fitting = 2 ** Math.floor(Math.log2(INITIAL_VALUE_CAPACITY / Math.max(1, columnCount)));
  return Math.max(MIN_INITIAL_ROW_CAPACITY, Math.min(INITIAL_ROW_CAPACITY, fitting));
}

function columnOf(spec: ColumnSpec, rowCapacity: number): Column {
  if (spec.kind === "nested") return new NestedColumn(spec.nullable, spec.leaves, rowCapacity);
  if (spec.kind !== "bytes") return new FixedColumn(spec.kind, spec.nullable, rowCapacity);
  return new BytesColumn(spec.nullable, rowCapacity, rowCapacity * INITIAL_BYTES_PER_ROW);
}

function detach(
  column: Column,
  spare: ColumnVector | undefined,
  rowCapacity: number,
): ColumnVector {
  if (column.kind !== "nested") {
    return detachFlat(column, spare?.kind === "nested" ? undefined : spare, rowCapacity);
  }
  const spareLeaves = spare?.kind === "nested" ? spare.leaves : [];
  const leaves = column.leaves.map((leaf, index) =>
    detachLeaf(leaf, spareLeaves[index], rowCapacity),
  );
  return { kind: "nested", validity: null, leaves };
}

/** Only the ends are per row: a leaf starts again with the room its entries have grown to. */
function detachLeaf(
  leaf: LeafColumn,
  spare: LeafVector | undefined,
  rowCapacity: number,
): LeafVector {
  const { definitions, repetitions, entryEnds, valueEnds } = leaf;
  leaf.definitions = bytesOf(spare?.definitions, definitions.length);
  leaf.repetitions = bytesOf(spare?.repetitions, repetitions.length);
  leaf.entryEnds = endsOf(spare?.entryEnds, rowCapacity);
  leaf.valueEnds = endsOf(spare?.valueEnds, rowCapacity);
  const values = detachFlat(leaf.values, spare?.values, leaf.values.capacity);
  return { values, definitions, repetitions, entryEnds, valueEnds };
}

function detachFlat(
  column: FixedColumn | BytesColumn,
  spare: FlatVector | undefined,
  capacity: number,
): FlatVector {
  const { validity } = column;
  if (validity !== null) column.validity = bytesOf(spare?.validity, capacity);
  if (column.kind === "bytes") {
    const { data, ends } = column;
    const spareBytes = spare?.kind === "bytes" ? spare : undefined;
    column.data = bytesOf(spareBytes?.data, Math.min(data.length, MAX_KEPT_DATA_BYTES));
    column.ends = endsOf(spareBytes?.ends, capacity);
    return { kind: "bytes", data, ends, validity };
  }
  const { kind, values } = column;
  const spareValues = spare?.kind === kind ? spare.values : undefined;
  const isFitting = spareValues?.length === capacity * ELEMENTS_PER_ROW[kind];
  column.values = isFitting ? spareValues : allocateFixed(kind, capacity);
  return { kind, values, validity };
}

/** The spare array if it has the length, for a longer one would not fit the builder's capacity; a new one else. */
function bytesOf(spare: Uint8Array | null | undefined, length: number): Uint8Array {
  return spare?.length === length ? spare : sharedBytes(length);
}

function endsOf(spare: Uint32Array | undefined, length: number): Uint32Array {
  return spare?.length === length ? spare : sharedUint32s(length);
}
