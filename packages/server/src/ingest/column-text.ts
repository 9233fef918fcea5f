// SPDX-License-Identifier: Apache-2.0
import {
  type BlockBuilder,
  type Column,
  decimalOf,
  decimalText,
  LENGTH_PREFIX_BYTES,
  type StructField,
} from "@sluice/delta";

const MAX_TEXT_LENGTH = 60;
const MICROS_PER_MILLI = 1_000n;
const DAY_MS = 86_400_000;

/** A value of a builder's row as text for people, cut where it is long. */
export function textOfColumn(
  builder: BlockBuilder,
  columnIndex: number,
  field: Pick<StructField, "type">,
  row: number,
): string {
  const column = builder.columns[columnIndex];
  if (column === undefined || column.kind === "nested") return "(nested)";
  if (column.validity !== null && column.validity[row] === 0) return "NULL";
  const text = valueText(column, field, row);
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}...` : text;
}

function valueText(
  column: Exclude<Column, { readonly kind: "nested" }>,
  { type }: Pick<StructField, "type">,
  row: number,
): string {
  if (column.kind === "bytes") {
    const start = column.startOf(row) + LENGTH_PREFIX_BYTES;
    const bytes = Buffer.from(column.data.subarray(start, column.ends[row]));
    return type === "binary" ? `0x${bytes.toString("hex")}` : JSON.stringify(bytes.toString());
  }
  const { kind, values } = column;
  if (kind === "boolean") return values[row] === 1 ? "true" : "false";
  if (kind === "float" || kind === "double") return String(values[row]);
  const words = { int32: 1, int64: 2, int128: 4 }[kind];
  return integerText(integerOf(values, row * words, words), type);
}

function integerText(value: bigint, type: StructField["type"]): string {
  if (type === "date") return isoText(Number(value) * DAY_MS).slice(0, 10);
  if (type === "timestamp") return isoText(Number(value / MICROS_PER_MILLI));
  if (type === "timestamp_ntz") return isoText(Number(value / MICROS_PER_MILLI)).slice(0, -1);
  const decimal = typeof type === "string" ? decimalOf(type) : undefined;
  return decimal === undefined ? String(value) : decimalText(value, decimal.scale);
}

function isoText(millis: number): string {
  return new Date(millis).toISOString();
}

/** Little-endian words of 32 bits, the last one signed. */
function integerOf(words: ArrayLike<number>, start: number, count: number): bigint {
  let value = BigInt(words[start + count - 1] as number);
  for (let word = count - 2; word >= 0; word--) {
    value = (value << 32n) | BigInt((words[start + word] as number) >>> 0);
  }
  return value;
}
