// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parsePredicate } from "../expression/bind-expression.ts";
import type { BoundPredicate } from "../expression/bound-expression.ts";
import type { SnapshotOptions } from "../log/load-snapshot.ts";
import type { StructField, StructType } from "../schema/types.ts";

/** Extends {@link SnapshotOptions}: a `version`, or a time as `timestampMs`, reads the table as it was then. */
export interface ScanOptions extends SnapshotOptions {
  /**
   * Only these columns, in this order.
   * @default all of the schema
   */
  readonly columns?: readonly string[];
  /**
   * Only rows for which this is true: SQL text (see `parsePredicate` for what it may hold), or a predicate that has been
   * bound. Files and row groups that cannot have such rows, by their partition values and statistics, are not read.
   * @default all rows
   */
  readonly where?: string | BoundPredicate;
  /**
   * At most so many rows.
   * @default all
   */
  readonly limit?: number;
  /**
   * Directories outside of the table whose files may be read where the log names them by absolute paths, as that of a
   * shallow clone does. Absolute, local.
   * @default none: such files are refused by name
   */
  readonly externalDirectories?: readonly string[];
  /** Ends the scan with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The columns of a scan.
 * @throws DeltaError `invalid_argument` for one that the table does not have.
 */
export function selectColumns(
  schema: StructType,
  names: readonly string[] | undefined,
): readonly StructField[] {
  if (names === undefined) return schema.fields;
  return [...new Set(names)].map((name) => findField(schema.fields, name));
}

/**
 * The condition of a scan, of the schema's columns.
 * @throws DeltaError as `parsePredicate`.
 */
export function predicateOf(
  schema: StructType,
  { where }: Pick<ScanOptions, "where">,
): BoundPredicate | undefined {
  if (where === undefined) return undefined;
  if (typeof where === "string") return parsePredicate(where, schema);
  // Bound to another version of the table, its columns may have been renamed or retyped since.
  return where.schema === schema ? where : parsePredicate(where.text, schema);
}

/** @throws DeltaError `invalid_argument` for a limit that is no count. */
export function limitOf({ limit = Infinity }: ScanOptions): number {
  if (limit >= 0) return limit;
  throw new DeltaError("invalid_argument", `limit is ${limit}; it must be 0 or more`);
}

function findField(fields: readonly StructField[], name: string): StructField {
  const field = fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  throw new DeltaError(
    "invalid_argument",
    `the table has no column ${JSON.stringify(name)}; it has ${fields.map((known) => JSON.stringify(known.name)).join(", ")}`,
    { details: { column: name } },
  );
}
