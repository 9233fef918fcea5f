// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import { SLOT_COUNT } from "./slot-table.ts";

/** What a key function may return. */
export type PartitionKey = string | number | bigint | Uint8Array;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The slot of a key: FNV-1a over the UTF-16 units of a text, the decimal digits of a number or the bytes, finished so
 * that the low bits depend on all others. The same in every process, so that a spool can be resumed.
 * @throws ZerobusError `invalid_argument` for anything else
 */
export function slotOf(key: PartitionKey): number {
  let hash = OFFSET_BASIS;
  if (key instanceof Uint8Array) {
    for (const byte of key) hash = Math.imul(hash ^ byte, PRIME);
  } else {
    const text = keyText(key);
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
    }
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 0) % SLOT_COUNT;
}

function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "bigint" || (typeof key === "number" && !Number.isNaN(key))) {
    return String(key);
  }
  throw new ZerobusError(
    "invalid_argument",
    `lanes.key returned ${key === null ? "null" : Number.isNaN(key) ? "NaN" : typeof key}; it must return a string, number, bigint or Uint8Array for every record`,
  );
}
