// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { BoundColumn, BoundNode, BoundPredicate } from "./bound-expression.ts";
import { type ColumnReaders, compileNode, compileTruth } from "./evaluate.ts";
import { scalarOfRowValue } from "./row-scalars.ts";
import type { Scalar } from "./scalar-types.ts";

/** A row as `DeltaTable.scan` gives it: values by column name, `null` (or no entry) for NULL. */
export type RowValues = Readonly<Record<string, unknown>>;

/**
 * Compiles a predicate for rows. The result is `null` where the predicate is NULL: neither true nor false.
 *
 * The function throws a `DeltaError` `invalid_argument` where the predicate has no value (an overflow, a division by
 * zero, a cast that does not fit), and for a row whose value is not of its column's type.
 */
export function compileRowPredicate(predicate: BoundPredicate): (row: RowValues) => boolean | null {
  const evaluate = compileTruth(predicate.root, ROW_READERS);
  return (row) => evaluate(row, 0);
}

/** The value of a bound expression for a row. */
export function compileRowValue(node: BoundNode): (row: RowValues) => Scalar | null {
  const evaluate = compileNode(node, ROW_READERS);
  return (row) => evaluate(row, 0);
}

const ROW_READERS: ColumnReaders<RowValues> = {
  valueReader(column, type) {
    const raw = rawReader(column);
    return (row) => {
      const value = raw(row);
      if (value === null || value === undefined) return null;
      const scalar = scalarOfRowValue(value, type);
      if (scalar !== undefined) return scalar;
      throw new DeltaError(
        "invalid_argument",
        `the column ${JSON.stringify(column.name)} of type ${type} has a value of JavaScript type ${typeof value} that does not fit`,
        { details: { column: column.name } },
      );
    };
  },
  nullReader(column) {
    const raw = rawReader(column);
    return (row) => (raw(row) ?? null) === null;
  },
};

function rawReader({ fields }: BoundColumn): (row: RowValues) => unknown {
  const names = fields.map(({ name }) => name);
  const [first] = names;
  if (first !== undefined && names.length === 1) return (row) => row[first];
  return (row) => {
    let value: unknown = row;
    for (const name of names) {
      if (value === null || value === undefined) return null;
      value = (value as RowValues)[name];
    }
    return value;
  };
}
