// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructType } from "../schema/types.ts";
import { decimalOf, MAX_INT32_DIGITS, MAX_INT64_DIGITS } from "../schema/decimal.ts";
import type { ColumnKind, ColumnSpec } from "./block-builder.ts";

/** How each primitive type that can be written today is held in a column. */
const KINDS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ["string", "bytes"],
  ["binary", "bytes"],
  ["boolean", "boolean"],
  ["byte", "int32"],
  ["short", "int32"],
  ["integer", "int32"],
  ["date", "int32"],
  ["long", "int64"],
  ["timestamp", "int64"],
  ["timestamp_ntz", "int64"],
  ["float", "float"],
  ["double", "double"],
]);

/** The column kind of a type, or `undefined` where the type cannot be written yet. */
export function columnKindOf(type: DataType): ColumnKind | undefined {
  if (typeof type !== "string") return undefined;
  const decimal = decimalOf(type);
  if (decimal === undefined) return KINDS.get(type);
  if (decimal.precision <= MAX_INT32_DIGITS) return "int32";
  return decimal.precision <= MAX_INT64_DIGITS ? "int64" : "int128";
}

/**
 * The columns of a table, in schema order: what a {@link BlockBuilder} is made from.
 * @throws TypeError for a column whose type cannot be written; check with {@link columnKindOf} first.
 */
export function columnSpecsOf(schema: StructType): ColumnSpec[] {
  return schema.fields.map((field) => {
    const kind = columnKindOf(field.type);
    if (kind === undefined) {
      throw new TypeError(
        `column ${JSON.stringify(field.name)} has type ${JSON.stringify(field.type)}, which cannot be written`,
      );
    }
    return { kind, nullable: field.nullable };
  });
}
