// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import type { ThrottleDetector, ThrottleReport, ThroughputSample } from "./throttle-report.ts";

/** How sure the detector wants to be. */
export interface ThrottleDetectorOptions {
  /** Milliseconds of full, undisturbed, flat samples before throttling is reported, from 2000. @default 20_000 */
  readonly windowMs?: number;
  /**
   * Largest spread of the rates within the window, as a share of their mean, that counts as flat; above 0, up to 1.
   * A token bucket is within a few percent; disks, networks and other tenants are not.
   * @default 0.1
   */
  readonly flatness?: number;
  /**
   * How far the rate must pass the reported one, as a share of it, for the throttling to have ended; above 0, up to 1.
   * A lane that is no longer full has ended it too; either has to last a quarter of the window.
   * @default 0.2, twice the flatness, so that reports do not flicker
   */
  readonly release?: number;
}

interface Interval {
  readonly durationMs: number;
  readonly records: number;
  readonly bytes: number;
}

/** A window of fewer samples says nothing about flatness. */
const MIN_INTERVALS = 5;
/** A gap this long between samples is not one observation but none. */
const MAX_INTERVAL_MS = 10_000;

/**
 * Makes a detector for one lane. Throttling without a word looks like this: callers wait for room all the time, nothing
 * fails, and the rate of acknowledgements is the same second after second, because something counts them out.
 *
 * No alarm comes from a lane that is not full (the application is the slow side), that was disturbed (errors and
 * reconnects explain the rate), or whose rate varies (a busy disk or network). A server that is merely saturated and
 * perfectly even cannot be told apart; more lanes are the thing to try in either case.
 * @throws ZerobusError `invalid_argument`
 */
export function createThrottleDetector(options: ThrottleDetectorOptions = {}): ThrottleDetector {
  const { windowMs = 20_000, flatness = 0.1, release = 0.2 } = options;
  check("windowMs", windowMs, 2000, 3_600_000);
  check("flatness", flatness, Number.MIN_VALUE, 1);
  check("release", release, Number.MIN_VALUE, 1);
  return new Detector(windowMs, flatness, release);
}

class Detector implements ThrottleDetector {
  readonly #windowMs: number;
  readonly #flatness: number;
  readonly #release: number;
  #previous: ThroughputSample | undefined;
  #intervals: Interval[] = [];
  #current: ThrottleReport | undefined;
  /** How long the rate has been clearly above the ceiling, or the lane not full. */
  #easedMs = 0;

  constructor(windowMs: number, flatness: number, release: number) {
    this.#windowMs = windowMs;
    this.#flatness = flatness;
    this.#release = release;
  }

  get current(): ThrottleReport | undefined {
    return this.#current;
  }

  observe(sample: ThroughputSample): ThrottleReport | undefined {
    const previous = this.#previous;
    this.#previous = sample;
    if (previous === undefined) return undefined;
    const durationMs = sample.nowMs - previous.nowMs;
    // A clock that went back, a process that slept: neither is a rate.
    if (durationMs <= 0 || durationMs > MAX_INTERVAL_MS) {
      this.#intervals = [];
      return undefined;
    }
    const interval: Interval = {
      durationMs,
      records: sample.acknowledgedRecords - previous.acknowledgedRecords,
      bytes: sample.acknowledgedBytes - previous.acknowledgedBytes,
    };
    const isTelling = sample.full && previous.full && sample.undisturbed;
    if (this.#current !== undefined) {
      this.#watchForEnd(this.#current, interval, isTelling);
      return undefined;
    }
    if (!isTelling || interval.records <= 0) {
      this.#intervals = [];
      return undefined;
    }
    this.#intervals.push(interval);
    return this.#judge();
  }

  /** The window grows until it is as long as it has to be, and slides from then on. */
  #judge(): ThrottleReport | undefined {
    const intervals = this.#intervals;
    let totalMs = intervals.reduce((sum, { durationMs }) => sum + durationMs, 0);
    while (totalMs - (intervals[0]?.durationMs ?? 0) >= this.#windowMs) {
      totalMs -= intervals.shift()?.durationMs ?? 0;
    }
    if (totalMs < this.#windowMs || intervals.length < MIN_INTERVALS) return undefined;
    const isFlat =
      spreadOf(intervals, ({ bytes }) => bytes) <= this.#flatness ||
      spreadOf(intervals, ({ records }) => records) <= this.#flatness;
    if (!isFlat) return undefined;
    const records = intervals.reduce((sum, interval) => sum + interval.records, 0);
    const bytes = intervals.reduce((sum, interval) => sum + interval.bytes, 0);
    const recordsPerSecond = Math.round((records * 1000) / totalMs);
    const bytesPerSecond = Math.round((bytes * 1000) / totalMs);
    this.#current = { recordsPerSecond, bytesPerSecond, advice: ADVICE };
    this.#easedMs = 0;
    this.#intervals = [];
    return this.#current;
  }

  /** Ended is what was different for a quarter of the window in a row, or has been interrupted. */
  #watchForEnd(
    current: ThrottleReport,
    { records, durationMs }: Interval,
    isTelling: boolean,
  ): void {
    const rate = (records * 1000) / durationMs;
    const isHeld = isTelling && rate <= current.recordsPerSecond * (1 + this.#release);
    this.#easedMs = isHeld ? 0 : this.#easedMs + durationMs;
    if (this.#easedMs >= this.#windowMs / 4) this.#current = undefined;
  }
}

const ADVICE =
  "the service seems to hold this stream to a fixed rate; raise the number of lanes, as limits are per stream, or ask for a higher quota";

/** Difference between the highest and the lowest rate, as a share of the mean. */
function spreadOf(intervals: readonly Interval[], valueOf: (interval: Interval) => number): number {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  let sum = 0;
  for (const interval of intervals) {
    const rate = valueOf(interval) / interval.durationMs;
    lowest = Math.min(lowest, rate);
    highest = Math.max(highest, rate);
    sum += rate;
  }
  return sum === 0 ? Number.POSITIVE_INFINITY : ((highest - lowest) * intervals.length) / sum;
}

function check(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new ZerobusError(
    "invalid_argument",
    `Throttle detector option \`${name}\` is ${String(value)}; it must be a number from ${min} to ${max}`,
  );
}
