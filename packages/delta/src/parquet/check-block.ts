// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock, ColumnVector, FlatVector } from "../columns/column-block.ts";
import { ELEMENTS_PER_ROW } from "../columns/fixed-column.ts";
import { countNulls } from "./column-summary.ts";
import type { FileSchema, Leaf } from "./file-schema.ts";

/** @throws TypeError when a block is not of this schema, or has a null in a flat NOT NULL column. */
export function checkBlock(block: ColumnBlock, schema: FileSchema): void {
  if (block.columns.length !== schema.rootChildCount) {
    throw new TypeError(
      `the block has ${block.columns.length} columns, the schema ${schema.rootChildCount}`,
    );
  }
  for (const leaf of schema.leaves) {
    const vector = block.columns[leaf.columnIndex] as ColumnVector;
    if (leaf.leafIndex === null) checkColumn(leaf, vector, block.rowCount);
    else checkLeaf(leaf, leaf.leafIndex, vector, block.rowCount);
  }
}

function checkLeaf(leaf: Leaf, leafIndex: number, vector: ColumnVector, rowCount: number): void {
  if (vector.kind !== "nested") throw wrongKind(leaf, vector.kind, "nested");
  const found = vector.leaves[leafIndex];
  if (found === undefined || found.values.kind !== leaf.columnKind) {
    throw wrongKind(leaf, found?.values.kind ?? "nothing", leaf.columnKind);
  }
  if (rowCount > Math.min(found.entryEnds.length, found.valueEnds.length)) {
    throw tooShort(leaf, rowCount);
  }
}

function checkColumn(leaf: Leaf, vector: ColumnVector, rowCount: number): void {
  if (vector.kind === "nested" || vector.kind !== leaf.columnKind) {
    throw wrongKind(leaf, vector.kind, leaf.columnKind);
  }
  if (rowCount > roomOf(vector)) throw tooShort(leaf, rowCount);
  if (leaf.maxDefinitionLevel > 0 || vector.validity === null) return;
  const nullCount = countNulls(vector.validity, rowCount);
  if (nullCount > 0) {
    throw new TypeError(`column ${nameOf(leaf)} is NOT NULL and has ${nullCount} nulls`);
  }
}

function roomOf(vector: FlatVector): number {
  const capacity =
    vector.kind === "bytes"
      ? vector.ends.length
      : vector.values.length / ELEMENTS_PER_ROW[vector.kind];
  return Math.min(capacity, vector.validity?.length ?? capacity);
}

function wrongKind(leaf: Leaf, found: string, needed: string): TypeError {
  return new TypeError(`column ${nameOf(leaf)} is held as ${found}, its type needs ${needed}`);
}

function tooShort(leaf: Leaf, rowCount: number): TypeError {
  return new TypeError(
    `column ${nameOf(leaf)} has room for fewer than the ${rowCount} rows of its block`,
  );
}

function nameOf(leaf: Leaf): string {
  return JSON.stringify(leaf.path.join("."));
}
