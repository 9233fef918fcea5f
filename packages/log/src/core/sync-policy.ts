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
  /**
   * Takes note of how long the write and sync of a commit took, in milliseconds, as the calling thread saw it: off that
   * thread it includes the wait for the event loop.
   */
  record(frameBytes: number, durationMs: number, wasBlocking: boolean): void;
}

const BLOCK_BELOW_AVERAGE_MS = 0.3;
const BLOCK_BELOW_FRAME_BYTES = 128 * 1024;
const PROBE_BELOW_AVERAGE_MS = 2;
const PROBE_EVERY_COUNT = 64;
const OUTLIER_MS = 4;
/** Stalls up to here are those of a busy machine; only a disk makes longer ones. */
const LONG_OUTLIER_MS = 20;
const WARM_UP_COUNT = 16;
const MAX_SHORT_PENALTY_COUNT = 256;
const MAX_LONG_PENALTY_COUNT = 4096;
const WEIGHT = 1 / 16;

/**
 * The default policy: blocks for small commits while the moving average of what blocking takes is under 0.3 ms.
 *
 * What a commit takes off the thread is an upper bound for that and no more: on a busy machine most of it is waiting for
 * the event loop. So such a commit can lower the average and never raise it, and while they take less than 2 ms on average
 * every 64th blocks, to see. The first commits after a start run on the thread pool; so do those after an outlier of 4 ms
 * or more, and twice as many each time outliers of blocking commits return before as many went well.
 */
export function createAdaptiveSyncPolicy(): SyncPolicy {
  /** Of what blocking takes, as far as known. */
  let averageMs = BLOCK_BELOW_AVERAGE_MS;
  /** Of what commits on the thread pool take. */
  let pooledAverageMs = BLOCK_BELOW_AVERAGE_MS;
  let penaltyCount = WARM_UP_COUNT;
  let asyncRemaining = WARM_UP_COUNT;
  let goodCount = 0;
  let untilProbe = PROBE_EVERY_COUNT;

  function noteOutlier(durationMs: number, wasBlocking: boolean): void {
    if (wasBlocking) {
      const isLong = durationMs >= LONG_OUTLIER_MS;
      const maxCount = isLong ? MAX_LONG_PENALTY_COUNT : MAX_SHORT_PENALTY_COUNT;
      penaltyCount = Math.max(penaltyCount, Math.min(penaltyCount * 2, maxCount));
      asyncRemaining = penaltyCount;
    } else {
      asyncRemaining = Math.max(asyncRemaining, WARM_UP_COUNT);
    }
    goodCount = 0;
  }

  function noteSmall(durationMs: number, wasBlocking: boolean): void {
    if (!wasBlocking) {
      untilProbe -= 1;
      pooledAverageMs += (durationMs - pooledAverageMs) * WEIGHT;
      if (durationMs < averageMs) averageMs += (durationMs - averageMs) * WEIGHT;
    } else if (averageMs >= BLOCK_BELOW_AVERAGE_MS) {
      untilProbe = PROBE_EVERY_COUNT;
      averageMs = durationMs;
    } else {
      averageMs += (durationMs - averageMs) * WEIGHT;
    }
  }

  return {
    shouldBlock(frameBytes) {
      if (asyncRemaining > 0 || frameBytes > BLOCK_BELOW_FRAME_BYTES) return false;
      if (averageMs < BLOCK_BELOW_AVERAGE_MS) return true;
      return untilProbe <= 0 && pooledAverageMs < PROBE_BELOW_AVERAGE_MS;
    },
    record(frameBytes, durationMs, wasBlocking) {
      if (asyncRemaining > 0) asyncRemaining -= 1;
      if (frameBytes <= BLOCK_BELOW_FRAME_BYTES) noteSmall(durationMs, wasBlocking);
      if (durationMs >= OUTLIER_MS) {
        noteOutlier(durationMs, wasBlocking);
        return;
      }
      goodCount += 1;
      if (goodCount <= penaltyCount * 2) return;
      penaltyCount = Math.max(WARM_UP_COUNT, Math.floor(penaltyCount / 2));
      goodCount = 0;
    },
  };
}

/** A policy that never blocks the calling thread. */
export function createAsynchronousSyncPolicy(): SyncPolicy {
  return { shouldBlock: () => false, record: () => undefined };
}
