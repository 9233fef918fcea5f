// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parsePredicate } from "../expression/bind-expression.ts";
import type { BoundPredicate } from "../expression/bound-expression.ts";
import type { TableDefinition } from "../log/table-features.ts";
import { isJsonObject } from "../log/json-fields.ts";
import { mapFields } from "../schema/column-mapping.ts";
import type { StructType } from "../schema/types.ts";
import { CONSTRAINT_PREFIX } from "./property-rules.ts";

const INVARIANTS_KEY = "delta.invariants";

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
    checkOf(`CHECK constraint ${name}`, condition, schema);
    properties[key] = condition;
  }
  return properties;
}

/**
 * The CHECK constraints and column invariants of a table.
 * @throws DeltaError `unsupported` naming the one that is not evaluated here.
 */
export function rowChecksOf({ metadata, schema }: TableDefinition): readonly RowCheck[] {
  const checks: RowCheck[] = [];
  for (const [key, condition] of Object.entries(metadata.configuration)) {
    if (!key.startsWith(CONSTRAINT_PREFIX)) continue;
    checks.push(
      existing(`CHECK constraint ${key.slice(CONSTRAINT_PREFIX.length)}`, condition, schema),
    );
  }
  mapFields(schema, (field) => {
    const invariant = field.metadata[INVARIANTS_KEY];
    if (invariant !== undefined) {
      checks.push(existing(`invariant of column ${field.name}`, conditionOf(invariant), schema));
    }
    return field;
  });
  return checks;
}

/** The error of a row that breaks a check. */
export function checkError(rowIndex: number, { name, predicate }: RowCheck): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `row ${rowIndex} breaks the ${name}: ${predicate.text} is not true for it`,
    { details: { rowIndex, check: name } },
  );
}

function checkOf(name: string, condition: string, schema: StructType): RowCheck {
  try {
    return { name, predicate: parsePredicate(condition, schema) };
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new DeltaError(cause.code, `the ${name}, ${condition}: ${cause.message}`, {
      cause,
      details: cause.details,
    });
  }
}

/** What another writer has set is no fault of the caller's: it is this library that does not know it. */
function existing(name: string, condition: string, schema: StructType): RowCheck {
  try {
    return checkOf(name, condition, schema);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new DeltaError("unsupported", `rows cannot be checked: ${cause.message}`, {
      cause,
      details: cause.details,
    });
  }
}

/** An invariant is JSON text: `{"expression":{"expression":"x > 3"}}`. */
function conditionOf(invariant: unknown): string {
  try {
    const value: unknown = JSON.parse(String(invariant));
    const outer = isJsonObject(value) ? value["expression"] : undefined;
    const condition = isJsonObject(outer) ? outer["expression"] : undefined;
    if (typeof condition === "string") return condition;
  } catch {
    // Falls through to the error below.
  }
  throw new DeltaError(
    "data_loss",
    `a column has a broken ${INVARIANTS_KEY}: ${String(invariant)}`,
  );
}

function invalid(problem: string): DeltaError {
  return new DeltaError("invalid_argument", problem);
}
