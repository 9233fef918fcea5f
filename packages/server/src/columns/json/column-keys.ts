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
  /** How each column's member begins, `"name":` in UTF-8, one behind the other. */
  readonly #members: DataView;
  readonly #memberStarts: Uint32Array;
  /** 0 for a column whose name needs escapes; one more entry than columns, for a table without any. */
  readonly #memberLengths: Uint32Array;
  /** Where each column's bytes begin; one more entry than columns. */
  readonly #starts: Uint32Array;
  /** Column index plus one by hash; 0 for an empty slot. */
  readonly #slots: Uint16Array;

  constructor(names: readonly string[]) {
    this.#indexByName = new Map(names.map((name, index) => [name, index]));
    const encoded = names.map((name) => (isPlain(name) ? Buffer.from(`${name}"`) : EMPTY));
    this.#bytes = Buffer.concat(encoded);
    const members = names.map((name) => (isPlain(name) ? Buffer.from(`"${name}":`) : EMPTY));
    this.#members = new DataView(Uint8Array.from(Buffer.concat(members)).buffer);
    this.#memberLengths = Uint32Array.from([...members, EMPTY], (member) => member.length);
    this.#memberStarts = new Uint32Array(names.length);
    for (let index = 1; index < names.length; index++) {
      this.#memberStarts[index] =
        (this.#memberStarts[index - 1] as number) + (this.#memberLengths[index - 1] as number);
    }
    this.#starts = new Uint32Array(names.length + 1);
    this.#slots = new Uint16Array(2 ** Math.ceil(Math.log2(names.length * 2 + 2)));
    for (const [index, bytes] of encoded.entries()) {
      const start = this.#starts[index] as number;
      this.#starts[index + 1] = start + bytes.length;
      if (bytes.length > 0) this.#insert(index, start, start + bytes.length - 1);
    }
  }

  /**
   * Whether `position` is where the member of column `index` begins, its key written without escapes and followed by
   * the colon at once.
   * @param view a view over the buffer
   * @returns the position behind the colon, or -1.
   */
  matchMember(index: number, view: DataView, position: number, end: number): number {
    const length = this.#memberLengths[index] as number;
    const next = position + length;
    if (length === 0 || next > end) return -1;
    const members = this.#members;
    const start = this.#memberStarts[index] as number;
    // The last word overlaps the one before it; no member is shorter than a word.
    if (view.getInt32(next - 4, true) !== members.getInt32(start + length - 4, true)) return -1;
    for (let offset = 0; offset < length - 4; offset += 4) {
      if (view.getInt32(position + offset, true) !== members.getInt32(start + offset, true)) {
        return -1;
      }
    }
    return next;
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
