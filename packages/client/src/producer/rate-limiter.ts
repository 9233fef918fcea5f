// SPDX-License-Identifier: Apache-2.0

/** Shapes what one lane sends. A lane has one of its own, since the limits of the service are per stream. */
export interface RateLimiter {
  /**
   * Takes room for one request, or tells how long to wait before asking again. A request larger than what can ever be
   * there at once must be let through in the end.
   * @returns milliseconds to wait; 0 when the room was taken
   */
  tryTake(recordCount: number, byteCount: number, nowMs: number): number;
}

/** Makes the limiter of a new lane. */
export type RateLimiterFactory = () => RateLimiter;

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
  /** @returns a report when throttling was noticed, and again only after it had ended */
  observe(sample: ThroughputSample): ThrottleReport | undefined;
}
