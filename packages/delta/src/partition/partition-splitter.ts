// SPDX-License-Identifier: Apache-2.0
import { blockReaders, type ColumnRows } from "../expression/block-readers.ts";
import type { Evaluator } from "../expression/evaluate.ts";
import { rowValueOfScalar } from "../expression/row-scalars.ts";
import { type Scalar, scalarTypeOf } from "../expression/scalar-types.ts";
import type { PartitionValues } from "../log/actions.ts";
import type { StructField, StructType } from "../schema/types.ts";
import { partitionDirectory } from "./partition-directory.ts";
import { partitionValueToText } from "./partition-values.ts";
import { keyOfValues } from "./values-key.ts";

/** A column that a table is partitioned by. */
export interface PartitionField {
  readonly field: StructField;
  /** The name in `partitionValues`. */
  readonly physicalName: string;
}

/** The rows of a block that one partition has. */
export interface PartitionRows {
  /** Tells partitions apart. */
  readonly key: string;
  readonly values: PartitionValues;
  /** Where its files go by custom, below the table's directory. */
  readonly directory: string;
  readonly rows: readonly number[];
}

/** Partitions that are remembered by the values they came from; more of them start again. */
const MAX_REMEMBERED = 10_000;

type Partition = Omit<PartitionRows, "rows">;
type ValueReader = Evaluator<ColumnRows>;

/** Finds the partitions that rows in columns belong to. */
export class PartitionSplitter {
  readonly #fields: readonly PartitionField[];
  readonly #readers: readonly ValueReader[];
  readonly #known = new Map<unknown, Partition>();

  /**
   * @param schema of the rows.
   * @throws DeltaError `unsupported` for a column that tables cannot be partitioned by.
   */
  constructor(schema: StructType, fields: readonly PartitionField[]) {
    const readers = blockReaders(schema);
    this.#fields = fields;
    this.#readers = fields.map(({ field }) => {
      // Tells whether the type can be: it has a text then, NULL's being none.
      partitionValueToText(null, field);
      const type = scalarTypeOf(field.type) ?? "void";
      return readers.valueReader({ fields: [field], name: field.name, type }, type);
    });
  }

  /**
   * The partitions of a block's rows, in the order in which they come.
   * @throws DeltaError `invalid_argument` for a value that no partition can have.
   */
  split(block: ColumnRows): PartitionRows[] {
    const found = new Map<Partition, number[]>();
    for (let row = 0; row < block.rowCount; row++) {
      const partition = this.#partitionOf(block, row);
      const rows = found.get(partition);
      if (rows === undefined) found.set(partition, [row]);
      else rows.push(row);
    }
    // Different values may have one text, such as NULL and the empty text.
    const byKey = new Map<string, PartitionRows>();
    for (const [partition, rows] of found) {
      const same = byKey.get(partition.key);
      const all = same === undefined ? rows : [...same.rows, ...rows].sort(ascending);
      byKey.set(partition.key, { ...partition, rows: all });
    }
    return [...byKey.values()];
  }

  #partitionOf(block: ColumnRows, row: number): Partition {
    const values = this.#readers.map((read) => read(block, row));
    const key = keyOfValues(values);
    let partition = this.#known.get(key);
    if (partition === undefined) {
      partition = this.#makePartition(values);
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
      this.#known.set(key, partition);
    }
    return partition;
  }

  #makePartition(scalars: readonly (Scalar | null)[]): Partition {
    const texts = this.#fields.map(({ field, physicalName }, index): [string, string | null] => {
      const scalar = scalars[index] ?? null;
      const type = scalarTypeOf(field.type) ?? "void";
      const value = scalar === null ? null : rowValueOfScalar(scalar, type);
      return [physicalName, partitionValueToText(value, field)];
    });
    return {
      key: JSON.stringify(texts),
      values: Object.fromEntries(texts),
      directory: partitionDirectory(texts),
    };
  }
}

function ascending(left: number, right: number): number {
  return left - right;
}
