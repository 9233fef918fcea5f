// SPDX-License-Identifier: Apache-2.0
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { BytesVector } from "../columns/column-block.ts";

/** Slots at first, at least and at most; there are always twice as many as entries. */
const MIN_SLOTS = 16;
const MAX_INITIAL_SLOTS = 1024;
/** A power of two. Values that come often are found here, by a hash of their end and length alone. */
const RECENT_COUNT = 1024;
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
  #slots: Int32Array;
  #hashes: Int32Array;
  #starts: Uint32Array;
  #ends: Uint32Array;
  readonly #recent: Int32Array;
  readonly #recentMask: number;

  /**
   * @param data of a `BytesColumn`.
   * @param valueCount how many values will be looked up, at most; fewer take less memory.
   */
  constructor(data: Uint8Array, valueCount: number) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const slotCount = powerOfTwoOf(2 * valueCount, MIN_SLOTS, MAX_INITIAL_SLOTS);
    this.#slots = new Int32Array(slotCount).fill(EMPTY);
    this.#hashes = new Int32Array(slotCount / 2);
    this.#starts = new Uint32Array(slotCount / 2);
    this.#ends = new Uint32Array(slotCount / 2);
    const recentCount = powerOfTwoOf(valueCount, MIN_SLOTS, RECENT_COUNT);
    this.#recent = new Int32Array(recentCount).fill(EMPTY);
    this.#recentMask = recentCount - 1;
  }

  /** The number of the value at `[start, end)`, its length included, or -1 when too many others share its slot. */
  indexOf(start: number, end: number): number {
    const place = quickHashOf(this.#view, start, end) & this.#recentMask;
    const recent = this.#recent[place] as number;
    if (recent !== EMPTY && this.#holds(recent, start, end)) return recent;
    const index = this.#find(start, end);
    this.#recent[place] = index;
    return index;
  }

  #find(start: number, end: number): number {
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

function powerOfTwoOf(count: number, min: number, max: number): number {
  let power = min;
  while (power < count && power < max) power *= 2;
  return power;
}

/** Of the last two words and the length, which is the first word of a short value. */
function quickHashOf(view: DataView, start: number, end: number): number {
  const last = view.getInt32(end - LENGTH_PREFIX_BYTES, true);
  const before = view.getInt32(Math.max(start, end - 2 * LENGTH_PREFIX_BYTES), true);
  const product = Math.imul(last ^ (end - start), 0x9e37_79b1) ^ Math.imul(before, 0x85eb_ca6b);
  // Values that differ in their last byte alone differ in the high bits alone.
  return product ^ (product >>> 22);
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

/** From the end: values of a column often begin alike. */
function isSame(view: DataView, left: number, right: number, byteLength: number): boolean {
  for (let offset = byteLength - LENGTH_PREFIX_BYTES; offset > 0; offset -= 4) {
    if (view.getInt32(left + offset, true) !== view.getInt32(right + offset, true)) return false;
  }
  return view.getInt32(left, true) === view.getInt32(right, true);
}
