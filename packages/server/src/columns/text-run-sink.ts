// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { type BytesColumn, LENGTH_PREFIX_BYTES } from "@sluice/delta";

/** From this length on, the calls into native code cost less than copying word by word. */
const MIN_NATIVE_COPY_BYTES = 256;

/**
 * Writes the texts of a run of rows into a STRING column without looking at them; {@link TextRunSink.finish} checks all of
 * them at once, which costs a fraction of checking each.
 *
 * Until then the length in front of each value is 0. A zero byte is a character of its own, so the texts between zeros
 * are valid together exactly when each is.
 */
export class TextRunSink {
  readonly column: BytesColumn;
  #data: Uint8Array;
  #view: DataView;

  constructor(column: BytesColumn) {
    this.column = column;
    this.#data = column.data;
    this.#view = viewOver(column.data);
  }

  /**
   * Makes `buffer[from, from + byteCount)` the value of row `row`, to be checked later. Always true.
   * @param view a view over all of `buffer`
   */
  writeText(
    row: number,
    buffer: Uint8Array,
    view: DataView,
    from: number,
    byteCount: number,
  ): boolean {
    const { column } = this;
    const start = row === 0 ? 0 : (column.ends[row - 1] as number);
    const target = start + LENGTH_PREFIX_BYTES;
    const end = target + byteCount;
    if (end > column.data.length) column.reserve(end);
    if (column.data !== this.#data) this.#reset();
    this.#view.setInt32(start, 0, true);
    if (byteCount < MIN_NATIVE_COPY_BYTES) copyText(view, from, this.#view, target, byteCount);
    else this.#data.set(new Uint8Array(buffer.buffer, buffer.byteOffset + from, byteCount), target);
    column.ends[row] = end;
    return true;
  }

  /** Whether what was written to row `row` is UTF-8: to be asked before the row is written again. */
  isText(row: number): boolean {
    const start = this.column.startOf(row);
    return isUtf8(this.column.data.subarray(start, this.column.ends[row]));
  }

  /**
   * Completes the rows from `firstRow` to `endRow`, all written by this sink or null.
   * @returns false when one of them is not UTF-8; the rows then have no defined value.
   */
  finish(firstRow: number, endRow: number): boolean {
    const { column } = this;
    const { ends } = column;
    let start = column.startOf(firstRow);
    if (!isUtf8(column.data.subarray(start, column.startOf(endRow)))) return false;
    if (column.data !== this.#data) this.#reset();
    const view = this.#view;
    for (let row = firstRow; row < endRow; row++) {
      const end = ends[row] as number;
      if (end > start) view.setInt32(start, end - start - LENGTH_PREFIX_BYTES, true);
      start = end;
    }
    return true;
  }

  #reset(): void {
    this.#data = this.column.data;
    this.#view = viewOver(this.#data);
  }
}

/**
 * Copies eight bytes at a time as a float64, the widest word that the engine moves without making an object. Reading one may
 * change the bits of a NaN, but eight bytes that are a NaN are not part of any UTF-8 text, and are not afterwards either:
 * they have a byte from 0xf0 on followed by 0x7f or 0xff, and only the first of the two can be changed, to a greater one.
 * The last word overlaps the one before it, so that no byte behind the text takes part.
 */
function copyText(
  source: DataView,
  from: number,
  target: DataView,
  to: number,
  byteCount: number,
): void {
  if (byteCount >= 8) {
    const last = byteCount - 8;
    for (let index = 0; index < last; index += 8) {
      target.setFloat64(to + index, source.getFloat64(from + index, true), true);
    }
    target.setFloat64(to + last, source.getFloat64(from + last, true), true);
  } else if (byteCount >= 4) {
    const last = byteCount - 4;
    target.setInt32(to, source.getInt32(from, true), true);
    target.setInt32(to + last, source.getInt32(from + last, true), true);
  } else {
    for (let index = 0; index < byteCount; index++) {
      target.setUint8(to + index, source.getUint8(from + index));
    }
  }
}

function viewOver(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
