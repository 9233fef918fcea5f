// SPDX-License-Identifier: Apache-2.0
import { leafGetterOf } from "./leaf-getters.ts";
import { type DecodedLeaf, type ValueReader, valueReaderOf } from "./nested-reader.ts";
import {
  damaged,
  decodeLeaf,
  type FetchedChunks,
  type FileRowGroup,
  type ParquetFile,
} from "./parquet/parquet-file.ts";
import { DecodeProblem } from "./parquet/decode-problem.ts";
import { type LeafReadNode, leavesOf, type ReadNode } from "./read-plan.ts";

/** Values of a column of a row group, row by row. */
export interface ColumnReader {
  /**
   * The values of some rows.
   * @param rows numbers of rows in the row group, ascending; each call begins behind the last row of the one before.
   */
  read(rows: Uint32Array): unknown[];
}

/** Columns of a row group whose bytes are there. Each is decoded when it is asked for. */
export class RowGroupReader {
  readonly file: ParquetFile;
  readonly group: FileRowGroup;
  readonly #fetched: FetchedChunks;
  readonly #leaves = new Map<number, DecodedLeaf>();

  constructor(file: ParquetFile, group: FileRowGroup, fetched: FetchedChunks) {
    this.file = file;
    this.group = group;
    this.#fetched = fetched;
  }

  /**
   * Decodes a column.
   * @throws DeltaError `data_loss`.
   */
  column(node: ReadNode): ColumnReader {
    if (node.kind === "missing") return { read: (rows) => Array.from(rows, () => null) };
    const leaves = this.leaves(node);
    if (node.kind === "leaf" && node.file.repetitionLevel === 0) {
      return flatReaderOf(node, leaves.get(node.file.firstLeaf) as DecodedLeaf);
    }
    return guarded(this.file.path, nestedColumnOf(valueReaderOf(node, leaves)));
  }

  /** The leaves of a column, decoded. */
  leaves(node: ReadNode): ReadonlyMap<number, DecodedLeaf> {
    const conversions = new Map(
      leafNodesOf(node).map((leaf) => [leaf.file.firstLeaf, leaf.convert]),
    );
    for (const index of leavesOf(node)) {
      if (this.#leaves.has(index)) continue;
      const data = decodeLeaf(this.file, this.group, index, this.#fetched);
      const file = this.file.tree.leaves[index] as LeafReadNode["file"];
      const convert = conversions.get(index);
      // A leaf that is read for its levels alone, or is a part of a variant, has no type of its own.
      const values = convert === undefined ? bytesOrNone(data.values) : convert(data.values);
      this.#leaves.set(index, { file, data, values });
    }
    return this.#leaves;
  }
}

function bytesOrNone(values: DecodedLeaf["data"]["values"]): DecodedLeaf["values"] {
  return values.kind === "bytes" ? values : { kind: "boolean", values: new Uint8Array(0) };
}

function leafNodesOf(node: ReadNode): LeafReadNode[] {
  switch (node.kind) {
    case "leaf":
      return [node];
    case "struct":
      return node.fields.flatMap((field) => leafNodesOf(field.node));
    case "list":
      return leafNodesOf(node.element);
    case "map":
      return [...leafNodesOf(node.key), ...leafNodesOf(node.value)];
    case "missing":
    case "variant":
      return [];
  }
}

function flatReaderOf(node: LeafReadNode, { data, values }: DecodedLeaf): ColumnReader {
  const get = leafGetterOf(values, node.type);
  const { definitions } = data;
  if (definitions === null) {
    return {
      read: (rows) => {
        const out: unknown[] = [];
        for (const row of rows) out.push(get(row));
        return out;
      },
    };
  }
  const maxLevel = node.file.definitionLevel;
  let row = 0;
  let value = 0;
  return {
    read: (rows) => {
      const out: unknown[] = [];
      for (const wanted of rows) {
        for (; row < wanted; row += 1) if (definitions[row] === maxLevel) value += 1;
        out.push(definitions[row] === maxLevel ? get(value) : null);
      }
      return out;
    },
  };
}

function nestedColumnOf(reader: ValueReader): ColumnReader {
  let row = 0;
  return {
    read: (rows) => {
      const out: unknown[] = [];
      for (const wanted of rows) {
        for (; row < wanted; row += 1) reader.skip();
        out.push(reader.read());
        row += 1;
      }
      return out;
    },
  };
}

/** Bytes of a variant are looked into only when its value is made. */
function guarded(path: string, reader: ColumnReader): ColumnReader {
  return {
    read: (rows) => {
      try {
        return reader.read(rows);
      } catch (error) {
        if (!(error instanceof DecodeProblem)) throw error;
        throw damaged(path, `cannot be decoded as Parquet: ${error.message}`, error);
      }
    },
  };
}
