// SPDX-License-Identifier: Apache-2.0
import { decimalOf } from "../../src/schema/decimal.ts";
import type { DataType, StructType } from "../../src/schema/types.ts";
import type { Row } from "../../src/scan/row.ts";

/** A row in the form that the scripts of `conformance/delta` print; see `plain_values.py`. */
export function plainRow(schema: StructType, row: Row): unknown[] {
  return schema.fields.map(({ name, type }) => plainValue(row[name], type));
}

function plainValue(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined) return null;
  if (typeof type === "object") return plainNested(value, type);
  if (decimalOf(type) !== undefined) return value;
  switch (type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return String(value);
    case "float":
    case "double":
      return hexOf(value as number);
    case "timestamp":
    case "timestamp_ntz":
      return `${String(value)}us`;
    case "binary":
      return Buffer.from(value as Uint8Array).toString("hex");
    case "variant":
      return JSON.parse(value as string) as unknown;
    default:
      return value;
  }
}

function plainNested(value: unknown, type: Exclude<DataType, string>): unknown {
  switch (type.type) {
    case "struct":
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          plainValue((value as Row)[field.name], field.type),
        ]),
      );
    case "array":
      return (value as unknown[]).map((item) => plainValue(item, type.elementType));
    case "map":
      return [...(value as Map<unknown, unknown>)].map(([key, item]) => [
        plainValue(key, type.keyType),
        plainValue(item, type.valueType),
      ]);
  }
}

/** A number as Python's `float.hex` prints it. */
function hexOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const sign = Object.is(value, -0) || value < 0 ? "-" : "";
  if (value === 0) return `${sign}0x0.0p+0`;
  const exponent = ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
  const digits = (view.getBigUint64(0) & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0");
  return `${sign}0x1.${digits}p${exponent < 0 ? "" : "+"}${exponent}`;
}

/** Rows in an order of their own, since each engine takes the files in its own order. */
export function sortedRows(rows: readonly unknown[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}
