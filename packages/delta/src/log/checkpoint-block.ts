// SPDX-License-Identifier: Apache-2.0
import type { DeletionVectorDescriptor, PartitionValues, Tags } from "./actions.ts";
import { type ActiveFile, rowCountOfStats } from "./active-file.ts";
import { decodeDataPath } from "./data-path.ts";
import type { FileBlock } from "./file-index.ts";
import { FieldProblem, FieldReader } from "./json-fields.ts";
import { type RowGroupColumns, rawValueOf } from "./parquet/row-group.ts";
import type { ReadLeafNode, ReadNode } from "./parquet/schema-tree.ts";
import { deletionVectorOf } from "./parse-actions.ts";
import { hashOfEncodedPath } from "./path-hash.ts";
import { statsTextOf } from "./stats-text.ts";

/** The part of `add` that a property comes from. */
type AddFields = ReadonlyMap<string, ReadNode>;

/**
 * The `add` actions of a row group, left in the columns that they were read in: a file costs what it takes in the
 * checkpoint and an object while it is looked at.
 */
export class CheckpointBlock implements FileBlock {
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly #columns: RowGroupColumns;
  readonly #fields: AddFields;
  /** The row of each file; `undefined` where every row is one. */
  readonly #rows: Int32Array | undefined;
  readonly #hasStatsText: boolean;

  private constructor(
    columns: RowGroupColumns,
    fields: AddFields,
    rows: Int32Array | undefined,
    sizeBytes: number,
  ) {
    this.#columns = columns;
    this.#fields = fields;
    this.#rows = rows;
    this.fileCount = rows?.length ?? columns.rowCount;
    this.sizeBytes = sizeBytes;
    this.#hasStatsText = fields.has("stats");
  }

  /**
   * @throws FieldProblem if a file lacks what each must have.
   * @throws DeltaError `data_loss` if a column cannot be decoded.
   */
  static of(columns: RowGroupColumns, add: ReadNode): CheckpointBlock {
    if (add.kind !== "struct") throw new FieldProblem(`"add" is not a struct`);
    const fields = new Map(add.fields.map((field) => [field.name, field]));
    const rows = presentRows(columns, add);
    const fileCount = rows?.length ?? columns.rowCount;
    for (const name of ["path", "size", "modificationTime"]) {
      const node = fields.get(name);
      if (node?.kind !== "leaf") throw new FieldProblem(`"add" has no "${name}"`);
      if (columns.stream(node.firstLeaf).valueCount !== fileCount) {
        throw new FieldProblem(`"add" without "${name}"`);
      }
    }
    for (const name of ["stats", "partitionValues"]) {
      const node = fields.get(name);
      // What most readers look at is decoded now, so that damage is seen while there is another way.
      if (node !== undefined && fileCount > 0) columns.stream(node.firstLeaf);
    }
    const sizes = columns.stream((fields.get("size") as ReadNode).firstLeaf);
    let sizeBytes = 0;
    for (let index = 0; index < fileCount; index += 1) sizeBytes += Number(sizes.valueAt(index));
    return new CheckpointBlock(columns, fields, rows, sizeBytes);
  }

  at(index: number): ActiveFile {
    return new CheckpointFile(this, this.#rows?.[index] ?? index, index);
  }

  hashAt(index: number): number {
    const paths = this.#columns.stream((this.#fields.get("path") as ReadNode).firstLeaf);
    return paths.visitBytesAt(index, hashOfEncodedPath);
  }

  path(index: number): string {
    const paths = this.#columns.stream((this.#fields.get("path") as ReadNode).firstLeaf);
    return paths.textAt(index);
  }

  /** A number that is there for every file. */
  number(name: "size" | "modificationTime", index: number): number {
    const node = this.#fields.get(name) as ReadLeafNode;
    return Number(this.#columns.stream(node.firstLeaf).valueAt(index));
  }

  optional(name: string, row: number): unknown {
    const node = this.#fields.get(name);
    if (node === undefined || !this.#columns.isPresent(node, row)) return undefined;
    if (node.kind !== "leaf") return this.#columns.value(node, row);
    return rawValueOf(this.#columns.stream(node.firstLeaf), row, node);
  }

  stats(row: number): string | undefined {
    const text = this.#hasStatsText ? this.optional("stats", row) : undefined;
    if (typeof text === "string") return text;
    const parsed = this.#fields.get("stats_parsed");
    if (parsed === undefined || !this.#columns.isPresent(parsed, row)) return undefined;
    return statsTextOf(this.#columns, parsed, row);
  }
}

/** One file of a block. */
class CheckpointFile implements ActiveFile {
  readonly #block: CheckpointBlock;
  readonly #row: number;
  readonly #index: number;

  constructor(block: CheckpointBlock, row: number, index: number) {
    this.#block = block;
    this.#row = row;
    this.#index = index;
  }

  get path(): string {
    return decodeDataPath(this.encodedPath);
  }

  get encodedPath(): string {
    return this.#block.path(this.#index);
  }

  get sizeBytes(): number {
    return this.#block.number("size", this.#index);
  }

  get modificationTimeMs(): number {
    return this.#block.number("modificationTime", this.#index);
  }

  get rowCount(): number | undefined {
    return rowCountOfStats(this.stats);
  }

  get partitionValues(): PartitionValues {
    return (this.#block.optional("partitionValues", this.#row) ?? {}) as PartitionValues;
  }

  get stats(): string | undefined {
    return this.#block.stats(this.#row);
  }

  get tags(): Tags | undefined {
    return this.#block.optional("tags", this.#row) as Tags | undefined;
  }

  get deletionVector(): DeletionVectorDescriptor | undefined {
    const value = this.#block.optional("deletionVector", this.#row);
    if (value === undefined) return undefined;
    return deletionVectorOf(new FieldReader("add.deletionVector", value));
  }

  get baseRowId(): number | undefined {
    return numberOrUndefined(this.#block.optional("baseRowId", this.#row));
  }

  get defaultRowCommitVersion(): number | undefined {
    return numberOrUndefined(this.#block.optional("defaultRowCommitVersion", this.#row));
  }

  get clusteringProvider(): string | undefined {
    return this.#block.optional("clusteringProvider", this.#row) as string | undefined;
  }
}

/** The rows of a row group that have a part, or `undefined` where all have. */
export function presentRows(columns: RowGroupColumns, node: ReadNode): Int32Array | undefined {
  const { rowCount } = columns;
  if (rowCount === 0) return undefined;
  const rows = new Int32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (columns.isPresent(node, row)) rows[count++] = row;
  }
  return count === rowCount ? undefined : rows.slice(0, count);
}

function numberOrUndefined(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}
