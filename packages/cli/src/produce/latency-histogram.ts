// SPDX-License-Identifier: Apache-2.0

/** Each bucket reaches 2 % further than the one before, from a microsecond to more than an hour. */
const GROWTH = Math.log(1.02);
const BUCKET_COUNT = 1_120;
const LOWEST_MS = 0.001;

/** Counts latencies in a fixed amount of memory; quantiles are exact to 2 %. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT);
  #count = 0;

  /** Adds a latency in milliseconds. */
  add(latencyMs: number): void {
    const bucket = Math.floor(Math.log(Math.max(latencyMs, LOWEST_MS) / LOWEST_MS) / GROWTH);
    const index = Math.min(bucket, BUCKET_COUNT - 1);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
  }

  /** The latency in milliseconds that a share of all, 0 to 1, did not exceed; `undefined` where there is none. */
  quantileMs(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let remaining = Math.max(1, Math.ceil(this.#count * share));
    for (const [index, count] of this.#counts.entries()) {
      remaining -= count;
      if (remaining <= 0) return LOWEST_MS * Math.exp(GROWTH * (index + 0.5));
    }
    return undefined;
  }
}
