// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

/** Tries something again after each failure, ever later, without end: its records are in the log. */
export class RetryTimer {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #retry: () => void;
  #faultCount = 0;
  #cancel: (() => void) | undefined;

  /** @param random from 0 up to but not 1. */
  constructor(clock: Clock, random: () => number, retry: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#retry = retry;
  }

  /** It has failed. */
  start(): void {
    const longestMs = Math.min(FIRST_DELAY_MS * 2 ** this.#faultCount, MAX_DELAY_MS);
    this.#faultCount++;
    this.stop();
    this.#cancel = this.#clock.schedule(this.#retry, longestMs * (0.5 + this.#random() / 2));
  }

  stop(): void {
    this.#cancel?.();
  }

  /** It has gone well: the next failure is the first one. */
  reset(): void {
    this.#faultCount = 0;
  }
}
