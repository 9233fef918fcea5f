// SPDX-License-Identifier: Apache-2.0
import { compareDoubles } from "./compare.ts";

/** What generated checks call. Positions are of the value's bytes in the data of its column, without the length. */
export interface CheckRuntime {
  readonly compareDoubles: typeof compareDoubles;
  readonly compareBytesAt: typeof compareBytesAt;
  readonly compareBytesBetween: typeof compareBytesBetween;
  readonly startsWithAt: typeof startsWithAt;
  readonly containsAt: typeof containsAt;
  readonly isCharacterCountIn: typeof isCharacterCountIn;
}

export const CHECK_RUNTIME: CheckRuntime = {
  compareDoubles,
  compareBytesAt,
  compareBytesBetween,
  startsWithAt,
  containsAt,
  isCharacterCountIn,
};

/** Many byte strings, to look one up in. */
export class BytesSet {
  readonly #byHash = new Map<number, Uint8Array[]>();

  constructor(values: readonly Uint8Array[]) {
    for (const value of values) {
      const hash = hashOf(value, 0, value.length);
      const sameHash = this.#byHash.get(hash);
      if (sameHash === undefined) this.#byHash.set(hash, [value]);
      else sameHash.push(value);
    }
  }

  has(data: Uint8Array, start: number, end: number): boolean {
    const sameHash = this.#byHash.get(hashOf(data, start, end));
    if (sameHash === undefined) return false;
    for (const value of sameHash) {
      if (value.length === end - start && startsWithAt(data, start, value)) return true;
    }
    return false;
  }
}

/** Many 64-bit integers, to look one up in by its halves. */
export class Int64Set {
  /** Low halves by high half. */
  readonly #byHigh = new Map<number, Set<number>>();

  constructor(values: readonly bigint[]) {
    for (const value of values) {
      const high = Number(BigInt.asIntN(32, value >> 32n));
      const low = Number(BigInt.asIntN(32, value));
      const sameHigh = this.#byHigh.get(high);
      if (sameHigh === undefined) this.#byHigh.set(high, new Set([low]));
      else sameHigh.add(low);
    }
  }

  /** Both halves signed. */
  has(low: number, high: number): boolean {
    return this.#byHigh.get(high)?.has(low) === true;
  }
}

/** FNV-1a */
function hashOf(data: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (data[at] as number), 0x0100_0193);
  }
  return hash;
}

function compareBytesAt(data: Uint8Array, start: number, end: number, other: Uint8Array): number {
  const length = end - start;
  const shared = Math.min(length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = (data[start + index] as number) - (other[index] as number);
    if (difference !== 0) return difference;
  }
  return length - other.length;
}

function compareBytesBetween(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - leftStart;
  const rightLength = rightEnd - rightStart;
  const shared = Math.min(leftLength, rightLength);
  for (let index = 0; index < shared; index++) {
    const difference = (left[leftStart + index] as number) - (right[rightStart + index] as number);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

/** The caller has made sure that the value is as long. */
function startsWithAt(data: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (data[start + index] !== prefix[index]) return false;
  }
  return true;
}

function containsAt(data: Uint8Array, start: number, end: number, part: Uint8Array): boolean {
  for (let at = start; at <= end - part.length; at++) {
    if (startsWithAt(data, at, part)) return true;
  }
  return false;
}

/** Whether UTF-8 text has from `min` to `max` characters; most texts are told by their bytes alone. */
function isCharacterCountIn(
  data: Uint8Array,
  start: number,
  end: number,
  min: number,
  max: number,
): boolean {
  const byteLength = end - start;
  // A character takes 1 to 4 bytes.
  const fewest = (byteLength + 3) >>> 2;
  if (byteLength < min || fewest > max) return false;
  if (byteLength <= max && fewest >= min) return true;
  let count = 0;
  for (let at = start; at < end; at++) count += ((data[at] as number) & 0xc0) === 0x80 ? 0 : 1;
  return count >= min && count <= max;
}
