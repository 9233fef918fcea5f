// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import {
  CHAR_VARCHAR_METADATA_KEY,
  type DataType,
  type Snapshot,
  type StructField,
  type StructType,
} from "@sluice/delta";

/** What has become of a table between two of its states, for rows that were encoded for the first. */
export type TableChange =
  /** Rows are the only difference. */
  | { readonly kind: "none" }
  /** Files for the first state are good for the second: columns that may be null were added, or properties changed. */
  | { readonly kind: "compatible" }
  /** Rows have to be encoded again, streams go on: the table has other constraints, or asks for other statistics. */
  | { readonly kind: "constrained"; readonly reason: string }
  /** Rows and streams were made for columns that are not there any more. */
  | { readonly kind: "incompatible"; readonly reason: string }
  /** Another table is in the place of the first. */
  | { readonly kind: "replaced"; readonly reason: string };

/** The parts of a state that decide what rows must be. */
export type TableState = Pick<Snapshot, "metadata" | "protocol" | "schema" | "domains">;

/** Files must have statistics of the columns that a table is clustered by. */
const CLUSTERED: TableChange = {
  kind: "constrained",
  reason: "it is clustered by other columns",
};

export function changeOf(before: TableState, after: TableState): TableChange {
  const isClusteredAlike =
    clusteringOf(before) === clusteringOf(after) || clusteringOf(after) === undefined;
  if (before.metadata === after.metadata && before.protocol === after.protocol) {
    return isClusteredAlike ? { kind: "none" } : CLUSTERED;
  }
  const from = before.metadata;
  const to = after.metadata;
  if (from.id !== to.id) {
    return { kind: "replaced", reason: "another table was made in its place" };
  }
  if (!isDeepStrictEqual(from.partitionColumns, to.partitionColumns)) {
    return { kind: "incompatible", reason: "it is partitioned by other columns" };
  }
  const reason = structProblem(before.schema, after.schema, "");
  if (reason !== undefined) return { kind: "incompatible", reason };
  const constraint = addedConstraint(before, after);
  if (constraint !== undefined) return { kind: "constrained", reason: constraint };
  if (!isClusteredAlike) return CLUSTERED;
  const isSame = isDeepStrictEqual(from, to) && isDeepStrictEqual(before.protocol, after.protocol);
  return { kind: isSame ? "none" : "compatible" };
}

function clusteringOf({ domains }: TableState): string | undefined {
  return domains.get("delta.clustering")?.configuration;
}

const PHYSICAL_NAME_KEY = "delta.columnMapping.physicalName";
const INVARIANT_KEY = "delta.invariants";
const CONSTRAINT_PREFIX = "delta.constraints.";

/** Why values of the first struct are not values of the second, or `undefined`. */
function structProblem(before: StructType, after: StructType, prefix: string): string | undefined {
  const rest = new Map(after.fields.map((field) => [physicalNameOf(field), field]));
  for (const field of before.fields) {
    const physicalName = physicalNameOf(field);
    const successor = rest.get(physicalName);
    const path = `${prefix}${field.name}`;
    if (successor === undefined) return `column ${JSON.stringify(path)} was dropped`;
    rest.delete(physicalName);
    const problem = fieldProblem(field, successor, path);
    if (problem !== undefined) return problem;
  }
  for (const added of rest.values()) {
    if (!added.nullable) {
      return `NOT NULL column ${JSON.stringify(`${prefix}${added.name}`)} was added`;
    }
  }
  return undefined;
}

function fieldProblem(before: StructField, after: StructField, path: string): string | undefined {
  const quoted = JSON.stringify(path);
  if (before.name !== after.name) {
    return `column ${quoted} was renamed to ${JSON.stringify(after.name)}`;
  }
  if (before.nullable && !after.nullable) return `column ${quoted} became NOT NULL`;
  const isSameText =
    before.metadata[CHAR_VARCHAR_METADATA_KEY] === after.metadata[CHAR_VARCHAR_METADATA_KEY];
  if (!isSameText) return `column ${quoted} was given another type`;
  return typeProblem(before.type, after.type, path);
}

function typeProblem(before: DataType, after: DataType, path: string): string | undefined {
  const retyped = `column ${JSON.stringify(path)} was given another type`;
  if (typeof before === "string" || typeof after === "string") {
    return before === after ? undefined : retyped;
  }
  if (before.type === "struct" && after.type === "struct") {
    return structProblem(before, after, `${path}.`);
  }
  if (before.type === "array" && after.type === "array") {
    if (before.containsNull && !after.containsNull) return retyped;
    return typeProblem(before.elementType, after.elementType, `${path}.element`);
  }
  if (before.type === "map" && after.type === "map") {
    if (before.valueContainsNull && !after.valueContainsNull) return retyped;
    return (
      typeProblem(before.keyType, after.keyType, `${path}.key`) ??
      typeProblem(before.valueType, after.valueType, `${path}.value`)
    );
  }
  return retyped;
}

/** The first constraint that the second state has and the first has not, or has otherwise. */
function addedConstraint(before: TableState, after: TableState): string | undefined {
  const known = before.metadata.configuration;
  for (const [key, expression] of Object.entries(after.metadata.configuration)) {
    if (!key.startsWith(CONSTRAINT_PREFIX) || known[key] === expression) continue;
    return `constraint ${JSON.stringify(key.slice(CONSTRAINT_PREFIX.length))} was added`;
  }
  return addedInvariant(before.schema, after.schema);
}

function addedInvariant(before: StructType, after: StructType): string | undefined {
  const known = new Map(before.fields.map((field) => [physicalNameOf(field), field]));
  for (const field of after.fields) {
    const earlier = known.get(physicalNameOf(field));
    const invariant = field.metadata[INVARIANT_KEY];
    if (
      invariant !== undefined &&
      !isDeepStrictEqual(earlier?.metadata[INVARIANT_KEY], invariant)
    ) {
      return `an invariant of column ${JSON.stringify(field.name)} was added`;
    }
  }
  return undefined;
}

function physicalNameOf({ name, metadata }: StructField): string {
  const physical = metadata[PHYSICAL_NAME_KEY];
  return typeof physical === "string" ? physical : name;
}
