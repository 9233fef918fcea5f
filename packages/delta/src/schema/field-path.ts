// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DataType, StructField, StructType } from "./types.ts";

/**
 * A path to a field from a column of the table down: names of fields of structs, `element` for what an ARRAY holds, `key`
 * and `value` for what a MAP holds.
 */
export type FieldPath = readonly string[];

/** A column by its name, or a field inside of one by its path. */
export function pathOf(column: string | FieldPath): FieldPath {
  return typeof column === "string" ? [column] : column;
}

export function pathText(path: FieldPath): string {
  return JSON.stringify(path.join("."));
}

/**
 * The fields of structs along a path.
 * @throws DeltaError `invalid_argument` naming what is not there, for a path into an ARRAY or MAP too.
 */
export function findFieldPath(schema: StructType, path: FieldPath): readonly StructField[] {
  const fields: StructField[] = [];
  let type: DataType = schema;
  for (const name of path) {
    if (typeof type === "string" || type.type !== "struct") throw missing(path, type);
    const field: StructField | undefined = type.fields.find((known) => known.name === name);
    if (field === undefined) throw missing(path, type);
    fields.push(field);
    ({ type } = field);
  }
  if (fields.length === 0) throw new DeltaError("invalid_argument", "the column path is empty");
  return fields;
}

/** The error of a path that leads to no field. */
function missing(path: FieldPath, type: DataType): DeltaError {
  const known =
    typeof type === "object" && type.type === "struct"
      ? `; there are ${type.fields.map(({ name }) => JSON.stringify(name)).join(", ")}`
      : "";
  return new DeltaError("invalid_argument", `the table has no column ${pathText(path)}${known}`, {
    details: { column: path.join(".") },
  });
}
