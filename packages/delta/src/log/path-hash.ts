// SPDX-License-Identifier: Apache-2.0

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;
const PERCENT = 0x25;

/** A 32-bit hash of a decoded path. */
export function hashOfPath(path: string): number {
  const bytes = Buffer.from(path, "utf8");
  let hash = SEED;
  for (let index = 0; index < bytes.length; index += 1) {
    hash = Math.imul(hash ^ (bytes[index] as number), PRIME);
  }
  return finished(hash);
}

/** `hashOfPath` of the path that the URI `bytes[start..end)` stands for, without decoding it to text. */
export function hashOfEncodedPath(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let index = start; index < end; index += 1) {
    let byte = bytes[index] as number;
    if (byte === PERCENT && index + 2 < end) {
      const decoded = hexOf(bytes[index + 1] as number) * 16 + hexOf(bytes[index + 2] as number);
      if (decoded >= 0) {
        byte = decoded;
        index += 2;
      }
    }
    hash = Math.imul(hash ^ byte, PRIME);
  }
  return finished(hash);
}

/** Spreads the last bytes over all bits. */
function finished(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** The value of a hexadecimal digit; far below zero for what is none. */
function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const upper = byte & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1000;
}
