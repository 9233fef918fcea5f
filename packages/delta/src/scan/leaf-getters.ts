// SPDX-License-Identifier: Apache-2.0
import { decimalOf, decimalText } from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";
import { isoDateOf } from "./calendar.ts";
import type { LeafValues } from "./conversions.ts";
import type { StoredBytes } from "./parquet/leaf-data.ts";

/** The value of a row that a leaf's value number `index` stands for. */
export type LeafGetter = (index: number) => unknown;

/** Values of a type as rows have them; see `Row`. */
export function leafGetterOf(values: LeafValues, type: DataType): LeafGetter {
  const decimal = decimalOf(type);
  if (decimal !== undefined) {
    const unscaled = unscaledGetterOf(values);
    return (index) => decimalText(unscaled(index), decimal.scale);
  }
  switch (values.kind) {
    case "boolean":
      return (index) => values.values[index] === 1;
    case "int32":
      return type === "date" ? dateGetterOf(values.values) : (index) => values.values[index];
    case "int64":
      return (index) => values.values[index];
    case "float":
      return (index) => values.values[index];
    case "double":
      return (index) => values.values[index];
    case "bytes":
      return type === "string" ? textGetterOf(values) : bytesGetterOf(values);
    case "int128":
      throw new TypeError(`values of 128 bits for ${JSON.stringify(type)}`);
  }
}

/** The unscaled integers of decimals. */
export function unscaledGetterOf(values: LeafValues): (index: number) => bigint {
  switch (values.kind) {
    case "int32":
      return (index) => BigInt(values.values[index] as number);
    case "int64":
      return (index) => values.values[index] as bigint;
    case "int128": {
      const { buffer, byteOffset, length } = values.values;
      const halves = new BigInt64Array(buffer, byteOffset, length / 2);
      return (index) =>
        ((halves[index * 2 + 1] as bigint) << 64n) |
        BigInt.asUintN(64, halves[index * 2] as bigint);
    }
    default:
      throw new TypeError(`decimals of kind ${values.kind}`);
  }
}

/** Where a value of a pool starts and ends. */
export function boundsOf(
  { ends, indices }: StoredBytes,
  index: number,
): { readonly entry: number; readonly start: number; readonly end: number } {
  const entry = indices === null ? index : (indices[index] as number);
  const start = (entry === 0 ? 0 : (ends[entry - 1] as number)) + 4;
  return { entry, start, end: ends[entry] as number };
}

/** A copy of the bytes, so that a value does not keep its column's memory. */
export function bytesGetterOf(bytes: StoredBytes): (index: number) => Uint8Array {
  return (index) => {
    const { start, end } = boundsOf(bytes, index);
    return bytes.data.slice(start, end);
  };
}

/** Texts of a dictionary are made once each. */
function textGetterOf(bytes: StoredBytes): LeafGetter {
  const { data, ends, indices } = bytes;
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const textOf = (entry: number): string =>
    buffer.toString("utf8", (entry === 0 ? 0 : (ends[entry - 1] as number)) + 4, ends[entry]);
  if (indices === null) return textOf;
  const texts: (string | undefined)[] = Array.from(ends, () => undefined);
  return (index) => {
    const entry = indices[index] as number;
    return (texts[entry] ??= textOf(entry));
  };
}

/** Days come again and again. */
function dateGetterOf(days: Int32Array): LeafGetter {
  const texts = new Map<number, string>();
  return (index) => {
    const day = days[index] as number;
    let text = texts.get(day);
    if (text === undefined) {
      text = isoDateOf(day);
      texts.set(day, text);
    }
    return text;
  };
}
