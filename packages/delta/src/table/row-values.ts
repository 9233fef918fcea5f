// SPDX-License-Identifier: Apache-2.0
import { decimalOf, decimalText } from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";

/** Turns what the Parquet reader gives for a column into the value of a row. */
export type ValueReader = (raw: unknown) => unknown;

/**
 * How the values of a type are finished; `undefined` for types that come as they should be. Decimals come as unscaled
 * integers (`openParquet` asks for them so, since its library would make inexact numbers of them).
 */
export function valueReaderOf(type: DataType): ValueReader | undefined {
  if (typeof type === "string") {
    const decimal = decimalOf(type);
    return decimal === undefined
      ? undefined
      : orNull((raw) => decimalText(unscaledOf(raw), decimal.scale));
  }
  switch (type.type) {
    case "struct": {
      const fields = type.fields.map(({ name, type: fieldType }) => ({
        name,
        reader: valueReaderOf(fieldType) ?? ((raw: unknown) => raw ?? null),
      }));
      return orNull((raw) => withFields(raw as Readonly<Record<string, unknown>>, fields));
    }
    case "array": {
      const reader = valueReaderOf(type.elementType);
      return reader && orNull((raw) => (raw as unknown[]).map(reader));
    }
    case "map": {
      const reader = valueReaderOf(type.valueType);
      return reader && orNull((raw) => withValues(raw as object, reader));
    }
  }
}

function orNull(reader: ValueReader): ValueReader {
  return (raw) => (raw === null || raw === undefined ? null : reader(raw));
}

/** All fields in the order of the schema: the Parquet reader leaves out some that are null. */
function withFields(
  raw: Readonly<Record<string, unknown>>,
  fields: readonly { readonly name: string; readonly reader: ValueReader }[],
): object {
  return Object.fromEntries(fields.map(({ name, reader }) => [name, reader(raw[name])]));
}

function withValues(raw: object, reader: ValueReader): object {
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, reader(value)]));
}

/** Parquet keeps the integer in 32 or 64 bits, or as big-endian bytes in two's complement. */
function unscaledOf(raw: unknown): bigint {
  if (raw instanceof Uint8Array) {
    let unscaled = 0n;
    for (const byte of raw) unscaled = (unscaled << 8n) | BigInt(byte);
    return BigInt.asIntN(raw.length * 8, unscaled);
  }
  return BigInt(raw as number | bigint);
}
