// SPDX-License-Identifier: Apache-2.0
import { grownCopy } from "./fixed-column.ts";
import { sharedBytes, sharedUint32s } from "./shared-memory.ts";

/** Bytes in front of each value in `data`: its length, little-endian. */
export const LENGTH_PREFIX_BYTES = 4;

/**
 * A growing column of byte strings (STRING as UTF-8, BINARY), kept in Parquet's PLAIN layout from the start, so that
 * a page needs no second copy:
 *
 *     data   := value*                      value := length:u32le byte{length}
 *     ends[r] = where row r's value ends in `data`; a null row ends where the row before it ends
 *
 * `ends` makes every row addressable and lets the last rows be taken back (see {@link BytesColumn.startOf}).
 * The fields are public for the decoders; see `FixedColumn` for the rule.
 */
export class BytesColumn {
  readonly kind = "bytes";
  readonly nullable: boolean;
  data: Uint8Array;
  ends: Uint32Array;
  /** One byte a row, 1 where a value is present; `null` for a NOT NULL column. */
  validity: Uint8Array | null;

  constructor(nullable: boolean, rowCapacity: number, byteCapacity: number) {
    this.nullable = nullable;
    this.data = sharedBytes(byteCapacity);
    this.ends = sharedUint32s(rowCapacity);
    this.validity = nullable ? sharedBytes(rowCapacity) : null;
  }

  /** Rows (values, in a leaf of a nested column) that there is room for. */
  get capacity(): number {
    return this.ends.length;
  }

  /** Where row `row` starts in `data`. */
  startOf(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] as number);
  }

  /** Grows to `rowCapacity` rows and keeps what is there. */
  grow(rowCapacity: number): void {
    const ends = sharedUint32s(rowCapacity);
    ends.set(this.ends);
    this.ends = ends;
    if (this.validity !== null) this.validity = grownCopy(this.validity, rowCapacity);
  }

  /** Makes `data` at least `byteLength` long, doubling so that a run of appends stays linear. */
  reserve(byteLength: number): void {
    if (byteLength <= this.data.length) return;
    this.data = grownCopy(this.data, Math.max(byteLength, this.data.length * 2));
  }
}
