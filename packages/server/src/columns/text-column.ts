// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import type { BytesColumn } from "@sluice/delta";

/** Below this, a byte loop beats the calls into native code. */
const MIN_NATIVE_COPY_BYTES = 48;

/**
 * Makes `buffer[from, from + byteCount)` the value of row `row` of a STRING column. Writing the same row again
 * replaces its value.
 * @returns false when the bytes are not UTF-8; the row then has no defined value.
 */
export function writeText(
  column: BytesColumn,
  row: number,
  buffer: Uint8Array,
  from: number,
  byteCount: number,
): boolean {
  const target = beginValue(column, row, byteCount);
  const { data } = column;
  if (byteCount >= MIN_NATIVE_COPY_BYTES) {
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + from, byteCount);
    if (!isUtf8(bytes)) return false;
    data.set(bytes, target);
  } else {
    let union = 0;
    for (let index = 0; index < byteCount; index++) {
      const byte = buffer[from + index] as number;
      union |= byte;
      data[target + index] = byte;
    }
    if (union > 0x7f && !isUtf8(data.subarray(target, target + byteCount))) return false;
  }
  column.ends[row] = target + byteCount;
  return true;
}

/** As {@link writeText} for a BINARY column, which takes any bytes. */
export function writeBytes(
  column: BytesColumn,
  row: number,
  buffer: Uint8Array,
  from: number,
  byteCount: number,
): void {
  const target = beginValue(column, row, byteCount);
  const { data } = column;
  if (byteCount >= MIN_NATIVE_COPY_BYTES) {
    data.set(new Uint8Array(buffer.buffer, buffer.byteOffset + from, byteCount), target);
  } else {
    for (let index = 0; index < byteCount; index++) {
      data[target + index] = buffer[from + index] as number;
    }
  }
  column.ends[row] = target + byteCount;
}

/**
 * Makes room for a value of `byteCount` bytes in row `row` and writes its length; returns where the bytes go. The
 * caller sets `ends[row]` once they are there.
 */
export function beginValue(column: BytesColumn, row: number, byteCount: number): number {
  const start = row === 0 ? 0 : (column.ends[row - 1] as number);
  const target = start + 4;
  if (target + byteCount > column.data.length) column.reserve(target + byteCount);
  const { data } = column;
  data[start] = byteCount;
  data[start + 1] = byteCount >>> 8;
  data[start + 2] = byteCount >>> 16;
  data[start + 3] = byteCount >>> 24;
  return target;
}

/** Makes row `row` of a nullable column null. */
export function writeNull(
  column: { readonly kind: string; validity: Uint8Array | null },
  row: number,
): void {
  if (column.validity !== null) column.validity[row] = 0;
  if (column.kind === "bytes") {
    const { ends } = column as BytesColumn;
    ends[row] = row === 0 ? 0 : (ends[row - 1] as number);
  }
}
