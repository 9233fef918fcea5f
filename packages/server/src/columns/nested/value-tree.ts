// SPDX-License-Identifier: Apache-2.0

/** The item of a part that the record does not name, and of one that it names as null. */
export const ABSENT = 0;
export const NULL_ITEM = 1;

/** Where the bytes of a text or binary item lie: in the record, or in the tree's own bytes. */
export const IN_RECORD = 0;
export const IN_TREE = 1;

const FIRST_ITEM = 2;
const INITIAL_CELLS = 1024;
/** 128 MiB: several times what a list of the largest record needs. */
export const MAX_CELLS: number = 32 * 1024 * 1024;
/** What a tree keeps for the next record; one large record must not hold memory for good. */
const MAX_KEPT_CELLS = 256 * 1024;

/**
 * The nested values of one record, between reading and writing: fields come in any order and more than once, and columns
 * need them in order. Items are offsets into one array of cells, so that no object is made for a record:
 *
 *     scalar := word{2} | word{4}                  by type; a word is 32 bits, the least significant first
 *     bytes  := from to place                      see IN_RECORD and IN_TREE
 *     struct := item{field count}                  ABSENT, NULL_ITEM or the field's item
 *     list   := count link link                    first and last link, 0 for none
 *     map    := count link link
 *     link of a list := item next                  0 behind the last
 *     link of a map  := key value next
 */
export class ValueTree {
  cells: Int32Array = new Int32Array(INITIAL_CELLS);
  /** Bytes that do not stand in the record as they are, such as text without its escapes. */
  bytes: Uint8Array = new Uint8Array(INITIAL_CELLS);
  #cellCount = FIRST_ITEM;
  #byteCount = 0;
  /** Set when a record needs more than {@link MAX_CELLS}: what the items hold is then undefined. */
  isFull = false;

  /** Forgets every item. */
  reset(): void {
    if (this.cells.length > MAX_KEPT_CELLS) this.cells = new Int32Array(INITIAL_CELLS);
    if (this.bytes.length > MAX_KEPT_CELLS) this.bytes = new Uint8Array(INITIAL_CELLS);
    this.#cellCount = FIRST_ITEM;
    this.#byteCount = 0;
    this.isFull = false;
  }

  /** An item of `count` cells, all 0. */
  allocate(count: number): number {
    const item = this.#cellCount;
    const end = item + count;
    if (end > MAX_CELLS) {
      this.isFull = true;
      return NULL_ITEM;
    }
    if (end > this.cells.length) {
      const cells = new Int32Array(Math.min(MAX_CELLS, Math.max(end, this.cells.length * 2)));
      cells.set(this.cells);
      this.cells = cells;
    }
    this.cells.fill(0, item, end);
    this.#cellCount = end;
    return item;
  }

  scalar(low: number, high: number): number {
    const item = this.allocate(2);
    this.cells[item] = low;
    this.cells[item + 1] = high;
    return item;
  }

  words(words: Int32Array): number {
    const item = this.allocate(4);
    for (let word = 0; word < 4; word++) this.cells[item + word] = words[word] as number;
    return item;
  }

  bytesItem(from: number, to: number, place: number): number {
    const item = this.allocate(3);
    this.cells[item] = from;
    this.cells[item + 1] = to;
    this.cells[item + 2] = place;
    return item;
  }

  list(): number {
    return this.allocate(3);
  }

  /** Adds an element to a list. */
  append(list: number, element: number): void {
    const link = this.allocate(2);
    this.cells[link] = element;
    this.#link(list, link, 1);
  }

  /** Adds an entry to a map. */
  appendEntry(map: number, key: number, value: number): number {
    const link = this.allocate(3);
    this.cells[link] = key;
    this.cells[link + 1] = value;
    this.#link(map, link, 2);
    return link;
  }

  /** Room for `byteCount` bytes in `bytes`; to be ended with {@link ValueTree.endBytes}. */
  beginBytes(byteCount: number): number {
    const needed = this.#byteCount + byteCount;
    if (needed > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    return this.#byteCount;
  }

  endBytes(end: number): number {
    const from = this.#byteCount;
    this.#byteCount = end;
    return this.bytesItem(from, end, IN_TREE);
  }

  #link(owner: number, link: number, nextOffset: number): void {
    const { cells } = this;
    const last = cells[owner + 2] as number;
    if (last === 0) cells[owner + 1] = link;
    else cells[last + nextOffset] = link;
    cells[owner + 2] = link;
    cells[owner] = (cells[owner] as number) + 1;
  }
}
