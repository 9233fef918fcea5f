// SPDX-License-Identifier: Apache-2.0
import { decimalOf, MAX_INT32_DIGITS, MAX_INT64_DIGITS } from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";
import type { FixedKind } from "./fixed-column.ts";

/** How a value without parts is stored; `bytes` serves STRING and BINARY. */
export type FlatKind = FixedKind | "bytes";

/** How values of each primitive type are held in a column. */
const KINDS: ReadonlyMap<string, FlatKind> = new Map<string, FlatKind>([
  ["string", "bytes"],
  ["binary", "bytes"],
  ["boolean", "boolean"],
  ["byte", "int32"],
  ["short", "int32"],
  ["integer", "int32"],
  ["date", "int32"],
  ["long", "int64"],
  ["timestamp", "int64"],
  ["timestamp_ntz", "int64"],
  ["float", "float"],
  ["double", "double"],
]);

/** How values of a type are stored, or `undefined` for a type with parts. */
export function flatKindOf(type: DataType): FlatKind | undefined {
  if (typeof type !== "string") return undefined;
  const decimal = decimalOf(type);
  if (decimal === undefined) return KINDS.get(type);
  if (decimal.precision <= MAX_INT32_DIGITS) return "int32";
  return decimal.precision <= MAX_INT64_DIGITS ? "int64" : "int128";
}
