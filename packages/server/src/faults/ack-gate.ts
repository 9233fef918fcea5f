// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";

export interface AckGateOptions {
  readonly clock: Clock;
  /** Milliseconds that the next ack is to be late. */
  readonly nextDelayMs: () => number;
  /** Most offsets acknowledged per second. `undefined`: as many as come. */
  readonly offsetsPerSecond: number | undefined;
  readonly send: (offset: number) => void;
  /** Everything offered has been sent. */
  readonly onIdle: () => void;
}

interface DelayedAck {
  offset: number;
  readonly dueMs: number;
}

/** Acks that wait beyond it are folded into one; it is seconds of group commits. */
const MAX_DELAYED_ACKS = 4_096;
/** A throttled stream may make up for so much of a second in which nothing was to be acknowledged. */
const BURST_SECONDS = 0.1;
const THROTTLE_STEP_MS = 20;

/** Where the acks of one stream are made to wait. Acks stay in order, and none goes beyond what was offered. */
export class AckGate {
  readonly #options: AckGateOptions;
  readonly #delayed: DelayedAck[] = [];
  #newest = -1;
  /** Up to here acks have had their delay. */
  #ripe = -1;
  #sent = -1;
  #holdCount = 0;
  #allowance: number;
  #refilledAtMs: number;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(options: AckGateOptions) {
    this.#options = options;
    this.#allowance = this.#burst;
    this.#refilledAtMs = options.clock.now();
  }

  get newest(): number {
    return this.#newest;
  }

  get isIdle(): boolean {
    return this.#sent === this.#newest;
  }

  /** Takes an ack in. One that was offered before is a sign of life: it repeats what was sent, if that may be. */
  offer(offset: number): void {
    if (this.#isClosed) return;
    const { clock, nextDelayMs, send } = this.#options;
    if (offset <= this.#newest) {
      if (this.#sent >= 0 && this.#holdCount === 0) send(this.#sent);
      return;
    }
    this.#newest = offset;
    const last = this.#delayed.at(-1);
    const dueMs = Math.max(clock.now() + nextDelayMs(), last?.dueMs ?? 0);
    if (last !== undefined && this.#delayed.length === MAX_DELAYED_ACKS) last.offset = offset;
    else this.#delayed.push({ offset, dueMs });
    this.#pass();
  }

  /** Sends nothing until as many calls of {@link AckGate.release}. */
  hold(): void {
    this.#holdCount += 1;
  }

  release(): void {
    this.#holdCount -= 1;
    this.#pass();
  }

  /** Sends nothing more, ever. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  #pass(): void {
    if (this.#isClosed || this.#holdCount > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const nowMs = this.#options.clock.now();
    let ripened = 0;
    for (const { offset, dueMs } of this.#delayed) {
      if (dueMs > nowMs) break;
      this.#ripe = offset;
      ripened += 1;
    }
    this.#delayed.splice(0, ripened);
    const count = Math.min(this.#ripe - this.#sent, this.#allowed(nowMs));
    if (count > 0) {
      this.#sent += count;
      this.#allowance -= count;
      this.#options.send(this.#sent);
      if (this.isIdle) this.#options.onIdle();
    }
    this.#wakeLater(nowMs);
  }

  /** Whole offsets that the throttle lets through now. */
  #allowed(nowMs: number): number {
    const { offsetsPerSecond } = this.#options;
    if (offsetsPerSecond === undefined) return Infinity;
    const earned = ((nowMs - this.#refilledAtMs) / 1_000) * offsetsPerSecond;
    this.#allowance = Math.min(this.#allowance + earned, this.#burst);
    this.#refilledAtMs = nowMs;
    return Math.floor(this.#allowance);
  }

  get #burst(): number {
    const { offsetsPerSecond } = this.#options;
    return offsetsPerSecond === undefined
      ? Infinity
      : Math.max(1, offsetsPerSecond * BURST_SECONDS);
  }

  #wakeLater(nowMs: number): void {
    const { clock, offsetsPerSecond } = this.#options;
    let delayMs = (this.#delayed[0]?.dueMs ?? Infinity) - nowMs;
    if (this.#sent < this.#ripe && offsetsPerSecond !== undefined) {
      const untilNextMs = ((1 - this.#allowance) / offsetsPerSecond) * 1_000;
      delayMs = Math.min(delayMs, Math.max(THROTTLE_STEP_MS, untilNextMs));
    }
    if (delayMs === Infinity || this.#isClosed) return;
    this.#cancelTimer = clock.schedule(() => {
      this.#cancelTimer = undefined;
      this.#pass();
    }, Math.ceil(delayMs));
  }
}
