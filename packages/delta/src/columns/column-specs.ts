// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructType } from "../schema/types.ts";
import type { ColumnKind, ColumnSpec } from "./block-builder.ts";
import { flatKindOf } from "./flat-kinds.ts";
import { nestedLayoutOf } from "./nested-layout.ts";

/** The column kind of a type, or `undefined` where the type cannot be written. */
export function columnKindOf(type: DataType): ColumnKind | undefined {
  const flat = flatKindOf(type);
  if (flat !== undefined) return flat;
  const layout = nestedLayoutOf({ name: "", type, nullable: true, metadata: {} });
  return layout === undefined ? undefined : "nested";
}

/**
 * The columns of a table, in schema order: what a {@link BlockBuilder} is made from.
 * @throws TypeError for a column whose type cannot be written; check with {@link columnKindOf} first.
 */
export function columnSpecsOf(schema: StructType): ColumnSpec[] {
  return schema.fields.map((field) => {
    const { nullable } = field;
    const kind = flatKindOf(field.type);
    if (kind !== undefined) return { kind, nullable };
    const layout = nestedLayoutOf(field);
    if (layout === undefined) {
      throw new TypeError(
        `column ${JSON.stringify(field.name)} has type ${JSON.stringify(field.type)}, which cannot be written`,
      );
    }
    return { kind: "nested", nullable, leaves: layout.leaves };
  });
}
