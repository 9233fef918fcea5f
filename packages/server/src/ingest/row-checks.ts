// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import {
  type BlockBuilder,
  type BlockCheck,
  type BoundColumn,
  BytesColumn,
  LENGTH_PREFIX_BYTES,
  type StructType,
  type WritePlan,
} from "@sluice/delta";
import type { RecordRules } from "./compile-decoder.ts";
import { textOfColumn } from "./column-text.ts";

/** A row that the table's rules do not allow. */
export interface BrokenRow {
  readonly row: number;
  /** The column at fault, where there is one. */
  readonly field: string | undefined;
  readonly message: string;
}

interface CompiledCheck {
  readonly find: BlockCheck;
  readonly describe: (builder: BlockBuilder, row: number) => Omit<BrokenRow, "row">;
}

/** What a table asks of whole rows, beyond the types of their columns. */
export class RowChecks {
  readonly #checks: readonly CompiledCheck[];

  constructor(plan: WritePlan, rules: RecordRules) {
    const { schema, partitionColumns } = plan;
    this.#checks = [
      ...plan.checks.map((check) => constraintCheck(check, schema)),
      ...partitionChecks(schema, partitionColumns),
      ...notNullChecks(schema, rules),
    ];
  }

  /** Whether any row is allowed: nothing has to be asked then. */
  get isEmpty(): boolean {
    return this.#checks.length === 0;
  }

  /** The first row from `firstRow` up to `rowEnd` that is not allowed. */
  firstBroken(builder: BlockBuilder, firstRow: number, rowEnd: number): BrokenRow | undefined {
    let broken: BrokenRow | undefined;
    for (const { find, describe } of this.#checks) {
      const row = find(builder, firstRow, broken?.row ?? rowEnd);
      if (row >= 0) broken = { row, ...describe(builder, row) };
    }
    return broken;
  }
}

function constraintCheck(
  { name, predicate, findBroken }: WritePlan["checks"][number],
  schema: StructType,
): CompiledCheck {
  const fields = predicate.columns.map((column) => topOf(column));
  return {
    find: findBroken,
    describe: (builder, row) => {
      const values = fields.map((field) => {
        const index = schema.fields.findIndex((candidate) => candidate.name === field.name);
        return `${field.name} = ${textOfColumn(builder, index, field, row)}`;
      });
      const given = values.length === 0 ? "" : ` with ${values.join(", ")}`;
      const message = `the ${name} (${predicate.text}) is not true${given}`;
      return { field: fields.length === 1 ? fields[0]?.name : undefined, message };
    },
  };
}

function topOf(column: BoundColumn): BoundColumn["fields"][number] {
  const [top] = column.fields;
  if (top === undefined) throw new TypeError(`column ${column.name} has no fields`);
  return top;
}

/** Not every text is a partition value: the empty one stands for NULL, and bytes are kept as UTF-8. */
function partitionChecks(
  schema: StructType,
  partitionColumns: WritePlan["partitionColumns"],
): readonly CompiledCheck[] {
  const names = new Set(partitionColumns.map(({ field }) => field.name));
  return schema.fields.flatMap((field, index): readonly CompiledCheck[] => {
    const isText = field.type === "string" || field.type === "binary";
    if (!names.has(field.name) || !isText) return [];
    const isBinary = field.type === "binary";
    if (field.nullable && !isBinary) return [];
    const isAllowed = (bytes: Uint8Array): boolean =>
      (field.nullable || bytes.length > 0) && (!isBinary || isUtf8(bytes));
    const find: BlockCheck = (rows, firstRow = 0, rowEnd = rows.rowCount) => {
      const column = rows.columns[index];
      if (!(column instanceof BytesColumn)) return -1;
      for (let row = firstRow; row < rowEnd; row++) {
        const isNull = column.validity !== null && column.validity[row] === 0;
        if (!isNull && !isAllowed(bytesOf(column, row))) return row;
      }
      return -1;
    };
    const rule = isBinary ? "UTF-8" : "not empty, as an empty text stands for NULL";
    const message = `the value of a partition column must be ${rule}`;
    return [{ find, describe: () => ({ field: field.name, message }) }];
  });
}

/** A NOT NULL column with a default can be left out, and still not be given as null. */
function notNullChecks(schema: StructType, { defaults }: RecordRules): readonly CompiledCheck[] {
  return [...defaults.keys()].flatMap((index): readonly CompiledCheck[] => {
    const field = schema.fields[index];
    if (field === undefined || field.nullable) return [];
    const find: BlockCheck = (rows, firstRow = 0, rowEnd = rows.rowCount) => {
      const column = rows.columns[index];
      if (column === undefined || column.kind === "nested" || column.validity === null) return -1;
      const row = column.validity.subarray(firstRow, rowEnd).indexOf(0);
      return row < 0 ? -1 : firstRow + row;
    };
    const message = "the value is null, and the column is NOT NULL";
    return [{ find, describe: () => ({ field: field.name, message }) }];
  });
}

function bytesOf(column: BytesColumn, row: number): Uint8Array {
  return column.data.subarray(column.startOf(row) + LENGTH_PREFIX_BYTES, column.ends[row]);
}
