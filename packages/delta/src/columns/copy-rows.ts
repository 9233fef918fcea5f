// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder, Column } from "./block-builder.ts";
import type { BytesColumn } from "./bytes-column.ts";
import type { BytesVector, ColumnBlock, FlatVector, LeafVector } from "./column-block.ts";
import { ELEMENTS_PER_ROW, type FixedColumn } from "./fixed-column.ts";
import type { LeafColumn } from "./nested-column.ts";

/**
 * Adds rows of a block to a builder.
 * @param columnIndices for each column of the builder, its column in the block, of the same kind.
 * @param rows of the block, in the order that they are to have.
 * @throws TypeError when the kinds of columns differ.
 */
export function copyRows(
  block: ColumnBlock,
  columnIndices: readonly number[],
  rows: readonly number[],
  builder: BlockBuilder,
): void {
  const firstRow = builder.rowCount;
  while (firstRow + rows.length > builder.rowCapacity) builder.growRows();
  for (const [index, column] of builder.columns.entries()) {
    const source = block.columns[columnIndices[index] as number];
    if (source === undefined || source.kind !== column.kind) {
      throw new TypeError(`column ${index} of the builder is not of the kind of the block's`);
    }
    copyColumn(source, rows, column, firstRow);
  }
  builder.rowCount = firstRow + rows.length;
}

function copyColumn(
  source: ColumnBlock["columns"][number],
  rows: readonly number[],
  column: Column,
  firstRow: number,
): void {
  if (column.kind !== "nested") {
    if (source.kind === "nested") return;
    copyValidity(source, rows, column, firstRow);
    if (column.kind === "bytes") copyTexts(source as BytesVector, rows, column, firstRow);
    else copyValues(source, rows, column, firstRow);
    return;
  }
  if (source.kind !== "nested") return;
  for (const [index, leaf] of column.leaves.entries()) {
    copyLeaf(source.leaves[index] as LeafVector, rows, leaf, firstRow);
  }
}

function copyValidity(
  { validity: source }: FlatVector,
  rows: readonly number[],
  { validity }: FixedColumn | BytesColumn,
  firstRow: number,
): void {
  if (validity === null) return;
  for (const [index, row] of rows.entries()) {
    validity[firstRow + index] = source === null ? 1 : (source[row] as number);
  }
}

function copyValues(
  source: FlatVector,
  rows: readonly number[],
  column: FixedColumn,
  firstRow: number,
): void {
  if (source.kind === "bytes") return;
  for (const [index, row] of rows.entries()) copyValue(source, row, column, firstRow + index);
}

/** Copies one value without parts, to an index that there is room for. */
function copyValue(source: FlatVector, from: number, column: FixedColumn, to: number): void {
  if (source.kind === "bytes") return;
  const width = ELEMENTS_PER_ROW[column.kind];
  for (let element = 0; element < width; element++) {
    column.values[to * width + element] = source.values[from * width + element] as number;
  }
}

/** Null rows have no bytes. */
function copyTexts(
  source: BytesVector,
  rows: readonly number[],
  column: BytesColumn,
  firstRow: number,
): void {
  for (const [index, row] of rows.entries()) copyText(source, row, column, firstRow + index);
}

function copyText(source: BytesVector, from: number, column: BytesColumn, to: number): void {
  const start = from === 0 ? 0 : (source.ends[from - 1] as number);
  const end = source.ends[from] as number;
  const target = column.startOf(to);
  column.reserve(target + end - start);
  column.data.set(source.data.subarray(start, end), target);
  column.ends[to] = target + end - start;
}

function copyLeaf(
  source: LeafVector,
  rows: readonly number[],
  leaf: LeafColumn,
  firstRow: number,
): void {
  const { maxDefinitionLevel } = leaf.spec;
  for (const [index, row] of rows.entries()) {
    leaf.beginRow(firstRow + index);
    let value = row === 0 ? 0 : (source.valueEnds[row - 1] as number);
    const end = source.entryEnds[row] as number;
    for (let entry = row === 0 ? 0 : (source.entryEnds[row - 1] as number); entry < end; entry++) {
      const definition = source.definitions[entry] as number;
      const repetition = source.repetitions[entry] as number;
      if (definition < maxDefinitionLevel) {
        leaf.addEmpty(definition, repetition);
        continue;
      }
      const target = leaf.addValue(repetition);
      if (leaf.values.kind === "bytes") {
        copyText(source.values as BytesVector, value, leaf.values, target);
      } else copyValue(source.values, value, leaf.values, target);
      value++;
    }
    leaf.endRow(firstRow + index);
  }
}
