// SPDX-License-Identifier: Apache-2.0
import type { BytesColumn } from "../columns/bytes-column.ts";
import type { LeafColumn, NestedColumn } from "../columns/nested-column.ts";
import { type LayoutNode, nestedLayoutOf } from "../columns/nested-layout.ts";
import { decimalOf } from "../schema/decimal.ts";
import type { DataType, StructField } from "../schema/types.ts";
import { writeBytes } from "./bytes-writer.ts";
import { type ValueWriter, valueWriterOf } from "./flat-writer.ts";
import { isPlainObject, memberReaderOf, shown, ValueProblem } from "./value-problem.ts";
import { VariantEncoder } from "./variant-encoder.ts";

/** Writes a value, or its absence, below an entry that is at a repetition level. */
type NodeWriter = (value: unknown, repetition: number) => void;

/** Writes values of a STRUCT, ARRAY, MAP or VARIANT column, `null` among them. */
export function nestedWriterOf(field: StructField, column: NestedColumn): ValueWriter {
  const layout = nestedLayoutOf(field);
  if (layout === undefined) throw new TypeError(`${JSON.stringify(field.type)} cannot be written`);
  const write = nodeWriterOf(layout.root, field.type, field.name, column.leaves);
  const { leaves } = column;
  return (row, value) => {
    for (const leaf of leaves) leaf.beginRow(row);
    write(value, 0);
    for (const leaf of leaves) leaf.endRow(row);
  };
}

function nodeWriterOf(
  node: LayoutNode,
  type: DataType,
  name: string,
  leaves: readonly LeafColumn[],
): NodeWriter {
  const present = presentWriterOf(node, type, name, leaves);
  const own = leaves.slice(node.firstLeaf, node.leafEnd);
  const { nullable, definitionLevel } = node;
  return (value, repetition) => {
    if (value !== null && value !== undefined) present(value, repetition);
    else if (nullable) addEmpty(own, definitionLevel - 1, repetition);
    else throw new ValueProblem(name, "it is NOT NULL and has no value");
  };
}

function presentWriterOf(
  node: LayoutNode,
  type: DataType,
  name: string,
  leaves: readonly LeafColumn[],
): NodeWriter {
  switch (node.kind) {
    case "leaf":
      return leafWriterOf(leaves[node.firstLeaf] as LeafColumn, node.type, name);
    case "variant":
      return variantWriterOf(leaves.slice(node.firstLeaf, node.leafEnd), name);
    case "struct": {
      const members = node.fields.map(({ field, node: child }) => {
        const path = `${name}.${field.name}`;
        const write = nodeWriterOf(child, field.type, path, leaves);
        return { name: field.name, read: memberReaderOf(field.name), write };
      });
      return structWriterOf(members, name);
    }
    case "list": {
      const { elementType } = type as Extract<DataType, { type: "array" }>;
      const element = nodeWriterOf(node.element, elementType, `${name}.element`, leaves);
      return listWriterOf(node, element, leaves.slice(node.firstLeaf, node.leafEnd), name);
    }
    case "map": {
      const { keyType, valueType } = type as Extract<DataType, { type: "map" }>;
      const key = nodeWriterOf(node.key, keyType, `${name}.key`, leaves);
      const value = nodeWriterOf(node.value, valueType, `${name}.value`, leaves);
      const own = leaves.slice(node.firstLeaf, node.leafEnd);
      return mapWriterOf(node, { key, value, keyType }, own, name);
    }
  }
}

function leafWriterOf(leaf: LeafColumn, type: DataType, name: string): NodeWriter {
  const put = valueWriterOf(type, leaf.values, name);
  return (value, repetition) => put(leaf.addValue(repetition), value);
}

function variantWriterOf([metadata, content]: readonly LeafColumn[], name: string): NodeWriter {
  const encoder = new VariantEncoder(name);
  return (value, repetition) => {
    encoder.encode(value);
    addBytes(metadata as LeafColumn, encoder.metadata, repetition);
    addBytes(content as LeafColumn, encoder.value, repetition);
  };
}

