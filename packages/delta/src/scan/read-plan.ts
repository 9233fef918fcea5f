// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { ArrayType, DataType, MapType, StructField, StructType } from "../schema/types.ts";
import { type ColumnMappingMode, columnIdOf, physicalNameOf } from "../log/column-mapping.ts";
import { type Conversion, conversionOf } from "./conversions.ts";
import type { FileNode, FileTree } from "./parquet/file-tree.ts";

/** Where the values of a type are in a file, and how they become that type. */
export type ReadNode =
  | MissingNode
  | LeafReadNode
  | VariantReadNode
  | StructReadNode
  | ListReadNode
  | MapReadNode;

/** A column that was added to the table after the file was written: all values are null. */
export interface MissingNode {
  readonly kind: "missing";
  readonly type: DataType;
}

export interface LeafReadNode {
  readonly kind: "leaf";
  readonly type: DataType;
  readonly file: FileNode;
  readonly convert: Conversion;
}

export interface VariantReadNode {
  readonly kind: "variant";
  readonly file: FileNode;
  readonly metadata: FileNode;
  readonly value: FileNode;
}

export interface StructReadNode {
  readonly kind: "struct";
  readonly file: FileNode;
  readonly fields: readonly { readonly name: string; readonly node: ReadNode }[];
}

export interface ListReadNode {
  readonly kind: "list";
  readonly file: FileNode;
  readonly repeated: FileNode;
  readonly element: ReadNode;
}

export interface MapReadNode {
  readonly kind: "map";
  readonly file: FileNode;
  readonly repeated: FileNode;
  readonly key: ReadNode;
  readonly value: ReadNode;
}

interface PlanContext {
  readonly path: string;
  readonly mode: ColumnMappingMode;
}

/**
 * Finds columns of a table in a file.
 * @param path of the file, for messages.
 * @throws DeltaError `unsupported` where a column is stored as a type that its own cannot be read from, or a table
 *   mapped by id has a file without ids.
 */
export function planColumns(
  fields: readonly StructField[],
  tree: FileTree,
  mode: ColumnMappingMode,
  path: string,
): ReadNode[] {
  if (mode === "id" && tree.leaves.length > 0 && !hasFieldIds(tree.columns)) {
    throw new DeltaError(
      "unsupported",
      `the file ${JSON.stringify(path)} has no field ids, by which the table maps its columns (columnMapping)`,
      { details: { path } },
    );
  }
  const context = { path, mode };
  return fields.map((field) => fieldOf(field, tree.columns, context));
}

/** The leaves that have to be read for a node. */
export function leavesOf(node: ReadNode, into: Set<number> = new Set()): Set<number> {
  switch (node.kind) {
    case "missing":
      return into;
    case "leaf":
      return into.add(node.file.firstLeaf);
    case "variant":
      return into.add(node.metadata.firstLeaf).add(node.value.firstLeaf);
    case "struct": {
      const before = into.size;
      for (const field of node.fields) leavesOf(field.node, into);
      // Whether the struct is there is in the levels of any leaf below it.
      return into.size === before ? into.add(node.file.firstLeaf) : into;
    }
    case "list":
      return leavesOf(node.element, into);
    case "map":
      return leavesOf(node.value, leavesOf(node.key, into));
  }
}

function fieldOf(
  field: StructField,
  candidates: readonly FileNode[],
  context: PlanContext,
): ReadNode {
  const found = candidates.find(matcherOf(field, context.mode));
  if (found === undefined) return { kind: "missing", type: field.type };
  return nodeOf(field.type, found, context);
}

function matcherOf(field: StructField, mode: ColumnMappingMode): (node: FileNode) => boolean {
  if (mode === "id") {
    const id = columnIdOf(field);
    return ({ element }) => element.field_id === id;
  }
  const name = physicalNameOf(field, mode);
  return ({ element }) => element.name === name;
}

