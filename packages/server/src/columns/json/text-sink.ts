// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { type BytesColumn, LENGTH_PREFIX_BYTES } from "@sluice/delta";
import { findStringStop } from "./json-text.ts";

const QUOTE = 0x22;
/** Bytes that are copied while they are looked at; beyond them, copying natively costs less. */
const MAX_COPIED_BYTES = 512;
/** Room behind a value, since words are copied whole. */
const SLACK_BYTES = 8;

/** What {@link JsonTextSink.write} returns instead of a position. */
export const NOT_PLAIN = -1;
export const NOT_UTF8 = -2;

/** Copies the content of JSON strings into a STRING column. */
export class JsonTextSink {
  readonly #column: BytesColumn;
  #data: Uint8Array;
  #view: DataView;

  constructor(column: BytesColumn) {
    this.#column = column;
    this.#data = column.data;
    this.#view = viewOver(column.data);
  }

  /**
   * Makes the string whose content begins at `from` the value of row `row`, where it has no escapes: it is copied in
   * the same pass that looks for its end.
   * @param view a view over all of `buffer`
   * @returns the position of the closing quote, {@link NOT_PLAIN} when something other than the closing quote ends
   * the plain content, or {@link NOT_UTF8}. The row has no defined value then.
   */
  write(row: number, buffer: Uint8Array, view: DataView, from: number, end: number): number {
    const column = this.#column;
    const start = row === 0 ? 0 : (column.ends[row - 1] as number);
    const target = start + LENGTH_PREFIX_BYTES;
    const limit = Math.min(end, from + MAX_COPIED_BYTES);
    this.#makeRoom(target + (limit - from));
    const out = this.#view;
    const shift = target - from;
    let at = from;
    for (; at + 4 <= limit; at += 4) {
      const word = view.getInt32(at, true);
      out.setInt32(at + shift, word, true);
      // For ASCII bytes, a difference has its top bit set only where the byte is the one looked for, or, behind the
      // lowest such byte, where it borrowed. Bytes beyond ASCII have it set themselves.
      const stops =
        (((word ^ 0x2222_2222) - 0x0101_0101) |
          ((word ^ 0x5c5c_5c5c) - 0x0101_0101) |
          (word - 0x2020_2020) |
          word) &
        0x8080_8080;
      if (stops === 0) continue;
      const stop = at + ((31 - Math.clz32(stops & -stops)) >>> 3);
      if (buffer[stop] !== QUOTE) return this.#writeLong(row, buffer, view, from, stop, end);
      out.setInt32(start, stop - from, true);
      column.ends[row] = stop + shift;
      return stop;
    }
    return this.#writeLong(row, buffer, view, from, at, end);
  }

  /** As {@link JsonTextSink.write}, where the first stop is known not to be in front of `searched`. */
  #writeLong(
    row: number,
    buffer: Uint8Array,
    view: DataView,
    from: number,
    searched: number,
    end: number,
  ): number {
    const stop = findStringStop(buffer, view, searched, end);
    if (stop >= end || buffer[stop] !== QUOTE) return NOT_PLAIN;
    const column = this.#column;
    const start = row === 0 ? 0 : (column.ends[row - 1] as number);
    const target = start + LENGTH_PREFIX_BYTES;
    this.#makeRoom(target + (stop - from));
    const bytes = buffer.subarray(from, stop);
    if (!isUtf8(bytes)) return NOT_UTF8;
    this.#data.set(bytes, target);
    this.#view.setInt32(start, stop - from, true);
    column.ends[row] = target + (stop - from);
    return stop;
  }

  #makeRoom(dataEnd: number): void {
    const column = this.#column;
    if (dataEnd + SLACK_BYTES > column.data.length) column.reserve(dataEnd + SLACK_BYTES);
    if (column.data !== this.#data) {
      this.#data = column.data;
      this.#view = viewOver(column.data);
    }
  }
}

function viewOver(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
