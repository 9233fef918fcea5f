// SPDX-License-Identifier: Apache-2.0
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { BytesVector } from "../columns/column-block.ts";

/** Slots at first; twice the entries, at least. */
const INITIAL_SLOTS = 1024;
const EMPTY = -1;
/** Chains of half-full tables stay far below it, unless the values were made to collide. */
const MAX_PROBES = 128;

/**
 * Numbers distinct values of a column in the order they come: a hash table with open addressing whose keys stay in the
 * column's memory. A value takes part with its length in front, so it always has the four bytes of a word.
 */
export class ValueTable {
  /** Distinct values so far. */
  count = 0;
  /** Their bytes, with lengths. */
  byteLength = 0;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #slots: Int32Array = new Int32Array(INITIAL_SLOTS).fill(EMPTY);
  #hashes: Int32Array = new Int32Array(INITIAL_SLOTS / 2);
  #starts: Uint32Array = new Uint32Array(INITIAL_SLOTS / 2);
  #ends: Uint32Array = new Uint32Array(INITIAL_SLOTS / 2);

  /** @param data of a `BytesColumn`. */
  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** The number of the value at `[start, end)`, its length included, or -1 when too many others share its slot. */
  indexOf(start: number, end: number): number {
    const hash = hashOf(this.#view, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const index = slots[slot] as number;
      if (index === EMPTY) return this.#add(slot, hash, start, end);
      if (this.#hashes[index] === hash && this.#holds(index, start, end)) return index;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** Where the first occurrence of a value starts. */
  startOf(index: number): number {
    return this.#starts[index] as number;
  }

  /** The distinct values as a column. */
  toVector(): BytesVector {
    const data = new Uint8Array(this.byteLength);
    const ends = new Uint32Array(this.count);
    let length = 0;
    for (let index = 0; index < this.count; index++) {
      data.set(this.#data.subarray(this.#starts[index], this.#ends[index]), length);
      length += (this.#ends[index] as number) - (this.#starts[index] as number);
      ends[index] = length;
    }
    return { kind: "bytes", data, ends, validity: null };
  }

  #holds(index: number, start: number, end: number): boolean {
    const other = this.#starts[index] as number;
    return (
      (this.#ends[index] as number) - other === end - start &&
      isSame(this.#view, other, start, end - start)
    );
  }

  #add(slot: number, hash: number, start: number, end: number): number {
    const index = this.count++;
    this.#slots[slot] = index;
    this.#hashes[index] = hash;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.byteLength += end - start;
    if (this.count === this.#hashes.length) this.#grow();
    return index;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    const mask = slots.length - 1;
    for (let index = 0; index < this.count; index++) {
      let slot = (this.#hashes[index] as number) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    const hashes = new Int32Array(slots.length / 2);
    const starts = new Uint32Array(slots.length / 2);
    const ends = new Uint32Array(slots.length / 2);
    hashes.set(this.#hashes);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#slots = slots;
    this.#hashes = hashes;
    this.#starts = starts;
    this.#ends = ends;
  }
}

/** Adds a word to a hash. The turn brings high bits to where the product spreads them again. */
export function mixed(hash: number, word: number): number {
  return Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x9e37_79b1);
}

/** Word by word; the last word may overlap the one before. */
function hashOf(view: DataView, start: number, end: number): number {
  const lastWord = end - LENGTH_PREFIX_BYTES;
  let hash = 0;
  for (let offset = start; offset < lastWord; offset += 4) {
    hash = mixed(hash, view.getInt32(offset, true));
  }
  hash = mixed(hash, view.getInt32(lastWord, true));
  // Slots are taken from the low bits, which products leave thin.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return hash ^ (hash >>> 13);
}

function isSame(view: DataView, left: number, right: number, byteLength: number): boolean {
  const lastWord = byteLength - LENGTH_PREFIX_BYTES;
  for (let offset = 0; offset < lastWord; offset += 4) {
    if (view.getInt32(left + offset, true) !== view.getInt32(right + offset, true)) return false;
  }
  return view.getInt32(left + lastWord, true) === view.getInt32(right + lastWord, true);
}