function nodeOf(type: DataType, file: FileNode, context: PlanContext): ReadNode {
  if (type === "variant") return variantOf(file, context);
  if (typeof type !== "string") {
    if (file.children.length === 0 && file.element.type !== undefined) {
      // A list without a group of its own: a field that repeats.
      if (type.type !== "array" || file.element.repetition_type !== "REPEATED") {
        throw mismatch(type, file, context);
      }
    }
    switch (type.type) {
      case "struct":
        return structOf(type, file, context);
      case "array":
        return listOf(type, file, context);
      case "map":
        return mapOf(type, file, context);
    }
  }
  if (file.element.type === undefined) throw mismatch(type, file, context);
  const convert = conversionOf(file.element, type);
  if (convert === undefined) throw mismatch(type, file, context);
  return { kind: "leaf", type, file, convert };
}

function structOf(type: StructType, file: FileNode, context: PlanContext): ReadNode {
  const fields = type.fields.map((field) => ({
    name: field.name,
    node: fieldOf(field, file.children, context),
  }));
  return { kind: "struct", file, fields };
}

/** Lists of three levels, and of two as older writers have them ("Backward-compatibility rules" of Parquet). */
function listOf(type: ArrayType, file: FileNode, context: PlanContext): ReadNode {
  if (file.element.repetition_type === "REPEATED") {
    return { kind: "list", file, repeated: file, element: nodeOf(type.elementType, file, context) };
  }
  const [repeated, ...others] = file.children;
  if (repeated?.element.repetition_type !== "REPEATED" || others.length > 0) {
    throw mismatch(type, file, context);
  }
  const element = isElementItself(repeated, file) ? repeated : (repeated.children[0] as FileNode);
  return { kind: "list", file, repeated, element: nodeOf(type.elementType, element, context) };
}

function isElementItself(repeated: FileNode, list: FileNode): boolean {
  const { name } = repeated.element;
  return (
    repeated.children.length !== 1 || name === "array" || name === `${list.element.name}_tuple`
  );
}

function mapOf(type: MapType, file: FileNode, context: PlanContext): ReadNode {
  const [repeated] = file.children;
  const [key, value] = repeated?.children ?? [];
  if (
    repeated?.element.repetition_type !== "REPEATED" ||
    key === undefined ||
    value === undefined
  ) {
    throw mismatch(type, file, context);
  }
  return {
    kind: "map",
    file,
    repeated,
    key: nodeOf(type.keyType, key, context),
    value: nodeOf(type.valueType, value, context),
  };
}

function variantOf(file: FileNode, context: PlanContext): ReadNode {
  const part = (name: string): FileNode | undefined =>
    file.children.find(({ element }) => element.name === name);
  const metadata = part("metadata");
  const value = part("value");
  if (part("typed_value") !== undefined) {
    throw new DeltaError(
      "unsupported",
      `the column ${nameOf(file)} of the file ${JSON.stringify(context.path)} is a shredded VARIANT (variantShredding), which is not supported`,
      { details: { path: context.path, column: file.path.join(".") } },
    );
  }
  if (metadata?.element.type !== "BYTE_ARRAY" || value?.element.type !== "BYTE_ARRAY") {
    throw mismatch("variant", file, context);
  }
  return { kind: "variant", file, metadata, value };
}

function hasFieldIds(nodes: readonly FileNode[]): boolean {
  return nodes.some(
    ({ element, children }) => element.field_id !== undefined || hasFieldIds(children),
  );
}

function mismatch(type: DataType, file: FileNode, { path }: PlanContext): DeltaError {
  const { element } = file;
  const annotation = element.logical_type?.type ?? element.converted_type;
  const stored = `${element.type ?? "a group"}${annotation === undefined ? "" : ` (${annotation})`}`;
  return new DeltaError(
    "unsupported",
    `the column ${nameOf(file)} of the file ${JSON.stringify(path)} is stored as ${stored}, from which ${sqlTypeOf(type)} cannot be read`,
    { details: { path, column: file.path.join(".") } },
  );
}

function nameOf(file: FileNode): string {
  return JSON.stringify(file.path.join("."));
}
