// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { PartitionValues } from "../log/actions.ts";
import { partitionDirectory } from "../partition/partition-directory.ts";
import { partitionValueToText } from "../partition/partition-values.ts";
import { keyOfValues } from "../partition/values-key.ts";
import type { InputRow } from "../rows/row-encoder.ts";
import { rowValueOf } from "../rows/row-value.ts";
import { memberReaderOf, rowError, shown, ValueProblem } from "../rows/value-problem.ts";
import type { PartitionColumn } from "./write-plan.ts";

/** What rows of one partition have in common. */
export interface Partition {
  /** Tells partitions apart. */
  readonly key: string;
  readonly values: PartitionValues;
  /** Where its files go, below the table's directory; empty for a table without partitions. */
  readonly directory: string;
}

export const WHOLE_TABLE: Partition = { key: "", values: {}, directory: "" };

/** Partitions that are remembered by the values they came from; more of them start again. */
const MAX_REMEMBERED = 10_000;

/** Finds the partitions of rows. */
export class PartitionFinder {
  readonly #columns: readonly PartitionColumn[];
  readonly #readers: readonly ReturnType<typeof memberReaderOf>[];
  readonly #defaults: ReadonlyMap<string, unknown>;
  readonly #known = new Map<unknown, Partition>();

  constructor(columns: readonly PartitionColumn[], defaults: ReadonlyMap<string, unknown>) {
    this.#columns = columns;
    this.#readers = columns.map(({ field }) => memberReaderOf(field.name));
    this.#defaults = defaults;
  }

  /**
   * The partition of a row.
   * @throws DeltaError `invalid_argument` naming row and column for a value that no partition can have.
   */
  find(row: InputRow, rowIndex: number): Partition {
    const key = this.#keyOf(row);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const partition = this.#partitionOf(row, rowIndex);
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(key, partition);
    return partition;
  }

  /** Equal for rows with the same values; different values may have the same partition. */
  #keyOf(row: InputRow): unknown {
    return keyOfValues(this.#readers.map((read) => read(row)));
  }

  #partitionOf(row: InputRow, rowIndex: number): Partition {
    const texts = this.#columns.map(({ field, physicalName }, index): [string, string | null] => {
      const given = this.#readers[index]?.(row);
      const value = given === undefined ? this.#defaults.get(field.name) : given;
      return [physicalName, textOf(value, field, rowIndex)];
    });
    return {
      key: JSON.stringify(texts),
      values: Object.fromEntries(texts),
      directory: partitionDirectory(texts),
    };
  }
}

function textOf(value: unknown, field: PartitionColumn["field"], rowIndex: number): string | null {
  let text: string | null;
  try {
    text = partitionValueToText(rowValueOf(value, field), field);
  } catch (error) {
    if (error instanceof ValueProblem) throw rowError(rowIndex, error);
    if (!(error instanceof DeltaError)) throw error;
    throw rowError(rowIndex, new ValueProblem(field.name, error.message));
  }
  if (text !== null || field.nullable) return text;
  const problem =
    value === null || value === undefined
      ? "it is NOT NULL and has no value"
      : `${shown(value)} becomes NULL in a partition column, and it is NOT NULL`;
  throw rowError(rowIndex, new ValueProblem(field.name, problem));
}
