// SPDX-License-Identifier: Apache-2.0

/** Some of the rows of a file. */
export class RowSet {
  readonly rowCount: number;
  readonly #words: Uint32Array;

  /** @param rowCount of the file. */
  constructor(rowCount: number) {
    this.rowCount = rowCount;
    this.#words = new Uint32Array(Math.ceil(rowCount / 32));
  }

  /** @throws RangeError for a row that the file does not have. */
  add(row: number): void {
    if (!(row >= 0 && row < this.rowCount)) {
      throw new RangeError(`row ${row} of a file of ${this.rowCount} rows`);
    }
    const word = row >>> 5;
    this.#words[word] = (this.#words[word] as number) | (1 << (row & 31));
  }

  has(row: number): boolean {
    return (((this.#words[row >>> 5] as number) >>> (row & 31)) & 1) === 1;
  }

  /** How many rows are in it. */
  get size(): number {
    let size = 0;
    for (let word of this.#words) {
      for (; word !== 0; word = (word & (word - 1)) >>> 0) size += 1;
    }
    return size;
  }
}
