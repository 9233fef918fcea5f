// SPDX-License-Identifier: Apache-2.0

/** What the producer saw in one interval. */
export interface LoadSample {
  readonly laneCount: number;
  /** Whether every lane has an open stream. */
  readonly allRunning: boolean;
  /** Calls had to wait for room. */
  readonly waited: boolean;
  /** The service seems to hold a stream to a rate. */
  readonly throttled: boolean;
  readonly heldBytes: number;
  readonly heldRecords: number;
}

export interface LoadLimits {
  readonly minLanes: number;
  readonly maxLanes: number;
  readonly maxInflightBytes: number;
  readonly maxInflightRecords: number;
}

/** Intervals in a row that must agree before a lane is added. */
const FULL_INTERVALS = 2;
/** Intervals in a row that must agree before a lane is given up. */
const IDLE_INTERVALS = 30;
/** A producer is idle while it holds less than this part of what it may. */
const IDLE_PART = 0.1;

/**
 * Decides about lanes by load: one more while callers wait for room although every lane runs, or because a stream is
 * throttled, one less after a long time with next to nothing in flight. A lane that is away is no reason for another, and
 * none against one where another is throttled.
 */
export class LoadMeter {
  readonly #limits: LoadLimits;
  #fullIntervals = 0;
  #idleIntervals = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  /** Why there should be one more, `full` or `throttled`, or one less, `idle`. */
  decide(sample: LoadSample): "full" | "throttled" | "idle" | "stay" {
    const { minLanes, maxLanes, maxInflightBytes, maxInflightRecords } = this.#limits;
    const idle =
      !sample.waited &&
      sample.heldBytes < maxInflightBytes * IDLE_PART &&
      sample.heldRecords < maxInflightRecords * IDLE_PART;
    const lacksLanes = sample.waited && (sample.allRunning || sample.throttled);
    this.#fullIntervals = lacksLanes ? this.#fullIntervals + 1 : 0;
    this.#idleIntervals = idle ? this.#idleIntervals + 1 : 0;
    if (this.#fullIntervals >= FULL_INTERVALS && sample.laneCount < maxLanes) {
      this.#fullIntervals = 0;
      return sample.throttled ? "throttled" : "full";
    }
    if (this.#idleIntervals >= IDLE_INTERVALS && sample.laneCount > minLanes) {
      this.#idleIntervals = 0;
      return "idle";
    }
    return "stay";
  }
}
