// SPDX-License-Identifier: Apache-2.0
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { FixedValues } from "../columns/fixed-column.ts";
import type { FlatKind } from "../columns/flat-kinds.ts";
import { flatKindOf } from "../columns/flat-kinds.ts";
import { DeltaError } from "../delta-error.ts";
import { decimalOf } from "../schema/decimal.ts";
import type { StructType } from "../schema/types.ts";
import type { BoundColumn } from "./bound-expression.ts";
import type { ColumnReaders, Evaluator } from "./evaluate.ts";
import type { ScalarType } from "./scalar-types.ts";

/** A column without parts: of a sealed block (`FlatVector`) or of a builder that still takes rows. */
export type FlatRows =
  | {
      readonly kind: Exclude<FlatKind, "bytes">;
      readonly values: FixedValues;
      readonly validity: Uint8Array | null;
    }
  | {
      readonly kind: "bytes";
      readonly data: Uint8Array;
      readonly ends: Uint32Array;
      readonly validity: Uint8Array | null;
    };

/** Rows in columns: a `ColumnBlock`, or a `BlockBuilder` with the rows that it has so far. */
export interface ColumnRows {
  readonly rowCount: number;
  readonly columns: readonly (FlatRows | { readonly kind: "nested" })[];
}

/**
 * Where a column stands in blocks of `schema`, and how it is stored.
 * @throws DeltaError `unsupported` for a nested column, `invalid_argument` for one that the blocks do not have.
 */
export function placeOf(
  column: BoundColumn,
  schema: StructType,
): { readonly index: number; readonly kind: FlatKind } {
  const [top] = column.fields;
  const index = schema.fields.findIndex(({ name }) => name === top?.name);
  const field = schema.fields[index];
  if (field === undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the rows have no column ${JSON.stringify(column.name)}, which the expression reads`,
      { details: { column: column.name } },
    );
  }
  const kind = column.fields.length === 1 ? flatKindOf(field.type) : undefined;
  if (kind === undefined) {
    throw new DeltaError(
      "unsupported",
      `the expression reads the nested column ${JSON.stringify(column.name)}, which cannot be checked while rows are written`,
      { details: { column: column.name } },
    );
  }
  return { index, kind };
}

/** Reads one value at a time, for expressions that no code is generated for. */
export function blockReaders(schema: StructType): ColumnReaders<ColumnRows> {
  return {
    valueReader(column, type) {
      const { index, kind } = placeOf(column, schema);
      const read = kind === "bytes" ? bytesReader(index, type) : fixedReader(index, kind, type);
      return (rows, row) => {
        const { validity } = flatColumn(rows, index);
        return validity !== null && validity[row] === 0 ? null : read(rows, row);
      };
    },
    nullReader(column) {
      const { index } = placeOf(column, schema);
      return (rows, row) => flatColumn(rows, index).validity?.[row] === 0;
    },
  };
}

export function flatColumn(rows: ColumnRows, index: number): FlatRows {
  const column = rows.columns[index];
  if (column !== undefined && column.kind !== "nested") return column;
  throw new DeltaError("internal", `column ${index} of the block is not of its schema's type`);
}

function bytesReader(index: number, type: ScalarType): Evaluator<ColumnRows> {
  return (rows, row) => {
    const { data, ends } = flatColumn(rows, index) as FlatRows & { readonly kind: "bytes" };
    const start = (row === 0 ? 0 : (ends[row - 1] as number)) + LENGTH_PREFIX_BYTES;
    const bytes = Buffer.from(data.buffer, data.byteOffset + start, (ends[row] as number) - start);
    return type === "string" ? bytes.toString("utf8") : Uint8Array.from(bytes);
  };
}

function fixedReader(
  index: number,
  kind: Exclude<FlatKind, "bytes">,
  type: ScalarType,
): Evaluator<ColumnRows> {
  const valuesOf = (rows: ColumnRows): FixedValues =>
    (flatColumn(rows, index) as FlatRows & { readonly values: FixedValues }).values;
  switch (kind) {
    case "boolean":
      return (rows, row) => valuesOf(rows)[row] === 1;
    case "int32":
      return type !== "void" && decimalOf(type) !== undefined
        ? (rows, row) => BigInt(valuesOf(rows)[row] as number)
        : (rows, row) => valuesOf(rows)[row] as number;
    case "float":
    case "double":
      return (rows, row) => valuesOf(rows)[row] as number;
    case "int64":
      return (rows, row) => wideInteger(valuesOf(rows), row * 2, 2);
    case "int128":
      return (rows, row) => wideInteger(valuesOf(rows), row * 4, 4);
  }
}

function wideInteger(words: FixedValues, start: number, wordCount: number): bigint {
  let value = BigInt(words[start + wordCount - 1] as number);
  for (let word = wordCount - 2; word >= 0; word--) {
    value = (value << 32n) | BigInt((words[start + word] as number) >>> 0);
  }
  return value;
}
