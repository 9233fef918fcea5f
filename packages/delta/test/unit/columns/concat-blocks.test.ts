// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BlockBuilder } from "../../../src/columns/block-builder.ts";
import type { ColumnBlock } from "../../../src/columns/column-block.ts";
import { columnSpecsOf } from "../../../src/columns/column-specs.ts";
import { concatBlocks } from "../../../src/columns/concat-blocks.ts";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { type InputRow, RowEncoder } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";

const SCHEMA = parseColumnList(
  "id BIGINT NOT NULL, flag BOOLEAN, text STRING, amount DECIMAL(30,2), tags ARRAY<STRUCT<name: STRING, score: DOUBLE>>, counts MAP<STRING, INT>",
);

const anyRow: fc.Arbitrary<InputRow> = fc.record({
  id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.option(fc.boolean()),
  text: fc.option(fc.string({ unit: "binary" })),
  amount: fc.option(fc.integer().map((cents) => (cents / 100).toFixed(2))),
  tags: fc.option(
    fc.array(fc.option(fc.record({ name: fc.option(fc.string()), score: fc.double() })), {
      maxLength: 4,
    }),
  ),
  counts: fc.option(
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.option(fc.integer({ min: -9, max: 9 })), {
      maxKeys: 3,
    }),
  ),
});

function blockOf(rows: readonly InputRow[]): ColumnBlock {
  const builder = new BlockBuilder(columnSpecsOf(SCHEMA));
  const encoder = new RowEncoder(SCHEMA, builder, new Map());
  const written = encoder.write({ rows, indexOf: (position) => position }, 0, rows.length);
  assert.equal(written, rows.length);
  return builder.seal();
}

function fileOf(block: ColumnBlock): Buffer {
  const encoder = new ParquetFileEncoder(SCHEMA, { compression: "uncompressed" });
  const parts = encoder.addRowGroup(block);
  return Buffer.concat([...parts, ...encoder.finish().tail]);
}

describe("joined blocks", () => {
  it("are what one block of all their rows would have been", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyRow, { maxLength: 6 }), { minLength: 1 }), (groups) => {
        const joined = concatBlocks(groups.map(blockOf));
        assert.equal(joined.rowCount, groups.flat().length);
        assert.deepEqual(fileOf(joined), fileOf(blockOf(groups.flat())));
      }),
    );
  });

  it("are refused where their columns are not alike", () => {
    const other = new BlockBuilder(columnSpecsOf(parseColumnList("id INT NOT NULL"))).seal();
    assert.throws(() => concatBlocks([blockOf([]), other]), /other columns/);
    assert.throws(() => concatBlocks([]), /no blocks/);
  });
});
