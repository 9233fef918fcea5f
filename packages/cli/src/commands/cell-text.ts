// SPDX-License-Identifier: Apache-2.0
import type { DataType } from "@sluice/delta";
import { jsonText } from "../terminal/json-text.ts";

const MICROS_PER_MS = 1000n;
/** The last millisecond that `Date` can name, on both sides of the epoch. */
const MAX_DATE_MS = 8_640_000_000_000_000n;
const MAX_SHOWN_BYTES = 64;

/** A value of a table as text for a person. */
export function cellText(value: unknown, type: DataType): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return value;
  if (typeof value === "bigint" && (type === "timestamp" || type === "timestamp_ntz")) {
    return timestampText(value, type === "timestamp" ? "Z" : "");
  }
  if (value instanceof Uint8Array) {
    const shown = Buffer.from(value.subarray(0, MAX_SHOWN_BYTES)).toString("hex");
    return `0x${shown}${value.length > MAX_SHOWN_BYTES ? "…" : ""}`;
  }
  return typeof value === "number" ? String(value) : jsonText(value);
}

function timestampText(micros: bigint, zone: string): string {
  const remainder = ((micros % MICROS_PER_MS) + MICROS_PER_MS) % MICROS_PER_MS;
  const milliseconds = (micros - remainder) / MICROS_PER_MS;
  if (milliseconds > MAX_DATE_MS || milliseconds < -MAX_DATE_MS) return `${micros} µs`;
  const text = new Date(Number(milliseconds)).toISOString().replace("T", " ").slice(0, -1);
  const fraction = `${text.slice(-3)}${String(remainder).padStart(3, "0")}`;
  const seconds = text.slice(0, -4);
  if (Number(fraction) === 0) return `${seconds}${zone}`;
  return `${seconds}.${fraction.replace(/0{3}$/, "")}${zone}`;
}
