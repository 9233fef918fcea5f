// SPDX-License-Identifier: Apache-2.0
import type { ActiveFile } from "./active-file.ts";
import { hashOfPath } from "./path-hash.ts";

/** Files that stay where they were read, to be looked at one by one. */
export interface FileBlock {
  readonly fileCount: number;
  /** Bytes of all files together. */
  readonly sizeBytes: number;
  at(index: number): ActiveFile;
  /** `hashOfPath` of a file's decoded path. */
  hashAt(index: number): number;
}

/** Files of blocks, numbered through, and found by path. The table for finding is made when it is first needed. */
export class FileIndex {
  readonly fileCount: number;
  readonly #blocks: readonly FileBlock[];
  /** The number of each block's first file. */
  readonly #starts: readonly number[];
  /** Open addressing: file number + 1, 0 where free; a power of two long, at most half full. */
  #table: Int32Array | undefined;
  #hashes: Int32Array | undefined;
  #lastBlock = 0;

  constructor(blocks: readonly FileBlock[]) {
    const starts: number[] = [];
    let fileCount = 0;
    for (const block of blocks) {
      starts.push(fileCount);
      fileCount += block.fileCount;
    }
    this.#blocks = blocks;
    this.#starts = starts;
    this.fileCount = fileCount;
  }

  at(slot: number): ActiveFile {
    const block = this.#blockOf(slot);
    return (this.#blocks[block] as FileBlock).at(slot - (this.#starts[block] as number));
  }

  /** @param path decoded. */
  slotOf(path: string): number | undefined {
    if (this.fileCount === 0) return undefined;
    const table = (this.#table ??= this.#makeTable());
    const hashes = this.#hashes as Int32Array;
    const mask = table.length - 1;
    const hash = hashOfPath(path);
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = (table[place] as number) - 1;
      if (slot < 0) return undefined;
      if (hashes[slot] === hash && this.at(slot).path === path) return slot;
    }
  }

  #makeTable(): Int32Array {
    const hashes = new Int32Array(this.fileCount);
    let length = 16;
    while (length < this.fileCount * 2) length *= 2;
    const table = new Int32Array(length);
    const mask = length - 1;
    let slot = 0;
    for (const block of this.#blocks) {
      for (let index = 0; index < block.fileCount; index += 1, slot += 1) {
        const hash = block.hashAt(index);
        hashes[slot] = hash;
        let place = hash & mask;
        while (table[place] !== 0) place = (place + 1) & mask;
        table[place] = slot + 1;
      }
    }
    this.#hashes = hashes;
    return table;
  }

  /** Mostly the block of the look-up before, or the next one. */
  #blockOf(slot: number): number {
    const starts = this.#starts;
    let block = this.#lastBlock;
    if (slot < (starts[block] as number)) block = 0;
    while (block + 1 < starts.length && slot >= (starts[block + 1] as number)) block += 1;
    this.#lastBlock = block;
    return block;
  }
}
