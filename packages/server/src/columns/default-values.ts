// SPDX-License-Identifier: Apache-2.0
import {
  type BlockBuilder,
  BytesColumn,
  type Column,
  columnDefaultOf,
  DeltaError,
  FixedColumn,
  LENGTH_PREFIX_BYTES,
  type Scalar,
  type StructField,
  type StructType,
} from "@sluice/delta";
import { ServerError } from "../errors.ts";
import type { DecoderPlan, RecordDecoder, RunDecoder } from "./decoder.ts";

/** Writes one value into a row of a column, which must be the last one of a column of bytes. */
export type FillCell = (column: Column, row: number) => void;

/** By column, what is written where a record leaves the column out. */
export type DefaultFills = ReadonlyMap<number, FillCell>;

const DAY_MS = 86_400_000;

/**
 * What the columns of a table have where a record leaves them out, apart from NULL.
 * @throws ServerError `unimplemented` for a default that cannot be worked out here, naming the column.
 */
export function defaultFillsOf(schema: StructType, table: string): DefaultFills {
  const fills = new Map<number, FillCell>();
  for (const [index, field] of schema.fields.entries()) {
    let value: Scalar | null | undefined;
    try {
      value = columnDefaultOf(field);
    } catch (cause) {
      if (!(cause instanceof DeltaError)) throw cause;
      const message = `table ${table} cannot be written to: ${cause.message}`;
      throw new ServerError("unimplemented", message, { table, field: field.name }, cause);
    }
    if (value !== undefined && value !== null) fills.set(index, fillOf(field, value));
  }
  return fills;
}

/** The schema that records are decoded by: a record may leave out columns that have a default. */
export function decodingSchemaOf(schema: StructType, fills: DefaultFills): StructType {
  if (fills.size === 0) return schema;
  const fields = schema.fields.map((field, index) =>
    fills.has(index) ? { ...field, nullable: true } : field,
  );
  return { ...schema, fields };
}

/** Fills the columns that protobuf records leave out: what is absent is null there, and nothing else is. */
export function withDefaults(plan: DecoderPlan, fills: DefaultFills): DecoderPlan {
  if (fills.size === 0) return plan;
  return { ...plan, bind: (builder) => new DefaultingDecoder(plan.bind(builder), fills, builder) };
}

class DefaultingDecoder implements RecordDecoder {
  readonly run?: RunDecoder;
  readonly #decoder: RecordDecoder;
  readonly #fills: DefaultFills;
  readonly #builder: BlockBuilder;

  constructor(decoder: RecordDecoder, fills: DefaultFills, builder: BlockBuilder) {
    this.#decoder = decoder;
    this.#fills = fills;
    this.#builder = builder;
    const { run } = decoder;
    // Bytes cannot be put between rows that are there already.
    const isFixed = [...fills.keys()].every(
      (index) => builder.columns[index] instanceof FixedColumn,
    );
    if (run === undefined || !isFixed) return;
    this.run = {
      decode: (buffer, start, end) => run.decode(buffer, start, end),
      finish: (firstRow) => {
        if (!run.finish(firstRow)) return false;
        this.#fill(firstRow);
        return true;
      },
    };
  }

  get failure(): RecordDecoder["failure"] {
    return this.#decoder.failure;
  }

  decode(buffer: Uint8Array, start: number, end: number): boolean {
    const row = this.#builder.rowCount;
    if (!this.#decoder.decode(buffer, start, end)) return false;
    this.#fill(row);
    return true;
  }

  #fill(firstRow: number): void {
    const { rowCount, columns } = this.#builder;
    for (const [index, fill] of this.#fills) {
      const column = columns[index];
      if (column === undefined || column.validity === null) continue;
      for (let row = firstRow; row < rowCount; row++) {
        if (column.validity[row] === 0) fill(column, row);
      }
    }
  }
}

function fillOf(field: StructField, value: Scalar): FillCell {
  const bytes = bytesOf(field, value);
  if (bytes !== undefined) return (column, row) => putBytes(column, row, bytes);
  const number = numberOf(field, value);
  return (column, row) => {
    if (!(column instanceof FixedColumn)) return;
    putFixed(column, row, number);
    if (column.validity !== null) column.validity[row] = 1;
  };
}

function bytesOf({ type }: StructField, value: Scalar): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return type === "string" && typeof value === "string" ? Buffer.from(value) : undefined;
}

/** As columns of numbers hold it. */
function numberOf({ type }: StructField, value: Scalar): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = String(value);
  if (type === "date") return Date.parse(text) / DAY_MS;
  // A DECIMAL has all the digits of its scale.
  return BigInt(text.replace(".", ""));
}

function putBytes(column: Column, row: number, bytes: Uint8Array): void {
  if (!(column instanceof BytesColumn)) return;
  const start = column.startOf(row);
  const end = start + LENGTH_PREFIX_BYTES + bytes.length;
  column.reserve(end);
  Buffer.from(column.data.buffer, column.data.byteOffset).writeUInt32LE(bytes.length, start);
  column.data.set(bytes, start + LENGTH_PREFIX_BYTES);
  column.ends[row] = end;
  if (column.validity !== null) column.validity[row] = 1;
}

const WORDS = { int64: 2, int128: 4 } as const;

function putFixed({ kind, values }: FixedColumn, row: number, value: number | bigint): void {
  if (kind !== "int64" && kind !== "int128") {
    values[row] = Number(value);
    return;
  }
  const count = WORDS[kind];
  const integer = BigInt(value);
  for (let word = 0; word < count; word++) {
    values[row * count + word] = Number(BigInt.asIntN(32, integer >> BigInt(32 * word)));
  }
}
