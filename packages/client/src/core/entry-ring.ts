// SPDX-License-Identifier: Apache-2.0
import type { Chunk } from "./chunk-pool.ts";

const INITIAL_CAPACITY = 1024;

/**
 * Where the payload of each unacknowledged entry lies, by offset. Columns instead of objects; grows by doubling up to
 * what the owner lets in.
 */
export class EntryRing {
  #capacity = INITIAL_CAPACITY;
  #mask = INITIAL_CAPACITY - 1;
  #chunks: (Chunk | undefined)[] = emptySlots(INITIAL_CAPACITY);
  #starts = new Uint32Array(INITIAL_CAPACITY);
  #ends = new Uint32Array(INITIAL_CAPACITY);
  #recordCounts = new Uint32Array(INITIAL_CAPACITY);
  /** Offset of the oldest entry. */
  headOffset = 0;
  /** Offset of the next entry. */
  nextOffset = 0;

  push(chunk: Chunk, start: number, end: number, recordCount: number): number {
    if (this.nextOffset - this.headOffset === this.#capacity) this.#grow();
    const offset = this.nextOffset++;
    const slot = offset & this.#mask;
    this.#chunks[slot] = chunk;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
    this.#recordCounts[slot] = recordCount;
    return offset;
  }

  /** Removes the oldest entry. */
  shift(): void {
    this.#chunks[this.headOffset & this.#mask] = undefined;
    this.headOffset++;
  }

  chunkAt(offset: number): Chunk {
    return this.#chunks[offset & this.#mask] as Chunk;
  }

  startAt(offset: number): number {
    return this.#starts[offset & this.#mask] as number;
  }

  endAt(offset: number): number {
    return this.#ends[offset & this.#mask] as number;
  }

  /** Records of the entry; 1 for a single record, 2 or more for a batch. */
  recordCountAt(offset: number): number {
    return this.#recordCounts[offset & this.#mask] as number;
  }

  /** The payload of an entry now lies elsewhere. */
  relocate(offset: number, chunk: Chunk, start: number, end: number): void {
    const slot = offset & this.#mask;
    this.#chunks[slot] = chunk;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const mask = capacity - 1;
    const chunks = emptySlots(capacity);
    const starts = new Uint32Array(capacity);
    const ends = new Uint32Array(capacity);
    const recordCounts = new Uint32Array(capacity);
    for (let offset = this.headOffset; offset < this.nextOffset; offset++) {
      const slot = offset & mask;
      chunks[slot] = this.chunkAt(offset);
      starts[slot] = this.startAt(offset);
      ends[slot] = this.endAt(offset);
      recordCounts[slot] = this.recordCountAt(offset);
    }
    this.#capacity = capacity;
    this.#mask = mask;
    this.#chunks = chunks;
    this.#starts = starts;
    this.#ends = ends;
    this.#recordCounts = recordCounts;
  }
}

function emptySlots(count: number): (Chunk | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}
