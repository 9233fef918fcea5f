// SPDX-License-Identifier: Apache-2.0
import { type ColumnBlock, memoryOf } from "@sluice/delta";

/** Spare buffers that are kept, in bytes: enough for the blocks that are under way at full load. */
const MAX_SPARE_BYTES = 128 * 1024 * 1024;

interface Spare {
  readonly shape: string;
  readonly block: ColumnBlock;
  readonly byteLength: number;
}

/**
 * Blocks whose rows are written, kept for their buffers: new ones would have to be cleared and paged in for each block.
 * Bounded over all tables; the oldest go first.
 */
export class SpareBlocks {
  #spares: Spare[] = [];
  #byteLength = 0;

  /** @param shape what blocks must agree in to take each other's place; see {@link SpareBlocks.take}. */
  put(shape: string, block: ColumnBlock): void {
    const byteLength = memoryOf(block);
    this.#spares.push({ shape, block, byteLength });
    this.#byteLength += byteLength;
    while (this.#byteLength > MAX_SPARE_BYTES) {
      this.#byteLength -= (this.#spares.shift() as Spare).byteLength;
    }
  }

  /** A spare block of the shape, the newest: its memory is the likeliest to be in the cache. */
  take(shape: string): ColumnBlock | undefined {
    const index = this.#spares.findLastIndex((spare) => spare.shape === shape);
    if (index < 0) return undefined;
    const [spare] = this.#spares.splice(index, 1) as [Spare];
    this.#byteLength -= spare.byteLength;
    return spare.block;
  }
}
