// SPDX-License-Identifier: Apache-2.0
import type { BytesColumn } from "../columns/bytes-column.ts";
import type { FixedColumn } from "../columns/fixed-column.ts";
import { type DecimalFormat, decimalOf } from "../schema/decimal.ts";
import type { DataType } from "../schema/types.ts";
import { bytesWriterOf, textWriterOf } from "./bytes-writer.ts";
import {
  dayOf,
  integerOf,
  localTimestampOf,
  longOf,
  timestampOf,
  unscaledOf,
} from "./input-values.ts";
import { shown, ValueProblem } from "./value-problem.ts";

/** Puts a value that is not null at a place of a column: a row, or an index among the values of a leaf. */
export type ValueWriter = (index: number, value: unknown) => void;

const TWO_POW_32 = 4_294_967_296;
const scratchLong = new BigInt64Array(1);
const scratchHalves = new Int32Array(scratchLong.buffer);

/**
 * The writer of a type without parts.
 * @param column what the values go into; its arrays may be replaced between two calls.
 * @param name of the column, for messages.
 */
export function valueWriterOf(
  type: DataType,
  column: FixedColumn | BytesColumn,
  name: string,
): ValueWriter {
  if (column.kind === "bytes") {
    return type === "string" ? textWriterOf(column, name) : bytesWriterOf(column, name);
  }
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalWriterOf(decimal, column, name);
  switch (type) {
    case "boolean":
      return booleanWriterOf(column, name);
    case "byte":
      return integerWriterOf(column, name, -0x80, 0x7f);
    case "short":
      return integerWriterOf(column, name, -0x8000, 0x7fff);
    case "integer":
      return integerWriterOf(column, name, -0x8000_0000, 0x7fff_ffff);
    case "date":
      return dayWriterOf(column, name);
    case "long":
      return longWriterOf(column, name);
    case "timestamp":
      return timestampWriterOf(column, name, timestampOf);
    case "timestamp_ntz":
      return timestampWriterOf(column, name, localTimestampOf);
    case "float":
      return floatWriterOf(column, name);
    case "double":
      return doubleWriterOf(column, name);
    default:
      throw new TypeError(`${JSON.stringify(type)} is not a type without parts`);
  }
}

function booleanWriterOf(column: FixedColumn, name: string): ValueWriter {
  return (index, value) => {
    if (typeof value !== "boolean") {
      throw new ValueProblem(name, `${shown(value)} is not a boolean`);
    }
    column.values[index] = value ? 1 : 0;
  };
}

function integerWriterOf(column: FixedColumn, name: string, min: number, max: number): ValueWriter {
  return (index, value) => {
    // True of nearly every value, and of whole numbers only.
    if (typeof value === "number" && (value | 0) === value && value >= min && value <= max) {
      column.values[index] = value;
      return;
    }
    column.values[index] = numberOr(name, integerOf(value, min, max));
  };
}

function dayWriterOf(column: FixedColumn, name: string): ValueWriter {
  return (index, value) => {
    column.values[index] = numberOr(name, dayOf(value));
  };
}

function longWriterOf(column: FixedColumn, name: string): ValueWriter {
  return (index, value) => {
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      const { values } = column;
      values[index * 2] = value | 0;
      values[index * 2 + 1] = Math.floor(value / TWO_POW_32);
      return;
    }
    writeLong(column, index, bigintOr(name, longOf(value)));
  };
}

function timestampWriterOf(
  column: FixedColumn,
  name: string,
  convert: (value: unknown) => bigint | string,
): ValueWriter {
  return (index, value) => {
    if (value instanceof Date) {
      const micros = value.getTime() * 1000;
      if (Number.isSafeInteger(micros)) {
        const { values } = column;
        values[index * 2] = micros | 0;
        values[index * 2 + 1] = Math.floor(micros / TWO_POW_32);
        return;
      }
    }
    writeLong(column, index, bigintOr(name, convert(value)));
  };
}

function writeLong({ values }: FixedColumn, index: number, value: bigint): void {
  scratchLong[0] = value;
  values[index * 2] = scratchHalves[0] as number;
  values[index * 2 + 1] = scratchHalves[1] as number;
}

function decimalWriterOf(format: DecimalFormat, column: FixedColumn, name: string): ValueWriter {
  const { kind } = column;
  const unscaled = (value: unknown): bigint => bigintOr(name, unscaledOf(value, format));
  if (kind === "int32") {
    return (index, value) => {
      column.values[index] = Number(unscaled(value));
    };
  }
  if (kind === "int64") return (index, value) => writeLong(column, index, unscaled(value));
  return (index, value) => {
    const { values } = column;
    const integer = unscaled(value);
    for (let word = 0; word < 4; word += 1) {
      values[index * 4 + word] = Number(BigInt.asIntN(32, integer >> BigInt(32 * word)));
    }
  };
}

function floatWriterOf(column: FixedColumn, name: string): ValueWriter {
  return (index, value) => {
    if (typeof value !== "number") throw notNumber(name, value);
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new ValueProblem(name, `${value} is beyond the range of FLOAT`);
    }
    column.values[index] = value;
  };
}

function doubleWriterOf(column: FixedColumn, name: string): ValueWriter {
  return (index, value) => {
    if (typeof value !== "number") throw notNumber(name, value);
    column.values[index] = value;
  };
}

function notNumber(name: string, value: unknown): ValueProblem {
  return new ValueProblem(name, `${shown(value)} is not a number`);
}

function numberOr(name: string, result: number | string): number {
  if (typeof result === "string") throw new ValueProblem(name, result);
  return result;
}

function bigintOr(name: string, result: bigint | string): bigint {
  if (typeof result === "string") throw new ValueProblem(name, result);
  return result;
}
