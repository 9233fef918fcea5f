// SPDX-License-Identifier: Apache-2.0

/** What a lane saw since the sample before. */
export interface ThroughputSample {
  readonly nowMs: number;
  readonly acknowledgedRecords: number;
  readonly acknowledgedBytes: number;
  readonly inflightRecords: number;
  readonly inflightBytes: number;
  /** Whether callers had to wait for room. */
  readonly full: boolean;
  /** Whether the lane was open all the time, with no error and no limiter of its own holding it back. */
  readonly undisturbed: boolean;
}

/** The ceiling that a service seems to hold a stream to without saying so. */
export interface ThrottleReport {
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** What to do about it. */
  readonly advice: string;
}

/** Tells from samples, one per second and lane, whether the service throttles silently. */
export interface ThrottleDetector {
  /** What was reported and has not ended. */
  readonly current: ThrottleReport | undefined;
  /** @returns a report when throttling was noticed, and again only after it had ended */
  observe(sample: ThroughputSample): ThrottleReport | undefined;
}
