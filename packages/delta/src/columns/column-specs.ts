// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructType } from "../schema/types.ts";
import type { ColumnKind, ColumnSpec } from "./block-builder.ts";

/** How each primitive type that can be written today is held in a column. */
const KINDS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ["string", "bytes"],
  ["binary", "bytes"],
  ["boolean", "boolean"],
  ["integer", "int32"],
  ["date", "int32"],
  ["long", "int64"],
  ["timestamp", "int64"],
  ["float", "float"],
  ["double", "double"],
]);

/** The column kind of a type, or `undefined` where the type cannot be written yet. */
export function columnKindOf(type: DataType): ColumnKind | undefined {
  return typeof type === "string" ? KINDS.get(type) : undefined;
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
