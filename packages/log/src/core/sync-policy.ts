// SPDX-License-Identifier: Apache-2.0

/**
 * Decides for each group commit whether it runs on the calling thread or on the thread pool.
 *
 * On a disk that syncs faster than the hop to another thread and back takes to amortise, running
 * on the calling thread gives more commits per second; on any other disk it would stop the whole
 * process for the time of a sync.
 */
export interface SyncPolicy {
  /** Whether the next commit, of `frameBytes` bytes, may block the calling thread. */
  shouldBlock(frameBytes: number): boolean;
  /** Takes note of how long the write and sync of a commit took, in milliseconds. */
  record(frameBytes: number, durationMs: number): void;
}

const BLOCK_BELOW_AVERAGE_MS = 0.3;
const BLOCK_BELOW_FRAME_BYTES = 128 * 1024;
const OUTLIER_MS = 4;
const WARM_UP_COUNT = 16;
const MAX_PENALTY_COUNT = 4096;
const WEIGHT = 1 / 16;

/**
 * The default policy: blocks for small commits while the moving average of their duration is under
 * 0.3 ms. The first commits after a start run on the thread pool; so do those after an outlier of
 * 4 ms or more, and twice as many each time outliers return before as many commits went well.
 */
export function createAdaptiveSyncPolicy(): SyncPolicy {
  let averageMs = BLOCK_BELOW_AVERAGE_MS;
  let penaltyCount = WARM_UP_COUNT;
  let asyncRemaining = WARM_UP_COUNT;
  let goodCount = 0;
  return {
    shouldBlock(frameBytes) {
      return (
        asyncRemaining === 0 &&
        averageMs < BLOCK_BELOW_AVERAGE_MS &&
        frameBytes <= BLOCK_BELOW_FRAME_BYTES
      );
    },
    record(frameBytes, durationMs) {
      if (asyncRemaining > 0) asyncRemaining -= 1;
      if (durationMs >= OUTLIER_MS) {
        penaltyCount = Math.min(penaltyCount * 2, MAX_PENALTY_COUNT);
        asyncRemaining = penaltyCount;
        goodCount = 0;
        return;
      }
      goodCount += 1;
      if (goodCount > penaltyCount * 2) {
        penaltyCount = Math.max(WARM_UP_COUNT, Math.floor(penaltyCount / 2));
        goodCount = 0;
      }
      if (frameBytes <= BLOCK_BELOW_FRAME_BYTES) {
        averageMs += (durationMs - averageMs) * WEIGHT;
      }
    },
  };
}

/** A policy that never blocks the calling thread. */
export function createAsynchronousSyncPolicy(): SyncPolicy {
  return { shouldBlock: () => false, record: () => undefined };
}
