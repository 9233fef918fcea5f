// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { StructField, StructType } from "../schema/types.ts";

export interface ScanOptions {
  /**
   * Only these columns, in this order.
   * @default all of the schema
   */
  readonly columns?: readonly string[];
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
  return names === undefined ? schema.fields : names.map((name) => findField(schema.fields, name));
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
