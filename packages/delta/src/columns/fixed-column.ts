// SPDX-License-Identifier: Apache-2.0
import { sharedBytes, sharedFloat32s, sharedFloat64s, sharedInt32s } from "./shared-memory.ts";

/** Storage of a column whose values all take the same number of bytes. */
export type FixedKind = "boolean" | "int32" | "int64" | "int128" | "float" | "double";

/**
 * The array behind each fixed kind. An `int64` is two int32 halves, low half first (so the bytes are those of a
 * little-endian 64-bit integer, as Parquet wants them), an `int128` four of them, for decimals of more than 18
 * digits: no BigInt is made on the hot path.
 */
export type FixedValues = Uint8Array | Int32Array | Float32Array | Float64Array;

/** How many array elements one row of each kind takes. */
export const ELEMENTS_PER_ROW: Readonly<Record<FixedKind, number>> = {
  boolean: 1,
  int32: 1,
  int64: 2,
  int128: 4,
  float: 1,
  double: 1,
};

/**
 * A growing column of fixed-size values, indexed by row: a null row keeps its slot, whose content is unspecified.
 *
 * The fields are public for the decoders, which are generated code: `values` and `validity` are replaced when the
 * column grows or is detached, so a decoder reads them again for each row. The object itself lives as long as its
 * builder.
 */
export class FixedColumn {
  readonly kind: FixedKind;
  readonly nullable: boolean;
  values: FixedValues;
  /** One byte a row, 1 where a value is present; `null` for a NOT NULL column. */
  validity: Uint8Array | null;

  constructor(kind: FixedKind, nullable: boolean, rowCapacity: number) {
    this.kind = kind;
    this.nullable = nullable;
    this.values = allocateFixed(kind, rowCapacity);
    this.validity = nullable ? sharedBytes(rowCapacity) : null;
  }

  /** Rows (values, in a leaf of a nested column) that there is room for. */
  get capacity(): number {
    return this.values.length / ELEMENTS_PER_ROW[this.kind];
  }

  /** Grows to `rowCapacity` rows and keeps what is there. */
  grow(rowCapacity: number): void {
    const values = allocateFixed(this.kind, rowCapacity);
    values.set(this.values);
    this.values = values;
    if (this.validity !== null) this.validity = grownCopy(this.validity, rowCapacity);
  }
}

export function allocateFixed(kind: FixedKind, rowCapacity: number): FixedValues {
  switch (kind) {
    case "boolean":
      return sharedBytes(rowCapacity);
    case "int32":
      return sharedInt32s(rowCapacity);
    case "int64":
      return sharedInt32s(rowCapacity * 2);
    case "int128":
      return sharedInt32s(rowCapacity * 4);
    case "float":
      return sharedFloat32s(rowCapacity);
    case "double":
      return sharedFloat64s(rowCapacity);
  }
}

/** A longer copy of a byte array. */
export function grownCopy(source: Uint8Array, length: number): Uint8Array {
  const target = sharedBytes(length);
  target.set(source);
  return target;
}
