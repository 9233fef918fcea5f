// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { BoundPredicate } from "../expression/bound-expression.ts";
import { tableConstraintsOf } from "../expression/table-constraints.ts";
import type { TableDefinition } from "../log/table-features.ts";
import type { StructType } from "../schema/types.ts";
import { CONSTRAINT_PREFIX } from "./property-rules.ts";

/** A condition that must be true for every row of a table. */
export interface RowCheck {
  /** What stands in messages: `CHECK constraint positive`. */
  readonly name: string;
  readonly predicate: BoundPredicate;
}

/** The name of the property that holds a constraint; names of constraints are kept in lower case, as others do. */
export function constraintKey(name: string): string {
  return `${CONSTRAINT_PREFIX}${name.toLowerCase()}`;
}

/**
 * Properties that hold CHECK constraints.
 * @throws DeltaError `invalid_argument` for a name or a condition that cannot be, `unsupported` for a condition that is
 *   not evaluated here.
 */
export function constraintProperties(
  schema: StructType,
  constraints: Readonly<Record<string, string>>,
): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [name, condition] of Object.entries(constraints)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw invalid(
        `the constraint name ${JSON.stringify(name)} must have letters, digits and "_" only, and not begin with a digit`,
      );
    }
    const key = constraintKey(name);
    if (properties[key] !== undefined) throw invalid(`the constraint ${name} is given twice`);
    properties[key] = condition;
  }
  tableConstraintsOf(schema, properties);
  return properties;
}

/**
 * The CHECK constraints and column invariants of a table.
 * @throws DeltaError `unsupported` naming the one that is not evaluated here.
 */
export function rowChecksOf({ metadata, schema }: TableDefinition): readonly RowCheck[] {
  try {
    return tableConstraintsOf(schema, metadata.configuration).map(({ kind, name, predicate }) => ({
      name: kind === "check" ? `CHECK constraint ${name}` : `invariant of column ${name}`,
      predicate,
    }));
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    // What another writer has set is no fault of the caller's: it is this library that does not know it.
    throw new DeltaError("unsupported", `rows cannot be checked: ${cause.message}`, {
      cause,
      details: cause.details,
    });
  }
}

/** The error of a row that breaks a check. */
export function checkError(rowIndex: number, { name, predicate }: RowCheck): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `row ${rowIndex} breaks the ${name}: ${predicate.text} is not true for it`,
    { details: { rowIndex, check: name } },
  );
}

function invalid(problem: string): DeltaError {
  return new DeltaError("invalid_argument", problem);
}
