// SPDX-License-Identifier: Apache-2.0
import { BlockBuilder } from "../columns/block-builder.ts";
import type { ColumnVector } from "../columns/column-block.ts";
import { columnSpecsOf } from "../columns/column-specs.ts";
import { RowEncoder } from "../rows/row-encoder.ts";
import type { StructField, StructType } from "../schema/types.ts";

/** A column of a block, which may hold nulls, with the same value in every row, as rows have it. */
export function constantColumn(field: StructField, value: unknown, rowCount: number): ColumnVector {
  const schema: StructType = { type: "struct", fields: [{ ...field, nullable: true }] };
  const builder = new BlockBuilder(columnSpecsOf(schema));
  const encoder = new RowEncoder(schema, builder, new Map());
  const row = { [field.name]: value };
  const rows = Array.from({ length: rowCount }, () => row);
  encoder.write({ rows, indexOf: (position) => position }, 0, rowCount);
  return builder.seal().columns[0] as ColumnVector;
}
