// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement, SchemaTree } from "hyparquet";

/** Levels from which on a part of a column is there; see `NodeLevels` for the same in writing. */
interface ReadNodeLevels {
  readonly name: string;
  readonly definitionLevel: number;
  readonly repetitionLevel: number;
  /** The leaves below: from `firstLeaf` up to `leafEnd`. */
  readonly firstLeaf: number;
  readonly leafEnd: number;
}

export interface ReadLeafNode extends ReadNodeLevels {
  readonly kind: "leaf";
  readonly element: SchemaElement;
}

/** How the columns of a file are put together from its leaves. */
export type ReadNode =
  | ReadLeafNode
  | (ReadNodeLevels & { readonly kind: "struct"; readonly fields: readonly ReadNode[] })
  | (ReadNodeLevels & { readonly kind: "list"; readonly element: ReadNode })
  | (ReadNodeLevels & { readonly kind: "map"; readonly key: ReadNode; readonly value: ReadNode });

/** The columns of a file, in its order. */
export function readNodesOf(schema: SchemaTree): readonly ReadNode[] {
  const counter = { leaf: 0 };
  return schema.children.map((child) => nodeOf(child, 0, 0, counter));
}

function nodeOf(
  tree: SchemaTree,
  parentDefinition: number,
  parentRepetition: number,
  counter: { leaf: number },
): ReadNode {
  const { element, children } = tree;
  const repetition = element.repetition_type;
  const definitionLevel = parentDefinition + (repetition === "REQUIRED" ? 0 : 1);
  const repetitionLevel = parentRepetition + (repetition === "REPEATED" ? 1 : 0);
  const firstLeaf = counter.leaf;
  const child = (of: SchemaTree): ReadNode => nodeOf(of, definitionLevel, repetitionLevel, counter);
  const levels = (): ReadNodeLevels => ({
    name: element.name,
    definitionLevel,
    repetitionLevel,
    firstLeaf,
    leafEnd: counter.leaf,
  });
  if (children.length === 0) {
    counter.leaf += 1;
    return { kind: "leaf", element, ...levels() };
  }
  const [only] = children;
  const isRepeatedGroup = children.length === 1 && only?.element.repetition_type === "REPEATED";
  if (isRepeatedGroup && only !== undefined) {
    const inner = only.children;
    const { converted_type: converted, logical_type: logical } = element;
    const isMap = converted === "MAP" || converted === "MAP_KEY_VALUE" || logical?.type === "MAP";
    const [key, value] = inner;
    if (isMap && key !== undefined && value !== undefined) {
      const group = [definitionLevel + 1, repetitionLevel + 1] as const;
      const keyNode = nodeOf(key, ...group, counter);
      const valueNode = nodeOf(value, ...group, counter);
      return { kind: "map", key: keyNode, value: valueNode, ...levels() };
    }
    if (converted === "LIST" || logical?.type === "LIST") {
      const [item] = inner;
      // Older writers leave the group in the middle out.
      const node =
        inner.length === 1 && item !== undefined
          ? nodeOf(item, definitionLevel + 1, repetitionLevel + 1, counter)
          : child(only);
      return { kind: "list", element: node, ...levels() };
    }
  }
  const fields = children.map(child);
  return { kind: "struct", fields, ...levels() };
}
