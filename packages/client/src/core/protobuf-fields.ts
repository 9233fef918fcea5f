// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "./zerobus-error.ts";

/** The values of a repeated message field, in order, as serialized messages. */
export function childMessages(message: Uint8Array, field: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  let at = 0;
  while (at < message.length) {
    const [tag, valueAt] = readVarint(message, at);
    const wireType = tag & 7;
    let end: number;
    if (wireType === 2) {
      const [byteLength, start] = readVarint(message, valueAt);
      end = start + byteLength;
      if (Math.floor(tag / 8) === field) values.push(message.subarray(start, end));
    } else if (wireType === 0) {
      [, end] = readVarint(message, valueAt);
    } else if (wireType === 1 || wireType === 5) {
      end = valueAt + (wireType === 1 ? 8 : 4);
    } else {
      throw malformed();
    }
    if (end > message.length) throw malformed();
    at = end;
  }
  return values;
}

/** The last value of a string field; empty when it is absent. */
export function textField(message: Uint8Array, field: number): string {
  const value = childMessages(message, field).at(-1);
  return value === undefined ? "" : Buffer.from(value).toString("utf8");
}

function readVarint(message: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  let factor = 1;
  for (let index = at; index < Math.min(at + 10, message.length); index++) {
    const byte = message[index] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, index + 1];
    factor *= 128;
  }
  throw malformed();
}

function malformed(): ZerobusError {
  return new ZerobusError("invalid_argument", "The file is not a serialized FileDescriptorSet");
}
