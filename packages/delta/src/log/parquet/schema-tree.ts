// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement } from "hyparquet";
import type { FileNode } from "../../scan/parquet/file-tree.ts";

/** The place of a part of a column; see `FileNode`. */
type Place = Pick<FileNode, "definitionLevel" | "repetitionLevel" | "firstLeaf" | "leafEnd"> & {
  readonly name: string;
};

export type ReadLeafNode = Place & { readonly kind: "leaf"; readonly element: SchemaElement };

/** How the columns of a file are put together from its leaves, by what the file itself says. */
export type ReadNode =
  | ReadLeafNode
  | (Place & { readonly kind: "struct"; readonly fields: readonly ReadNode[] })
  | (Place & { readonly kind: "list"; readonly element: ReadNode })
  | (Place & { readonly kind: "map"; readonly key: ReadNode; readonly value: ReadNode });

export function readNodeOf(node: FileNode): ReadNode {
  const { element, children, definitionLevel, repetitionLevel, firstLeaf, leafEnd } = node;
  const place = { name: element.name, definitionLevel, repetitionLevel, firstLeaf, leafEnd };
  if (children.length === 0) return { kind: "leaf", element, ...place };
  const [only] = children;
  if (children.length === 1 && only?.element.repetition_type === "REPEATED") {
    const { converted_type: converted, logical_type: logical } = element;
    const [first, second] = only.children;
    const isMap = converted === "MAP" || converted === "MAP_KEY_VALUE" || logical?.type === "MAP";
    if (isMap && first !== undefined && second !== undefined) {
      return { kind: "map", key: readNodeOf(first), value: readNodeOf(second), ...place };
    }
    if (converted === "LIST" || logical?.type === "LIST") {
      // Older writers leave the group in the middle out.
      const isOuter = first !== undefined && second === undefined;
      return { kind: "list", element: readNodeOf(isOuter ? first : only), ...place };
    }
  }
  return { kind: "struct", fields: children.map(readNodeOf), ...place };
}
