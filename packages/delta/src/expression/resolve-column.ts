// SPDX-License-Identifier: Apache-2.0
import type { StructField, StructType } from "../schema/types.ts";
import type { BoundColumn } from "./bound-expression.ts";
import { invalidExpression, unsupportedConstruct } from "./errors.ts";
import { scalarTypeOf } from "./scalar-types.ts";

/** Names that Spark takes for functions without parentheses where no column has them. */
const BARE_FUNCTIONS = new Set([
  "current_catalog",
  "current_database",
  "current_date",
  "current_time",
  "current_timestamp",
  "current_user",
  "localtimestamp",
  "session_user",
  "user",
]);

/**
 * Finds a column by its path, regardless of case.
 * @throws DeltaError `invalid_argument` where there is none; `unsupported` for a part of an ARRAY or MAP.
 */
export function resolveColumn(
  schema: StructType,
  path: readonly string[],
  position: number,
): BoundColumn {
  const fields: StructField[] = [];
  let struct: StructType | undefined = schema;
  for (const name of path) {
    if (struct === undefined) throw noFieldsIn(fields, name, position);
    const field: StructField | undefined = struct.fields.find(
      (known) => known.name.toLowerCase() === name.toLowerCase(),
    );
    if (field === undefined) throw unknownColumn(struct, fields, name, position);
    fields.push(field);
    struct =
      typeof field.type === "object" && field.type.type === "struct" ? field.type : undefined;
  }
  const type = (fields.at(-1) as StructField).type;
  return { fields, name: nameOf(fields), type: scalarTypeOf(type) ?? "nested" };
}

function nameOf(fields: readonly StructField[]): string {
  return fields.map(({ name }) => name).join(".");
}

function noFieldsIn(fields: readonly StructField[], name: string, position: number): Error {
  const type = fields.at(-1)?.type;
  const kind = typeof type === "object" ? type.type.toUpperCase() : type?.toUpperCase();
  if (typeof type === "object" || type === "variant") {
    return unsupportedConstruct(
      `a part of the ${kind} column ${JSON.stringify(nameOf(fields))}`,
      position,
    );
  }
  return invalidExpression(
    `the column ${JSON.stringify(nameOf(fields))} is no STRUCT and has no field ${JSON.stringify(name)}`,
    position,
  );
}

function unknownColumn(
  struct: StructType,
  parents: readonly StructField[],
  name: string,
  position: number,
): Error {
  if (parents.length === 0 && BARE_FUNCTIONS.has(name.toLowerCase())) {
    return unsupportedConstruct(`the function ${name.toUpperCase()}`, position);
  }
  const place = parents.length === 0 ? "" : ` in ${JSON.stringify(nameOf(parents))}`;
  const known = struct.fields
    .slice(0, 10)
    .map((field) => JSON.stringify(field.name))
    .join(", ");
  const more = struct.fields.length > 10 ? ` and ${struct.fields.length - 10} more` : "";
  const others = struct.fields.length === 0 ? "" : ` (there are ${known}${more})`;
  return invalidExpression(`there is no column ${JSON.stringify(name)}${place}${others}`, position);
}
