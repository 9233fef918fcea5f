// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructField } from "../schema/types.ts";
import { flatKindOf } from "./flat-kinds.ts";
import type { LeafSpec } from "./nested-column.ts";

/**
 * Levels as Parquet defines them: `definitionLevel` is that of an entry in which this part is there, so one more than
 * its parent's where the part may be null. A list or map adds one to both levels for its elements.
 */
export interface NodeLevels {
  readonly nullable: boolean;
  readonly definitionLevel: number;
  readonly repetitionLevel: number;
  /** The leaves below: from `firstLeaf` up to `leafEnd`. */
  readonly firstLeaf: number;
  readonly leafEnd: number;
}

export interface LeafNode extends NodeLevels {
  readonly kind: "leaf";
  readonly type: DataType;
}

/** Two BINARY leaves, `metadata` and `value`, that stand for one value. */
export interface VariantNode extends NodeLevels {
  readonly kind: "variant";
}

export interface StructNode extends NodeLevels {
  readonly kind: "struct";
  readonly fields: readonly { readonly field: StructField; readonly node: LayoutNode }[];
}

export interface ListNode extends NodeLevels {
  readonly kind: "list";
  readonly element: LayoutNode;
}

export interface MapNode extends NodeLevels {
  readonly kind: "map";
  readonly key: LayoutNode;
  readonly value: LayoutNode;
}

/** How a type with parts is laid out in leaves. */
export type LayoutNode = LeafNode | VariantNode | StructNode | ListNode | MapNode;

export interface NestedLayout {
  readonly root: LayoutNode;
  readonly leaves: readonly LeafSpec[];
}

/** Levels are kept in bytes. */
const MAX_LEVEL = 255;

/** The layout of a column, or `undefined` where a type in it cannot be written. */
export function nestedLayoutOf(field: StructField): NestedLayout | undefined {
  const leaves: LeafSpec[] = [];
  const root = nodeOf(field.type, field.nullable, 0, 0, leaves);
  return root === undefined ? undefined : { root, leaves };
}

function nodeOf(
  type: DataType,
  nullable: boolean,
  parentLevel: number,
  repetitionLevel: number,
  leaves: LeafSpec[],
): LayoutNode | undefined {
  const definitionLevel = parentLevel + (nullable ? 1 : 0);
  if (definitionLevel >= MAX_LEVEL) return undefined;
  const firstLeaf = leaves.length;
  const levels = { nullable, definitionLevel, repetitionLevel, firstLeaf };
  const addLeaf = (kind: LeafSpec["kind"]): void => {
    leaves.push({
      kind,
      maxDefinitionLevel: definitionLevel,
      maxRepetitionLevel: repetitionLevel,
    });
  };
  if (type === "variant") {
    addLeaf("bytes");
    addLeaf("bytes");
    return { kind: "variant", ...levels, leafEnd: leaves.length };
  }
  if (typeof type === "string") {
    const kind = flatKindOf(type);
    if (kind === undefined) return undefined;
    addLeaf(kind);
    return { kind: "leaf", type, ...levels, leafEnd: leaves.length };
  }
  const child = (childType: DataType, isNullable: boolean, added: 0 | 1): LayoutNode | undefined =>
    nodeOf(childType, isNullable, definitionLevel + added, repetitionLevel + added, leaves);
  switch (type.type) {
    case "struct": {
      const fields: { field: StructField; node: LayoutNode }[] = [];
      for (const field of type.fields) {
        const node = child(field.type, field.nullable, 0);
        if (node === undefined) return undefined;
        fields.push({ field, node });
      }
      if (fields.length === 0) return undefined;
      return { kind: "struct", fields, ...levels, leafEnd: leaves.length };
    }
    case "array": {
      const element = child(type.elementType, type.containsNull, 1);
      if (element === undefined) return undefined;
      return { kind: "list", element, ...levels, leafEnd: leaves.length };
    }
    case "map": {
      const key = child(type.keyType, false, 1);
      const value = child(type.valueType, type.valueContainsNull, 1);
      if (key === undefined || value === undefined) return undefined;
      return { kind: "map", key, value, ...levels, leafEnd: leaves.length };
    }
  }
}
