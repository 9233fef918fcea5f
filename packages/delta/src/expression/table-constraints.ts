// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DataType, StructType } from "../schema/types.ts";
import { parsePredicate } from "./bind-expression.ts";
import type { BoundPredicate } from "./bound-expression.ts";

/** A condition that every row of a table must make true. */
export interface TableConstraint {
  /** Of a CHECK constraint; for an invariant the path of its column. */
  readonly name: string;
  readonly kind: "check" | "invariant";
  readonly predicate: BoundPredicate;
}

const CHECK_PREFIX = "delta.constraints.";
const INVARIANT_KEY = "delta.invariants";

/**
 * The CHECK constraints (`delta.constraints.*` of the table's configuration) and column invariants (`delta.invariants` of
 * its fields) of a table, bound to its schema.
 * @throws DeltaError `unsupported` or `invalid_argument`, as `parsePredicate`, naming the constraint.
 */
export function tableConstraintsOf(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
): TableConstraint[] {
  const checks = Object.entries(configuration)
    .filter(([key]) => key.startsWith(CHECK_PREFIX))
    .map(([key, text]) => constraintOf("check", key.slice(CHECK_PREFIX.length), text, schema));
  const invariants = invariantsIn(schema, []).map(([path, text]) =>
    constraintOf("invariant", path, text, schema),
  );
  return [...checks, ...invariants];
}

function constraintOf(
  kind: TableConstraint["kind"],
  name: string,
  text: string,
  schema: StructType,
): TableConstraint {
  try {
    return { kind, name, predicate: parsePredicate(text, schema) };
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    const what = kind === "check" ? "CHECK constraint" : "invariant of column";
    throw new DeltaError(
      error.code,
      `the ${what} ${JSON.stringify(name)} (${text}) cannot be enforced: ${error.message}`,
      { cause: error, details: { ...error.details, constraint: name } },
    );
  }
}

/** Those inside of an ARRAY or MAP too, which cannot be enforced: binding them tells. */
function invariantsIn(type: DataType, path: readonly string[]): [path: string, text: string][] {
  if (typeof type === "string") return [];
  switch (type.type) {
    case "struct":
      return type.fields.flatMap((field) => {
        const fieldPath = [...path, field.name];
        const own = field.metadata[INVARIANT_KEY];
        const nested = invariantsIn(field.type, fieldPath);
        const name = fieldPath.join(".");
        return own === undefined ? nested : [[name, invariantText(own, name)], ...nested];
      });
    case "array":
      return invariantsIn(type.elementType, [...path, "element"]);
    case "map":
      return [
        ...invariantsIn(type.keyType, [...path, "key"]),
        ...invariantsIn(type.valueType, [...path, "value"]),
      ];
  }
}

/** `{"expression":{"expression":"<SQL>"}}` as text ("Column Invariants" of the protocol). */
function invariantText(value: unknown, column: string): string {
  try {
    const parsed = JSON.parse(String(value)) as {
      readonly expression?: { readonly expression?: unknown };
    } | null;
    const text = parsed?.expression?.expression;
    if (typeof text === "string") return text;
  } catch {
    // Told below, like JSON of another shape.
  }
  throw new DeltaError(
    "invalid_argument",
    `the invariant of column ${JSON.stringify(column)} is not {"expression":{"expression":"..."}} but ${String(value)}`,
    { details: { column } },
  );
}
