// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";

/**
 * Upper bounds in seconds. From a local server with a fast disk (half a millisecond) over the hosted service (150 ms)
 * to an outage that was survived.
 */
export const ACK_LATENCY_BOUNDS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

const MAX_BOUNDS = 100;

/** What a histogram has counted. */
export interface HistogramSnapshot {
  /** Upper bounds of the buckets, inclusive; a last bucket has everything above. */
  readonly boundsSeconds: readonly number[];
  /** One more than bounds; each counts what the one before does not. */
  readonly bucketCounts: readonly number[];
  readonly count: number;
  readonly sumSeconds: number;
}

/** Counts durations in fixed buckets. Recording allocates nothing. */
export class LatencyHistogram {
  readonly #boundsMs: Float64Array;
  readonly #boundsSeconds: readonly number[];
  /** A double counts exactly up to 2 ** 53. The sum, in milliseconds, is behind the buckets. */
  readonly #cells: Float64Array;
  readonly #sumIndex: number;

  /** @throws ZerobusError `invalid_argument` unless there are 1 to 100 bounds that are positive, finite and ascending */
  constructor(boundsSeconds: readonly number[]) {
    checkBounds(boundsSeconds);
    this.#boundsSeconds = Object.freeze([...boundsSeconds]);
    this.#boundsMs = Float64Array.from(boundsSeconds, (bound) => bound * 1_000);
    this.#sumIndex = boundsSeconds.length + 1;
    this.#cells = new Float64Array(boundsSeconds.length + 2);
  }

  /** A duration that is negative or not a number counts as 0: the clock was at fault. */
  record(durationMs: number): void {
    const value = durationMs > 0 ? durationMs : 0;
    const bounds = this.#boundsMs;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    const cells = this.#cells;
    cells[low] = (cells[low] as number) + 1;
    cells[this.#sumIndex] = (cells[this.#sumIndex] as number) + value;
  }

  snapshot(): HistogramSnapshot {
    const bucketCounts = [...this.#cells.subarray(0, this.#sumIndex)];
    return {
      boundsSeconds: this.#boundsSeconds,
      bucketCounts,
      count: bucketCounts.reduce((sum, count) => sum + count, 0),
      sumSeconds: (this.#cells[this.#sumIndex] as number) / 1_000,
    };
  }
}

function checkBounds(bounds: readonly number[]): void {
  const ascending = bounds.every(
    (bound, index) =>
      Number.isFinite(bound) && bound > (index === 0 ? 0 : (bounds[index - 1] ?? 0)),
  );
  if (ascending && bounds.length >= 1 && bounds.length <= MAX_BOUNDS) return;
  throw new ZerobusError(
    "invalid_argument",
    `Histogram bounds are [${bounds.join(", ")}]; they must be 1 to ${MAX_BOUNDS} positive numbers of seconds, each above the one before`,
  );
}
