// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * By how much the least that is in use may grow: what the engine keeps for itself. A full window of the client (8 lanes with
 * 5,000 records each, with payload, ticket and promises) is about as much, but no quarter of a run has only full ones.
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

  /** From the least of the second quarter of the run to that of the last. */
  get growthBytes(): number {
    const count = this.#samples.length;
    const quarter = Math.max(1, Math.floor(count / 4));
    return (
      Math.min(...this.#samples.slice(count - quarter)) -
      Math.min(...this.#samples.slice(quarter, 2 * quarter))
    );
  }
}
