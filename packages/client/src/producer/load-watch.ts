// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { Lane } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import {
  createThrottleDetector,
  type ThrottleDetectorOptions,
} from "./limits/throttle-detector.ts";
import type { ThrottleDetector, ThrottleReport } from "./limits/throttle-report.ts";
import { type LoadLimits, LoadMeter } from "./load-meter.ts";
import type { LaneCountEvent } from "./producer-event.ts";

const INTERVAL_MS = 1_000;

export interface LoadWatchOptions {
  readonly limits: LoadLimits;
  readonly lanes: LaneSet;
  readonly clock: Clock;
  /** `undefined`: throttling is not looked for. */
  readonly throttleDetection: ThrottleDetectorOptions | undefined;
  readonly onThrottled: (lane: Lane, report: ThrottleReport) => void;
  readonly onLaneCount: (from: number, to: number, reason: LaneCountEvent["reason"]) => void;
  /** Every second, after lanes were looked at. */
  readonly onLooked: () => void;
}

/** Looks at the lanes once a second: whether a stream is throttled silently, and whether there should be one more or less. */
export class LoadWatch {
  readonly #options: LoadWatchOptions;
  readonly #meter: LoadMeter;
  readonly #detectors = new Map<Lane, ThrottleDetector>();
  #timer: Timer | undefined;
  #growing = false;

  constructor(options: LoadWatchOptions) {
    this.#options = options;
    this.#meter = new LoadMeter(options.limits);
  }

  start(): void {
    this.#timer = this.#options.clock.startTimer(INTERVAL_MS, () => {
      this.#look();
      // Lanes that have failed stay so, and a timer would keep the process.
      if (this.#options.lanes.lanes.some((lane) => lane.accepting)) this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** What the lane's stream seems to be held to, as long as it is. */
  throttlingOf(lane: Lane): ThrottleReport | undefined {
    return this.#detectors.get(lane)?.current;
  }

  #look(): void {
    const { lanes, onLooked } = this.#options;
    this.#detect(lanes);
    const throttled = lanes.lanes.some((lane) => this.throttlingOf(lane) !== undefined);
    const { laneCount, ...sample } = lanes.sample();
    if (!this.#growing)
      this.#adapt(laneCount, this.#meter.decide({ laneCount, ...sample, throttled }));
    onLooked();
  }

  #detect(lanes: LaneSet): void {
    const { throttleDetection, onThrottled } = this.#options;
    if (throttleDetection === undefined) return;
    const present = lanes.lanes;
    for (const lane of this.#detectors.keys()) {
      if (!present.includes(lane)) this.#detectors.delete(lane);
    }
    for (const lane of present) {
      let detector = this.#detectors.get(lane);
      if (detector === undefined) {
        detector = createThrottleDetector(throttleDetection);
        this.#detectors.set(lane, detector);
      }
      const report = detector.observe(lane.sample(lanes.takeFull(lane)));
      if (report !== undefined) onThrottled(lane, report);
    }
  }

  #adapt(laneCount: number, decision: ReturnType<LoadMeter["decide"]>): void {
    const { lanes, onLaneCount } = this.#options;
    if (decision === "stay") return;
    if (decision === "idle") {
      lanes.shrink();
      onLaneCount(laneCount, laneCount - 1, decision);
      return;
    }
    this.#growing = true;
    const grown = (): void => {
      this.#growing = false;
      if (lanes.laneCount !== laneCount) onLaneCount(laneCount, lanes.laneCount, decision);
    };
    // A lane that does not open has reported why by itself.
    lanes.grow().then(grown, grown);
  }
}
