// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder, Column } from "../columns/block-builder.ts";
import { CHAR_VARCHAR_METADATA_KEY } from "../schema/sql-type.ts";
import type { StructField, StructType } from "../schema/types.ts";
import { BlockFull } from "./bytes-writer.ts";
import { type ValueWriter, valueWriterOf } from "./flat-writer.ts";
import { nestedWriterOf } from "./nested-writer.ts";
import { memberReaderOf, rowError, shown, ValueProblem } from "./value-problem.ts";

/**
 * A row to be written, by column names. `null` is NULL; a column that is not given has its default, or NULL.
 *
 * | column | value |
 * |---|---|
 * | STRING | string |
 * | BOOLEAN | boolean |
 * | TINYINT, SMALLINT, INT | number or bigint, whole and in range |
 * | BIGINT | bigint, or a whole number up to 2^53 |
 * | FLOAT, DOUBLE | number |
 * | DECIMAL | string, number or bigint; nothing is rounded |
 * | DATE | `YYYY-MM-DD`, or a `Date` that is midnight in UTC |
 * | TIMESTAMP | `Date`, ISO 8601 with a zone, or a bigint of microseconds since 1970 |
 * | TIMESTAMP_NTZ | ISO 8601 without a zone, a bigint of microseconds, or a `Date` for its reading in UTC |
 * | BINARY | Uint8Array |
 * | STRUCT, ARRAY | object, array |
 * | MAP | `Map`, or an object whose names are the keys |
 * | VARIANT | any of these but `Map`; in objects and arrays as JSON has them |
 *
 * Rows of `DeltaTable.scan` are of this form, but for VARIANT, which it gives as JSON text: parse that.
 */
export type InputRow = Readonly<Record<string, unknown>>;

/** Rows to be written, and where each stands among all that the caller gave, for messages. */
export interface RowRun {
  readonly rows: readonly InputRow[];
  readonly indexOf: (position: number) => number;
}

/** Values for columns that a row does not give, by column name, in the form of {@link InputRow}. */
export type DefaultValues = ReadonlyMap<string, unknown>;

interface ColumnWriter {
  readonly name: string;
  readonly defaultValue: unknown;
  readonly column: Column;
  readonly isNullable: boolean;
  readonly put: ValueWriter;
}

/** Writes rows into the columns of a builder, column by column, validating as it goes. */
export class RowEncoder {
  readonly #builder: BlockBuilder;
  readonly #writers: readonly ColumnWriter[];
  readonly #names: ReadonlySet<string>;
  /** How many columns each row of a run has given. */
  #givenCounts: Uint32Array = new Uint32Array(64);

  /** @param builder of the columns of `schema`. */
  constructor(schema: StructType, builder: BlockBuilder, defaults: DefaultValues) {
    this.#builder = builder;
    this.#writers = schema.fields.map((field, index) => {
      const column = builder.columns[index] as Column;
      return columnWriterOf(field, column, defaults.get(field.name));
    });
    this.#names = new Set(schema.fields.map(({ name }) => name));
  }

  /**
   * Writes the rows of a run from `start` on, as many as fit, and counts them in the builder.
   * @returns the number written; less than there are where a block with these rows would be too large: end the block, or
   *   give up if it has none.
   * @throws DeltaError `invalid_argument` naming row, column and value; then none of the run counts.
   */
  write(run: RowRun, start: number, end: number): number {
    let rowCount = end - start;
    while (rowCount > 0) {
      try {
        this.#writeColumns(run, start, start + rowCount);
        this.#builder.rowCount += rowCount;
        return rowCount;
      } catch (error) {
        if (!(error instanceof BlockFull)) throw error;
        rowCount >>>= 1;
      }
    }
    return 0;
  }

  #writeColumns(run: RowRun, start: number, end: number): void {
    const builder = this.#builder;
    const firstRow = builder.rowCount;
    const rowCount = end - start;
    while (firstRow + rowCount > builder.rowCapacity) builder.growRows();
    if (this.#givenCounts.length < rowCount) this.#givenCounts = new Uint32Array(rowCount * 2);
    this.#givenCounts.fill(0, 0, rowCount);
    for (const writer of this.#writers) {
      writeColumn(writer, run, start, rowCount, firstRow, this.#givenCounts);
    }
    for (let index = 0; index < rowCount; index += 1) {
      const row = run.rows[start + index] as InputRow;
      if (Object.keys(row).length !== this.#givenCounts[index]) {
        this.#checkNames(row, run.indexOf(start + index));
      }
    }
  }

  #checkNames(row: InputRow, rowIndex: number): void {
    for (const name of Object.keys(row)) {
      if (this.#names.has(name) || row[name] === undefined) continue;
      throw rowError(rowIndex, new ValueProblem(name, "the table has no such column"));
    }
  }
}

function columnWriterOf(field: StructField, column: Column, defaultValue: unknown): ColumnWriter {
  const { name, type, nullable: isNullable } = field;
  const put =
    column.kind === "nested"
      ? nestedWriterOf(field, column)
      : withMaxLength(field, valueWriterOf(type, column, name));
  return { name, defaultValue, column, isNullable, put };
}

function writeColumn(
  { name, defaultValue, column, isNullable, put }: ColumnWriter,
  { rows, indexOf }: RowRun,
  start: number,
  rowCount: number,
  firstRow: number,
  givenCounts: Uint32Array,
): void {
  const { validity } = column;
  const read = memberReaderOf(name);
  for (let index = 0; index < rowCount; index += 1) {
    let value = read(rows[start + index] as InputRow);
    if (value === undefined) value = defaultValue;
    else givenCounts[index] = (givenCounts[index] as number) + 1;
    const row = firstRow + index;
    try {
      if (value === null || value === undefined) {
        if (!isNullable) throw new ValueProblem(name, "it is NOT NULL and has no value");
        writeNull(column, row, put);
        continue;
      }
      put(row, value);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      throw rowError(indexOf(start + index), error);
    }
    if (validity !== null) validity[row] = 1;
  }
}

function writeNull(column: Column, row: number, put: ValueWriter): void {
  if (column.kind === "nested") {
    put(row, null);
    return;
  }
  if (column.validity !== null) column.validity[row] = 0;
  if (column.kind === "bytes") column.ends[row] = column.startOf(row);
}

/** VARCHAR(n) and CHAR(n) are STRING columns with a length. */
function withMaxLength(field: StructField, put: ValueWriter): ValueWriter {
  const declared = field.metadata[CHAR_VARCHAR_METADATA_KEY];
  const match = typeof declared === "string" ? /^(?:var)?char\((\d+)\)$/i.exec(declared) : null;
  if (match === null) return put;
  const maxLength = Number(match[1]);
  return (row, value) => {
    if (typeof value === "string" && characterCount(value) > maxLength) {
      throw new ValueProblem(
        field.name,
        `${shown(value)} has more than the ${maxLength} characters of ${String(declared).toUpperCase()}`,
      );
    }
    put(row, value);
  };
}

function characterCount(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xdc00 && unit <= 0xdfff) count -= 1;
  }
  return count;
}
