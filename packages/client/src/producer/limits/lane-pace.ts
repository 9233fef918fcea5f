// SPDX-License-Identifier: Apache-2.0
import type { RateLimiter, SendPace } from "../../core/rate-limiter.ts";

/** What a lane sends at most, in each of the two. */
export interface SendRate {
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What is left of the rate at which a service refused more. */
const DECREASE = 0.5;
/** Gained back per second, as a part of that rate: ten seconds until it is reached again. */
const INCREASE_PER_SECOND = 0.05;
/** So many times that rate is taken without a refusal: the lane is not held back any more. */
const RELEASE = 2;
/** Slower than this a lane is not made: growing waits do the rest. A thousandth of what the service documents. */
const FLOOR: SendRate = { recordsPerSecond: 100, bytesPerSecond: 100_000 };
/** What may be sent at once after a pause, at the rate of the moment. */
const BURST_MS = 100;
const WINDOW_MS = 1_000;

interface Slowdown {
  readonly sinceMs: number;
  /** At which more was refused. */
  readonly refused: SendRate;
}

/**
 * The pace of one lane: what its limiter lets through, and less after the service has refused for want of capacity. Each
 * such refusal halves the rate, and the rate grows again in a straight line until it is twice what was refused. Pure, but
 * for the limiter it was given.
 */
export class LanePace implements SendPace {
  readonly #limiter: RateLimiter | undefined;
  readonly #sent = new PeakMeter();
  #slowdown: Slowdown | undefined;
  /** When the slowed lane may send again. */
  #freeAtMs = 0;
  #sentSince = false;
  #heldBack = false;

  constructor(limiter: RateLimiter | undefined) {
    this.#limiter = limiter;
  }

  tryTake(recordCount: number, byteCount: number, nowMs: number): number {
    const rate = this.slowedTo(nowMs);
    const ownMs = rate === undefined ? 0 : Math.ceil(this.#freeAtMs - nowMs);
    const waitMs = ownMs > 0 ? ownMs : (this.#limiter?.tryTake(recordCount, byteCount, nowMs) ?? 0);
    if (waitMs > 0) {
      this.#heldBack = true;
      return waitMs;
    }
    if (rate !== undefined) {
      const seconds = Math.max(
        recordCount / rate.recordsPerSecond,
        byteCount / rate.bytesPerSecond,
      );
      this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - BURST_MS) + seconds * 1000;
    }
    return 0;
  }

  isOpen(nowMs: number): boolean {
    return this.#limiter === undefined && this.slowedTo(nowMs) === undefined;
  }

  sent(recordCount: number, byteCount: number, nowMs: number): void {
    this.#sentSince = true;
    this.#sent.add(recordCount, byteCount, nowMs);
  }

  /** The service refused for want of capacity. Refusals without anything sent in between count as one. */
  refused(nowMs: number): void {
    if (!this.#sentSince) return;
    this.#sentSince = false;
    const refused = least(this.#sent.peak(nowMs), this.slowedTo(nowMs));
    this.#slowdown = { sinceMs: nowMs, refused };
    this.#freeAtMs = nowMs;
  }

  /** What the lane is slowed to by refusals; `undefined` when it is not. */
  slowedTo(nowMs: number): SendRate | undefined {
    const slowdown = this.#slowdown;
    if (slowdown === undefined) return undefined;
    const part = DECREASE + ((nowMs - slowdown.sinceMs) / 1000) * INCREASE_PER_SECOND;
    if (part >= RELEASE) {
      this.#slowdown = undefined;
      return undefined;
    }
    const { recordsPerSecond, bytesPerSecond } = slowdown.refused;
    return {
      recordsPerSecond: Math.max(FLOOR.recordsPerSecond, recordsPerSecond * part),
      bytesPerSecond: Math.max(FLOOR.bytesPerSecond, bytesPerSecond * part),
    };
  }

  /** Whether anything had to wait since the call before. */
  takeHeldBack(): boolean {
    const heldBack = this.#heldBack;
    this.#heldBack = false;
    return heldBack;
  }
}

/** The most that was sent in one of the last two seconds. */
class PeakMeter {
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #records = 0;
  #bytes = 0;
  #recordsBefore = 0;
  #bytesBefore = 0;

  add(recordCount: number, byteCount: number, nowMs: number): void {
    this.#roll(nowMs);
    this.#records += recordCount;
    this.#bytes += byteCount;
  }

  peak(nowMs: number): SendRate {
    this.#roll(nowMs);
    return {
      recordsPerSecond: Math.max(this.#records, this.#recordsBefore),
      bytesPerSecond: Math.max(this.#bytes, this.#bytesBefore),
    };
  }

  #roll(nowMs: number): void {
    const elapsedMs = nowMs - this.#startedAtMs;
    if (elapsedMs < WINDOW_MS) return;
    const isNext = elapsedMs < 2 * WINDOW_MS;
    this.#recordsBefore = isNext ? this.#records : 0;
    this.#bytesBefore = isNext ? this.#bytes : 0;
    this.#records = 0;
    this.#bytes = 0;
    this.#startedAtMs = isNext ? this.#startedAtMs + WINDOW_MS : nowMs;
  }
}

function least(sent: SendRate, held: SendRate | undefined): SendRate {
  if (held === undefined) return sent;
  return {
    recordsPerSecond: Math.min(sent.recordsPerSecond, held.recordsPerSecond),
    bytesPerSecond: Math.min(sent.bytesPerSecond, held.bytesPerSecond),
  };
}
