// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * What the client may hold more at the end than in the middle: a full window where there was an empty one (8 lanes with 5,000
 * records each, with payload, ticket and promises, about 14 MB), and what the engine keeps for itself. A leak of 100 bytes per
 * record would be 20 MB in a run of 200,000 records.
 */
export const MAX_GROWTH_BYTES: number = 16 * 1024 * 1024;

/** Samples the memory that is in use after a collection. */
export class MemoryWatch {
  readonly #samples: number[] = [];
  readonly #collect: () => void;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as () => void;
  }

  sample(): void {
    this.#collect();
    const { heapUsed, external } = process.memoryUsage();
    this.#samples.push(heapUsed + external);
  }

  /** From the median of the second quarter of the run to that of the last. */
  get growthBytes(): number {
    const count = this.#samples.length;
    const quarter = Math.max(1, Math.floor(count / 4));
    return (
      median(this.#samples.slice(count - quarter)) -
      median(this.#samples.slice(quarter, 2 * quarter))
    );
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
