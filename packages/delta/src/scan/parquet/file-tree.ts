// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement } from "hyparquet";
import { DecodeProblem } from "./decode-problem.ts";

/** A node of a Parquet file's schema, with the levels that its place gives it. */
export interface FileNode {
  readonly element: SchemaElement;
  readonly path: readonly string[];
  readonly children: readonly FileNode[];
  /** The level of an entry in which this node is there. */
  readonly definitionLevel: number;
  readonly repetitionLevel: number;
  /** The leaves below, itself if it is one: from `firstLeaf` up to `leafEnd`. */
  readonly firstLeaf: number;
  readonly leafEnd: number;
}

export interface FileTree {
  readonly columns: readonly FileNode[];
  readonly leaves: readonly FileNode[];
}

/** Deeper than any table is; a footer that says more would exhaust the stack. */
const MAX_DEPTH = 200;

/**
 * The tree that the footer lists in depth-first order.
 * @throws DecodeProblem for a list that is not a tree.
 */
export function fileTreeOf(elements: readonly SchemaElement[]): FileTree {
  const leaves: FileNode[] = [];
  let next = 1;
  const nodeOf = (
    parent: Pick<FileNode, "path" | "definitionLevel" | "repetitionLevel">,
  ): FileNode => {
    const element = elements[next];
    next += 1;
    if (element === undefined)
      throw new DecodeProblem("a schema that names more nodes than it lists");
    const repetition = element.repetition_type ?? "REQUIRED";
    const place = {
      path: [...parent.path, element.name],
      definitionLevel: parent.definitionLevel + (repetition === "REQUIRED" ? 0 : 1),
      repetitionLevel: parent.repetitionLevel + (repetition === "REPEATED" ? 1 : 0),
    };
    if (place.path.length > MAX_DEPTH) throw new DecodeProblem("a schema of too many levels");
    const firstLeaf = leaves.length;
    if (element.type !== undefined) {
      const leaf = { element, ...place, children: [], firstLeaf, leafEnd: firstLeaf + 1 };
      leaves.push(leaf);
      return leaf;
    }
    const children = childrenOf(element, place);
    return { element, ...place, children, firstLeaf, leafEnd: leaves.length };
  };
  const childrenOf = (
    element: SchemaElement,
    place: Pick<FileNode, "path" | "definitionLevel" | "repetitionLevel">,
  ): FileNode[] => Array.from({ length: childCountOf(element) }, () => nodeOf(place));
  const [root] = elements;
  if (root === undefined) throw new DecodeProblem("no schema");
  const columns = childrenOf(root, { path: [], definitionLevel: 0, repetitionLevel: 0 });
  if (next !== elements.length) throw new DecodeProblem("a schema that lists nodes of no parent");
  return { columns, leaves };

  function childCountOf({ name, num_children: count = 0 }: SchemaElement): number {
    if (Number.isInteger(count) && count >= 0 && count <= elements.length) return count;
    throw new DecodeProblem(`a schema node ${JSON.stringify(name)} of ${count} children`);
  }
}
