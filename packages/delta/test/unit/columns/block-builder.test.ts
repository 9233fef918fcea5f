// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder } from "../../../src/columns/block-builder.ts";
import type { BytesColumn } from "../../../src/columns/bytes-column.ts";
import type { ColumnBlock } from "../../../src/columns/column-block.ts";
import type { FixedColumn } from "../../../src/columns/fixed-column.ts";

const SPECS = [
  { kind: "int64", nullable: false },
  { kind: "bytes", nullable: true },
] as const;

/** Writes a row as a decoder does. */
function addRow(builder: BlockBuilder, low: number, text: string | null): void {
  if (builder.rowCount === builder.rowCapacity) builder.growRows();
  const row = builder.rowCount;
  const [numbers, texts] = builder.columns as [FixedColumn, BytesColumn];
  numbers.values[row * 2] = low;
  numbers.values[row * 2 + 1] = 0;
  const bytes = Buffer.from(text ?? "");
  const start = texts.startOf(row);
  const end = text === null ? start : start + 4 + bytes.length;
  texts.reserve(end);
  if (text !== null) {
    new DataView(texts.data.buffer).setUint32(start, bytes.length, true);
    texts.data.set(bytes, start + 4);
  }
  texts.ends[row] = end;
  if (texts.validity !== null) texts.validity[row] = text === null ? 0 : 1;
  builder.rowCount++;
}

function rowsOf(block: ColumnBlock): [number, string | null][] {
  const [numbers, texts] = block.columns;
  assert.ok(numbers?.kind === "int64" && texts?.kind === "bytes");
  return Array.from({ length: block.rowCount }, (_, row) => {
    const start = row === 0 ? 0 : (texts.ends[row - 1] as number);
    const text =
      texts.validity?.[row] === 0
        ? null
        : Buffer.from(texts.data.subarray(start + 4, texts.ends[row])).toString();
    return [numbers.values[row * 2] as number, text];
  });
}

describe("block builder", () => {
  it("has room for fewer rows where there are many columns", () => {
    const builderOf = (columnCount: number): BlockBuilder =>
      new BlockBuilder(
        Array.from({ length: columnCount }, () => ({ kind: "double", nullable: true }) as const),
      );
    assert.equal(builderOf(8).rowCapacity, 8192);
    assert.equal(builderOf(500).rowCapacity, 256);
    assert.equal(builderOf(2000).rowCapacity, 64);
  });

  it("keeps rows over growing, and takes back the last ones", () => {
    const builder = new BlockBuilder(SPECS, 2);
    for (let index = 0; index < 9; index++)
      addRow(builder, index, index % 3 === 0 ? null : `row ${index}`);
    builder.truncate(7);
    addRow(builder, 70, "again");
    assert.deepEqual(rowsOf(builder.seal()), [
      [0, null],
      [1, "row 1"],
      [2, "row 2"],
      [3, null],
      [4, "row 4"],
      [5, "row 5"],
      [6, null],
      [70, "again"],
    ]);
    assert.equal(builder.rowCount, 0);
    assert.throws(() => builder.truncate(1), RangeError);
  });

  it("fills the buffers of a spare block anew, and takes none that does not fit", () => {
    const builder = new BlockBuilder(SPECS, 4);
    addRow(builder, 1, "first");
    const first = builder.seal();
    addRow(builder, 2, "second");
    const second = builder.seal(first);
    assert.equal(
      (builder.columns[0] as FixedColumn).values,
      first.columns[0]?.kind === "int64" ? first.columns[0].values : null,
    );
    assert.deepEqual(rowsOf(second), [[2, "second"]]);
    addRow(builder, 3, null);
    assert.deepEqual(rowsOf(builder.seal(new BlockBuilder(SPECS, 64).seal())), [[3, null]]);
    addRow(builder, 4, "fourth");
    assert.deepEqual(rowsOf(builder.seal()), [[4, "fourth"]]);
  });
});
