// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "./zerobus-error.ts";

/** The values of a repeated message field, in order, as serialized messages. */
export function childMessages(message: Uint8Array, field: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  walk(message, (number, value) => {
    if (number === field && typeof value !== "number") values.push(value);
  });
  return values;
}

/** The last value of an int32, bool or enum field; `undefined` when it is absent. */
export function integerField(message: Uint8Array, field: number): number | undefined {
  let found: number | undefined;
  walk(message, (number, value) => {
    if (number === field && typeof value === "number") found = value;
  });
  return found;
}

/** Calls back for each varint and each length-delimited field. */
function walk(
  message: Uint8Array,
  visit: (field: number, value: number | Uint8Array) => void,
): void {
  let at = 0;
  while (at < message.length) {
    const [tag, valueAt] = readVarint(message, at);
    const wireType = tag & 7;
    let end: number;
    if (wireType === 2) {
      const [byteLength, start] = readVarint(message, valueAt);
      end = start + byteLength;
      if (end <= message.length) visit(Math.floor(tag / 8), message.subarray(start, end));
    } else if (wireType === 0) {
      [, end] = readVarint(message, valueAt);
      visit(Math.floor(tag / 8), lowBits(message, valueAt, end));
    } else if (wireType === 1 || wireType === 5) {
      end = valueAt + (wireType === 1 ? 8 : 4);
    } else {
      throw malformed();
    }
    if (end > message.length) throw malformed();
    at = end;
  }
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

/** The lower 32 bits of a varint, as a signed number: a negative one is written with 64. */
function lowBits(message: Uint8Array, from: number, end: number): number {
  let bits = 0;
  for (let at = Math.min(end, from + 5) - 1; at >= from; at--) {
    bits = (bits << 7) | ((message[at] as number) & 0x7f);
  }
  return bits;
}

function malformed(): ZerobusError {
  return new ZerobusError("invalid_argument", "The bytes are not a serialized descriptor");
}
