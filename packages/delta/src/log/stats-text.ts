// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement } from "hyparquet";
import { decimalText } from "../schema/decimal.ts";
import type { RawValue, RowGroupColumns } from "./parquet/row-group.ts";
import type { ReadLeafNode, ReadNode } from "./parquet/schema-tree.ts";

/** A number in its own digits, which JavaScript's numbers may not hold. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Statistics as JSON text, from the columns of `stats_parsed` that a checkpoint has instead. */
export function statsTextOf(columns: RowGroupColumns, parsed: ReadNode, row: number): string {
  return jsonOf(columns.value(parsed, row, statValueOf)) ?? "{}";
}

function statValueOf(raw: RawValue, { element }: ReadLeafNode): unknown {
  const { converted_type: converted, logical_type: logical, scale } = element;
  if (converted === "DECIMAL" || logical?.type === "DECIMAL") {
    return new NumberText(decimalText(unscaledOf(raw), scale ?? 0));
  }
  if (converted === "DATE" || logical?.type === "DATE") {
    return dateText(Number(raw) * MS_PER_DAY);
  }
  const microseconds = microsecondsOf(raw, element);
  if (microseconds !== undefined) return timestampText(microseconds, isLocal(element));
  return typeof raw === "bigint" ? new NumberText(String(raw)) : raw;
}

/** Leaves out what is null, as writers of statistics do. */
function jsonOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value instanceof Uint8Array) return undefined;
  if (value instanceof NumberText) return value.text;
  if (typeof value !== "object") return JSON.stringify(value);
  const parts: string[] = [];
  for (const [key, part] of Object.entries(value)) {
    const text = jsonOf(part);
    if (text !== undefined) parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(",")}}`;
}

const MS_PER_DAY = 86_400_000;
/** The Julian day of 1970-01-01. */
const EPOCH_JULIAN_DAY = 2_440_588n;
const US_PER_DAY = 86_400_000_000n;

function microsecondsOf(raw: RawValue, element: SchemaElement): bigint | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === "INT96" && raw instanceof Uint8Array) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const day = BigInt(view.getInt32(8, true)) - EPOCH_JULIAN_DAY;
    return day * US_PER_DAY + view.getBigInt64(0, true) / 1000n;
  }
  if (typeof raw !== "bigint") return undefined;
  const unit = logical?.type === "TIMESTAMP" ? logical.unit : undefined;
  if (converted === "TIMESTAMP_MICROS" || unit === "MICROS") return raw;
  if (converted === "TIMESTAMP_MILLIS" || unit === "MILLIS") return raw * 1000n;
  if (unit === "NANOS") return BigInt.asIntN(64, raw) / 1000n;
  return undefined;
}

function isLocal({ logical_type: logical }: SchemaElement): boolean {
  return logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC;
}

function dateText(milliseconds: number): string | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().split("T")[0];
}

/** Milliseconds are what statistics keep of a timestamp; bounds stay right since readers allow for them. */
function timestampText(microseconds: bigint, isWithoutZone: boolean): string | undefined {
  const remainder = ((microseconds % 1000n) + 1000n) % 1000n;
  const date = new Date(Number((microseconds - remainder) / 1000n));
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString().slice(0, -1);
  const digits = remainder === 0n ? "" : String(remainder).padStart(3, "0");
  return `${text}${digits}${isWithoutZone ? "" : "Z"}`;
}

function unscaledOf(raw: RawValue): bigint {
  if (raw instanceof Uint8Array) {
    let unscaled = 0n;
    for (const byte of raw) unscaled = (unscaled << 8n) | BigInt(byte);
    return BigInt.asIntN(raw.length * 8, unscaled);
  }
  return BigInt(raw);
}
