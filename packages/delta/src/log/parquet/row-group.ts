// SPDX-License-Identifier: Apache-2.0
import { decodeLeaf, fetchChunks, type ParquetFile } from "../../scan/parquet/parquet-file.ts";
import { LeafStream, type StoredValue } from "./leaf-stream.ts";
import type { ReadLeafNode, ReadNode } from "./schema-tree.ts";

/** A leaf's value as it comes from the file; text as a string. */
export type RawValue = StoredValue | string;

/** Turns a raw value into what the caller wants to see of it. */
export type LeafConverter = (value: RawValue, leaf: ReadLeafNode) => unknown;

/**
 * Fetches columns of a row group.
 * @throws DeltaError `data_loss`; also thrown by a look at a column that cannot be decoded.
 */
export async function readRowGroup(
  file: ParquetFile,
  index: number,
  columns: readonly ReadNode[],
): Promise<RowGroupColumns> {
  const group = file.rowGroups[index];
  if (group === undefined) throw new RangeError(`${file.path} has no row group ${index}`);
  const leaves = columns.flatMap(({ firstLeaf, leafEnd }) =>
    Array.from({ length: leafEnd - firstLeaf }, (_, offset) => firstLeaf + offset),
  );
  const fetched = await fetchChunks(file, group, leaves);
  return new RowGroupColumns(group.rowCount, (leaf) => {
    const maxDefinitionLevel = file.tree.leaves[leaf]?.definitionLevel ?? 0;
    return new LeafStream(decodeLeaf(file, group, leaf, fetched), maxDefinitionLevel);
  });
}

/**
 * The columns of a row group. A column is decoded when it is first asked for; a value is put together from its leaves
 * when it is asked for.
 */
export class RowGroupColumns {
  readonly rowCount: number;
  readonly #decode: (leaf: number) => LeafStream;
  readonly #streams = new Map<number, LeafStream>();

  /** @param decode called once for each leaf that is needed. */
  constructor(rowCount: number, decode: (leaf: number) => LeafStream) {
    this.rowCount = rowCount;
    this.#decode = decode;
  }

  stream(leaf: number): LeafStream {
    let stream = this.#streams.get(leaf);
    if (stream === undefined) {
      stream = this.#decode(leaf);
      this.#streams.set(leaf, stream);
    }
    return stream;
  }

  /** Whether a part is not null in a row; it must not be in a list or map. */
  isPresent(node: ReadNode, row: number): boolean {
    const stream = this.stream(node.firstLeaf);
    return stream.definitionAt(stream.firstEntryOf(row)) >= node.definitionLevel;
  }

  /**
   * A column's value in a row: structs and maps are objects, lists are arrays, `null` is `null`, 64-bit numbers are
   * bigint, text is a string.
   */
  value(node: ReadNode, row: number, convert?: LeafConverter): unknown {
    const cursors: number[] = [];
    for (let leaf = node.firstLeaf; leaf < node.leafEnd; leaf += 1) {
      cursors.push(this.stream(leaf).firstEntryOf(row));
    }
    return new RowAssembler(this, node.firstLeaf, cursors, convert).read(node);
  }
}

/** Puts one row together; `cursors` are the next entries of the leaves. */
class RowAssembler {
  readonly #columns: RowGroupColumns;
  readonly #firstLeaf: number;
  readonly #cursors: number[];
  readonly #convert: LeafConverter | undefined;

  constructor(
    columns: RowGroupColumns,
    firstLeaf: number,
    cursors: number[],
    convert: LeafConverter | undefined,
  ) {
    this.#columns = columns;
    this.#firstLeaf = firstLeaf;
    this.#cursors = cursors;
    this.#convert = convert;
  }

  read(node: ReadNode): unknown {
    const definition = this.#definitionOf(node);
    if (definition < node.definitionLevel) return this.#empty(node, null);
    switch (node.kind) {
      case "leaf":
        return this.#readLeaf(node);
      case "struct": {
        const struct: Record<string, unknown> = {};
        for (const field of node.fields) struct[field.name] = this.read(field);
        return struct;
      }
      case "list": {
        if (definition === node.definitionLevel) return this.#empty(node, []);
        const list: unknown[] = [];
        do list.push(this.read(node.element));
        while (this.#goesOn(node));
        return list;
      }
      case "map": {
        if (definition === node.definitionLevel) return this.#empty(node, {});
        const map: Record<string, unknown> = {};
        do {
          putEntry(map, String(this.read(node.key)), this.read(node.value));
        } while (this.#goesOn(node));
        return map;
      }
    }
  }

  #definitionOf(node: ReadNode): number {
    const entry = this.#cursors[node.firstLeaf - this.#firstLeaf] as number;
    return this.#columns.stream(node.firstLeaf).definitionAt(entry);
  }

  /** Whether the next entry is another element of the same list or map. */
  #goesOn(node: ReadNode): boolean {
    const stream = this.#columns.stream(node.firstLeaf);
    const entry = this.#cursors[node.firstLeaf - this.#firstLeaf] as number;
    return entry < stream.entryCount && stream.repetitionAt(entry) > node.repetitionLevel;
  }

  /** Passes over the one entry that each leaf has for what is not there. */
  #empty<T>(node: ReadNode, value: T): T {
    for (let leaf = node.firstLeaf; leaf < node.leafEnd; leaf += 1) {
      const index = leaf - this.#firstLeaf;
      this.#cursors[index] = (this.#cursors[index] as number) + 1;
    }
    return value;
  }

  #readLeaf(node: ReadLeafNode): unknown {
    const index = node.firstLeaf - this.#firstLeaf;
    const entry = this.#cursors[index] as number;
    this.#cursors[index] = entry + 1;
    const stream = this.#columns.stream(node.firstLeaf);
    const raw = rawValueOf(stream, entry, node);
    return this.#convert === undefined ? raw : this.#convert(raw, node);
  }
}

function putEntry(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true });
}

/** The value of an entry that has one. */
export function rawValueOf(stream: LeafStream, entry: number, { element }: ReadLeafNode): RawValue {
  const index = stream.valueIndexOf(entry);
  const isText = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
  return isText ? stream.textAt(index) : stream.valueAt(index);
}
