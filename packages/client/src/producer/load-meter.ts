// SPDX-License-Identifier: Apache-2.0

/** What the producer saw in one interval. */
export interface LoadSample {
  readonly laneCount: number;
  /** Whether every lane has an open stream. */
  readonly allRunning: boolean;
  /** Calls had to wait for room. */
  readonly waited: boolean;
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
 * Decides about lanes by load: one more while callers wait for room although every lane runs, one less after a long time
 * with next to nothing in flight. A lane that is away is no reason for another.
 */
export class LoadMeter {
  readonly #limits: LoadLimits;
  #fullIntervals = 0;
  #idleIntervals = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  decide(sample: LoadSample): "grow" | "shrink" | "stay" {
    const { minLanes, maxLanes, maxInflightBytes, maxInflightRecords } = this.#limits;
    const idle =
      !sample.waited &&
      sample.heldBytes < maxInflightBytes * IDLE_PART &&
      sample.heldRecords < maxInflightRecords * IDLE_PART;
    this.#fullIntervals = sample.waited && sample.allRunning ? this.#fullIntervals + 1 : 0;
    this.#idleIntervals = idle ? this.#idleIntervals + 1 : 0;
    if (this.#fullIntervals >= FULL_INTERVALS && sample.laneCount < maxLanes) {
      this.#fullIntervals = 0;
      return "grow";
    }
    if (this.#idleIntervals >= IDLE_INTERVALS && sample.laneCount > minLanes) {
      this.#idleIntervals = 0;
      return "shrink";
    }
    return "stay";
  }
}
