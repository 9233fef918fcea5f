// SPDX-License-Identifier: Apache-2.0
import type { LayoutNode, NestedLayout, StructField } from "@sluice/delta";
import { sqlNameOf } from "../column-labels.ts";

export interface NodeLabel {
  /** Names from the column down, as in `orders.element.price`. */
  readonly path: string;
  readonly sqlName: string;
}

/** What the parts of a column are called in messages. */
export function labelsOf(
  field: StructField,
  layout: NestedLayout,
): ReadonlyMap<LayoutNode, NodeLabel> {
  const labels = new Map<LayoutNode, NodeLabel>();
  collect(layout.root, field.name, labels);
  return labels;
}

function collect(node: LayoutNode, path: string, labels: Map<LayoutNode, NodeLabel>): void {
  labels.set(node, { path, sqlName: sqlNameOfNode(node) });
  switch (node.kind) {
    case "leaf":
    case "variant":
      return;
    case "struct":
      for (const { field, node: child } of node.fields) {
        collect(child, `${path}.${field.name}`, labels);
      }
      return;
    case "list":
      collect(node.element, `${path}.element`, labels);
      return;
    case "map":
      collect(node.key, `${path}.key`, labels);
      collect(node.value, `${path}.value`, labels);
      return;
  }
}

function sqlNameOfNode(node: LayoutNode): string {
  if (node.kind === "leaf") return sqlNameOf(node.type);
  return node.kind === "list" ? "ARRAY" : node.kind.toUpperCase();
}
