// SPDX-License-Identifier: Apache-2.0
import { type BytesColumn, LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { ValueWriter } from "./flat-writer.ts";
import { shown, ValueProblem } from "./value-problem.ts";

/** Up to this length a text is copied character by character, which costs less than a call into native code. */
const MAX_COPIED_LENGTH = 48;
const MAX_UTF8_BYTES_PER_UNIT = 3;
const FIRST_NON_ASCII = 0x80;

/** Most bytes of all values of a column in one block; where they end is kept in 32 bits. */
export const MAX_COLUMN_BYTES = 0x7fff_ffff;

/** A block has no room for a value: it must be ended first. Not an error of the value. */
export class BlockFull extends Error {
  override readonly name = "BlockFull";
}

/** Writes STRING values; a text with half a surrogate pair has no form in UTF-8 and is refused. */
export function textWriterOf(column: BytesColumn, name: string): ValueWriter {
  let buffer: Buffer = Buffer.alloc(0);
  let bufferOf: Uint8Array | undefined;
  return (index, value) => {
    if (typeof value !== "string") throw new ValueProblem(name, `${shown(value)} is not a string`);
    const { length } = value;
    const target = begin(column, index, length * MAX_UTF8_BYTES_PER_UNIT);
    const { data } = column;
    let end = target;
    if (length <= MAX_COPIED_LENGTH) end = copyAscii(value, data, target);
    if (end !== target + length) {
      if (/\p{Surrogate}/u.test(value)) {
        throw new ValueProblem(
          name,
          `${shown(value)} has half a surrogate pair, which UTF-8 has no form for`,
        );
      }
      if (bufferOf !== data) {
        buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        bufferOf = data;
      }
      end = target + buffer.write(value, target);
    }
    endValue(column, index, target, end);
  };
}

/** Writes BINARY values. */
export function bytesWriterOf(column: BytesColumn, name: string): ValueWriter {
  return (index, value) => {
    if (!(value instanceof Uint8Array)) {
      throw new ValueProblem(name, `${shown(value)} is not a Uint8Array`);
    }
    writeBytes(column, index, value);
  };
}

export function writeBytes(column: BytesColumn, index: number, bytes: Uint8Array): void {
  const target = begin(column, index, bytes.length);
  column.data.set(bytes, target);
  endValue(column, index, target, target + bytes.length);
}

/** Makes room for a value; returns where its bytes go. */
function begin(column: BytesColumn, index: number, maxByteCount: number): number {
  const target = column.startOf(index) + LENGTH_PREFIX_BYTES;
  if (target + maxByteCount > MAX_COLUMN_BYTES) throw new BlockFull();
  column.reserve(target + maxByteCount);
  return target;
}

function endValue(column: BytesColumn, index: number, target: number, end: number): void {
  const { data } = column;
  const byteCount = end - target;
  data[target - 4] = byteCount;
  data[target - 3] = byteCount >>> 8;
  data[target - 2] = byteCount >>> 16;
  data[target - 1] = byteCount >>> 24;
  column.ends[index] = end;
}

/** Copies a text as far as it is ASCII; returns where the copy ends. */
function copyAscii(text: string, data: Uint8Array, target: number): number {
  let end = target;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= FIRST_NON_ASCII) break;
    data[end++] = unit;
  }
  return end;
}
