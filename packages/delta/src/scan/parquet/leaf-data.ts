// SPDX-License-Identifier: Apache-2.0

/** Values as a Parquet file stores them, without gaps for nulls. */
export type StoredValues =
  /** One byte each, 0 or 1. */
  | { readonly kind: "boolean"; readonly values: Uint8Array }
  | { readonly kind: "int32"; readonly values: Int32Array }
  | { readonly kind: "int64"; readonly values: BigInt64Array }
  | { readonly kind: "float"; readonly values: Float32Array }
  | { readonly kind: "double"; readonly values: Float64Array }
  /** `width` bytes each, one behind the other. */
  | { readonly kind: "fixed"; readonly width: number; readonly data: Uint8Array }
  | StoredBytes;

/**
 * Byte strings: a pool in Parquet's PLAIN layout, and which of the pool each value is.
 *
 *     data := (length:u32le byte{length})*      ends[p]: where entry p of the pool ends
 */
export interface StoredBytes {
  readonly kind: "bytes";
  readonly data: Uint8Array;
  readonly ends: Uint32Array;
  /** The pool entry of each value; `null` where value v is entry v. */
  readonly indices: Uint32Array | null;
}

/** One column chunk, decoded: entries with their levels, and the values of those entries that have one. */
export interface LeafData {
  readonly entryCount: number;
  readonly valueCount: number;
  /** One of each entry; `null` where all entries have a value. */
  readonly definitions: Uint8Array | null;
  /** One of each entry; `null` where every entry is a row. */
  readonly repetitions: Uint8Array | null;
  readonly values: StoredValues;
}
