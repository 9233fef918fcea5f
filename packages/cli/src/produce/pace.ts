// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { tokenBucketLimiter } from "@sluice/client";

/** Waits until so many records may be sent, or the signal comes. */
export type Pace = (recordCount: number, signal: AbortSignal) => Promise<void>;

/** Batches to a second at least, so that a low rate does not come in bursts. */
const BATCHES_PER_SECOND = 10;

/** Holds records to a rate over all streams together; `undefined` is no limit. */
export function createPace(recordsPerSecond: number | undefined): Pace {
  if (recordsPerSecond === undefined) return () => Promise.resolve();
  const limiter = tokenBucketLimiter({ recordsPerSecond })();
  return async (recordCount, signal) => {
    while (!signal.aborted) {
      const waitMs = limiter.tryTake(recordCount, 0, performance.now());
      if (waitMs <= 0) return;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  };
}

/** The largest batch that a rate goes with. */
export function batchCountFor(recordsPerSecond: number | undefined, most: number): number {
  if (recordsPerSecond === undefined) return most;
  return Math.max(1, Math.min(most, Math.floor(recordsPerSecond / BATCHES_PER_SECOND)));
}
