// SPDX-License-Identifier: Apache-2.0

const QUOTE = 0x22;

/**
 * Finds columns by the bytes of a JSON key. Most records have their keys in the same order as the record before, so
 * the decoder asks first whether the key is the expected one, and looks up the rest in a hash table.
 */
export class ColumnKeys {
  readonly #indexByName: ReadonlyMap<string, number>;
  /** Each column's name in UTF-8, followed by the closing quote, one behind the other. */
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where each column's bytes begin; one more entry than columns. */
  readonly #starts: Uint32Array;
  /** Column index plus one by hash; 0 for an empty slot. */
  readonly #slots: Uint16Array;

  constructor(names: readonly string[]) {
    this.#indexByName = new Map(names.map((name, index) => [name, index]));
    const encoded = names.map((name) => (isPlain(name) ? Buffer.from(`${name}"`) : EMPTY));
    this.#bytes = Buffer.concat(encoded);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#starts = new Uint32Array(names.length + 1);
    this.#slots = new Uint16Array(2 ** Math.ceil(Math.log2(names.length * 2 + 2)));
    for (const [index, bytes] of encoded.entries()) {
      const start = this.#starts[index] as number;
      this.#starts[index + 1] = start + bytes.length;
      if (bytes.length > 0) this.#insert(index, start, start + bytes.length - 1);
    }
  }

  /**
   * Whether the key whose content begins at `position` is that of column `index`, written without escapes.
   * @returns the position behind the closing quote, or -1.
   */
  matchExpected(
    index: number,
    buffer: Uint8Array,
    view: DataView,
    position: number,
    end: number,
  ): number {
    let at = this.#starts[index] as number;
    const stop = this.#starts[index + 1] as number;
    if (stop === at || stop - at > end - position) return -1;
    let from = position;
    for (; at + 4 <= stop; at += 4, from += 4) {
      if (this.#view.getInt32(at, true) !== view.getInt32(from, true)) return -1;
    }
    for (; at < stop; at++, from++) if (this.#bytes[at] !== buffer[from]) return -1;
    return from;
  }

  /** The column whose name is `buffer[from, to)`, or -1. */
  find(buffer: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(buffer, from, to) & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] as number) - 1;
      if (index < 0 || this.#equals(index, buffer, from, to)) return index;
    }
  }

  /** The column of a name that was written with escapes, or -1. */
  findName(name: string): number {
    return this.#indexByName.get(name) ?? -1;
  }

  #insert(index: number, start: number, end: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#bytes, start, end) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }

  #equals(index: number, buffer: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[index] as number;
    if ((this.#starts[index + 1] as number) - start - 1 !== to - from) return false;
    for (let offset = 0; offset < to - from; offset++) {
      if (this.#bytes[start + offset] !== buffer[from + offset]) return false;
    }
    return this.#bytes[start + (to - from)] === QUOTE;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);

/** Whether a name can stand in JSON as it is; the others are found by name only. */
function isPlain(name: string): boolean {
  return JSON.stringify(name) === `"${name}"`;
}

/** FNV-1a. The table's keys are the table's own columns, so keys from outside cannot make them collide. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let index = from; index < to; index++) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0x0100_0193);
  }
  return hash ^ (hash >>> 15);
}
