// SPDX-License-Identifier: Apache-2.0
import type { BytesColumn } from "./bytes-column.ts";
import { LENGTH_PREFIX_BYTES } from "./bytes-column.ts";
import { ELEMENTS_PER_ROW, type FixedColumn } from "./fixed-column.ts";
import type { LeafColumn, NestedColumn } from "./nested-column.ts";
import type { LayoutNode } from "./nested-layout.ts";

/**
 * Writes a row of a column from JavaScript values: objects for structs, arrays for lists, objects by key for maps with
 * text keys; text or bytes, numbers, booleans, and bigint for what has 64 bits or more, for which whole numbers will do
 * too. What is absent or `null` is null.
 * @throws TypeError for a null where the layout has none, or a value of another kind.
 */
export function writeNestedRow(
  column: NestedColumn,
  node: LayoutNode,
  row: number,
  value: unknown,
): void {
  const { leaves } = column;
  for (const leaf of leaves) leaf.beginRow(row);
  writeNode(leaves, node, value, 0);
  for (const leaf of leaves) leaf.endRow(row);
}

function writeNode(
  leaves: readonly LeafColumn[],
  node: LayoutNode,
  value: unknown,
  repetition: number,
): void {
  if (value === null || value === undefined) {
    if (!node.nullable) throw new TypeError("a value is missing where none may be null");
    addEmpty(leaves, node, node.definitionLevel - 1, repetition);
    return;
  }
  switch (node.kind) {
    case "leaf": {
      const leaf = leaves[node.firstLeaf] as LeafColumn;
      putValue(leaf.values, leaf.addValue(repetition), value);
      return;
    }
    case "struct": {
      const struct = value as Readonly<Record<string, unknown>>;
      for (const { field, node: child } of node.fields) {
        writeNode(leaves, child, struct[field.name], repetition);
      }
      return;
    }
    case "list": {
      const items = value as readonly unknown[];
      if (items.length === 0) addEmpty(leaves, node, node.definitionLevel, repetition);
      for (const [index, item] of items.entries()) {
        writeNode(leaves, node.element, item, index === 0 ? repetition : node.repetitionLevel + 1);
      }
      return;
    }
    case "map": {
      const entries = Object.entries(value);
      if (entries.length === 0) addEmpty(leaves, node, node.definitionLevel, repetition);
      for (const [index, [key, item]] of entries.entries()) {
        const level = index === 0 ? repetition : node.repetitionLevel + 1;
        writeNode(leaves, node.key, key, level);
        writeNode(leaves, node.value, item, level);
      }
      return;
    }
    case "variant":
      throw new TypeError("a variant has no plain value");
  }
}

function addEmpty(
  leaves: readonly LeafColumn[],
  { firstLeaf, leafEnd }: LayoutNode,
  definition: number,
  repetition: number,
): void {
  for (let leaf = firstLeaf; leaf < leafEnd; leaf += 1) {
    (leaves[leaf] as LeafColumn).addEmpty(definition, repetition);
  }
}

const SMALL_VALUES: ReadonlySet<string> = new Set(["number", "boolean", "bigint"]);

function putValue(column: FixedColumn | BytesColumn, index: number, value: unknown): void {
  if (column.kind === "bytes") {
    putBytes(column, index, value);
    return;
  }
  const { values, kind } = column;
  if (kind !== "int64" && kind !== "int128") {
    // A DECIMAL of up to nine digits comes as a bigint.
    if (!SMALL_VALUES.has(typeof value)) throw wrongKind(value);
    values[index] = Number(value);
    return;
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    putWords(values, index * ELEMENTS_PER_ROW[kind], ELEMENTS_PER_ROW[kind], value);
  } else if (typeof value === "bigint") {
    let rest = value;
    for (let word = 0; word < ELEMENTS_PER_ROW[kind]; word += 1) {
      values[index * ELEMENTS_PER_ROW[kind] + word] = Number(BigInt.asIntN(32, rest));
      rest >>= 32n;
    }
  } else throw wrongKind(value);
}

const WORD = 2 ** 32;

function putWords(
  values: FixedColumn["values"],
  start: number,
  wordCount: number,
  value: number,
): void {
  values[start] = value | 0;
  values[start + 1] = Math.floor(value / WORD) | 0;
  for (let word = 2; word < wordCount; word += 1) values[start + word] = value < 0 ? -1 : 0;
}

/** The most bytes of UTF-8 that a UTF-16 code unit can take. */
const MAX_BYTES_PER_UNIT = 3;

function putBytes(column: BytesColumn, index: number, value: unknown): void {
  const start = column.startOf(index);
  const first = start + LENGTH_PREFIX_BYTES;
  let length: number;
  if (typeof value === "string") {
    column.reserve(first + value.length * MAX_BYTES_PER_UNIT);
    const { buffer, byteOffset, byteLength } = column.data;
    length = Buffer.from(buffer, byteOffset, byteLength).write(value, first, "utf8");
  } else if (value instanceof Uint8Array) {
    column.reserve(first + value.length);
    column.data.set(value, first);
    ({ length } = value);
  } else throw wrongKind(value);
  const { data } = column;
  data[start] = length;
  data[start + 1] = length >>> 8;
  data[start + 2] = length >>> 16;
  data[start + 3] = length >>> 24;
  column.ends[index] = first + length;
}

function wrongKind(value: unknown): TypeError {
  return new TypeError(`a value of type ${typeof value} does not fit its column`);
}