function addBytes(leaf: LeafColumn, bytes: Uint8Array, repetition: number): void {
  writeBytes(leaf.values as BytesColumn, leaf.addValue(repetition), bytes);
}

interface Member {
  readonly name: string;
  readonly read: ReturnType<typeof memberReaderOf>;
  readonly write: NodeWriter;
}

function structWriterOf(members: readonly Member[], name: string): NodeWriter {
  const known = new Set(members.map((member) => member.name));
  return (value, repetition) => {
    if (!isPlainObject(value)) throw new ValueProblem(name, `${shown(value)} is not an object`);
    let givenCount = 0;
    for (const member of members) {
      const item = member.read(value);
      if (item !== undefined) givenCount += 1;
      member.write(item, repetition);
    }
    const keys = Object.keys(value);
    if (keys.length === givenCount) return;
    const unknown = keys.find((key) => !known.has(key));
    if (unknown !== undefined) {
      throw new ValueProblem(name, `it has no field ${JSON.stringify(unknown)}`);
    }
  };
}

function listWriterOf(
  { definitionLevel, repetitionLevel }: LayoutNode,
  element: NodeWriter,
  own: readonly LeafColumn[],
  name: string,
): NodeWriter {
  return (value, repetition) => {
    if (!Array.isArray(value)) throw new ValueProblem(name, `${shown(value)} is not an array`);
    if (value.length === 0) addEmpty(own, definitionLevel, repetition);
    let level = repetition;
    for (const item of value as readonly unknown[]) {
      element(item, level);
      level = repetitionLevel + 1;
    }
  };
}

interface EntryWriters {
  readonly key: NodeWriter;
  readonly value: NodeWriter;
  readonly keyType: DataType;
}

function mapWriterOf(
  { definitionLevel, repetitionLevel }: LayoutNode,
  writers: EntryWriters,
  own: readonly LeafColumn[],
  name: string,
): NodeWriter {
  const keyOf = keyReaderOf(writers.keyType);
  return (value, repetition) => {
    let level = repetition;
    for (const [key, item] of entriesOf(value, keyOf, name)) {
      writers.key(key, level);
      writers.value(item, level);
      level = repetitionLevel + 1;
    }
    // An entry would have set a level that is higher than any it can begin with.
    if (level === repetition) addEmpty(own, definitionLevel, repetition);
  };
}

function entriesOf(
  value: unknown,
  keyOf: ((key: string) => unknown) | undefined,
  name: string,
): Iterable<readonly [unknown, unknown]> {
  if (value instanceof Map) return value as Map<unknown, unknown>;
  if (!isPlainObject(value)) {
    throw new ValueProblem(name, `${shown(value)} is neither a Map nor an object`);
  }
  if (keyOf === undefined) {
    throw new ValueProblem(name, "its keys have no form as names of an object; give a Map");
  }
  return Object.entries(value).map(([key, item]) => [keyOf(key), item] as const);
}

/** How the names of an object become keys of a type, as `scan` gives them; `undefined` where they cannot. */
function keyReaderOf(type: DataType): ((key: string) => unknown) | undefined {
  switch (type) {
    case "string":
    case "date":
      return (key) => key;
    case "byte":
    case "short":
    case "integer":
    case "float":
    case "double":
      return (key) => (key.trim() === "" ? key : Number(key));
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return (key) => (/^-?\d+$/.test(key) ? BigInt(key) : key);
    case "boolean":
      return (key) => (key === "true" ? true : key === "false" ? false : key);
    default:
      return decimalOf(type) === undefined ? undefined : (key) => key;
  }
}

function addEmpty(leaves: readonly LeafColumn[], definition: number, repetition: number): void {
  for (const leaf of leaves) leaf.addEmpty(definition, repetition);
}
