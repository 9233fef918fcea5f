// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { compileRowPredicate } from "../expression/row-predicate.ts";
import type { FieldPath } from "../schema/field-path.ts";
import { pathText } from "../schema/field-path.ts";
import type { Row } from "../scan/row.ts";
import type { RowCondition } from "./table-change.ts";

/** The columns that a condition needs. */
export function columnsOfCondition(condition: RowCondition): readonly string[] {
  if (condition.kind === "notNull") return condition.path.slice(0, 1);
  return [...new Set(condition.predicate.columns.map(({ fields }) => fields[0]?.name ?? ""))];
}

/**
 * Checks rows that are there against a condition that is to hold from now on.
 * @throws DeltaError `invalid_argument` naming the first that breaks it.
 */
export async function verifyRows(rows: AsyncIterable<Row>, condition: RowCondition): Promise<void> {
  const holds = testOf(condition);
  let rowIndex = 0;
  for await (const row of rows) {
    if (!holds(row)) throw broken(condition, rowIndex, row);
    rowIndex += 1;
  }
}

function testOf(condition: RowCondition): (row: Row) => boolean {
  if (condition.kind === "notNull") {
    const { path } = condition;
    return (row) => hasValueOrNoParent(row, path);
  }
  const evaluate = compileRowPredicate(condition.predicate);
  return (row) => {
    try {
      return evaluate(row) === true;
    } catch (error) {
      // A row that the condition has no value for does not fulfil it.
      if (error instanceof DeltaError && error.code === "invalid_argument") return false;
      throw error;
    }
  };
}

/** A field must have a value wherever the struct that it is in has one. */
function hasValueOrNoParent(row: Row, path: FieldPath): boolean {
  let value: unknown = row;
  for (const [depth, name] of path.entries()) {
    if (value === null || value === undefined) return depth > 0;
    value = (value as Row)[name];
  }
  return value !== null && value !== undefined;
}

function broken(condition: RowCondition, rowIndex: number, row: Row): DeltaError {
  const text = JSON.stringify(row, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  const problem =
    condition.kind === "notNull"
      ? `column ${pathText(condition.path)} cannot become NOT NULL: it is NULL`
      : `the constraint ${condition.name} cannot be added: ${condition.predicate.text} is not true`;
  return new DeltaError(
    "invalid_argument",
    `${problem} in row ${rowIndex} of the table, ${shown}; change or delete such rows first`,
    { details: { rowIndex } },
  );
}
