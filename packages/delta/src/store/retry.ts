// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

/** How long a request that failed in a way that may pass is tried again. */
export interface RetryPolicy {
  /** Tries of one request, the first included; 1 for no retries. */
  readonly maxAttempts: number;
  /** No try begins later than this after the first one. */
  readonly budgetMs: number;
  /** The wait before the second try is at most this; the bound doubles with each try. */
  readonly baseDelayMs: number;
  /** The bound of a wait stops growing here. */
  readonly maxDelayMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 8,
  budgetMs: 60_000,
  baseDelayMs: 100,
  maxDelayMs: 10_000,
};

/** Time and chance, given so that tests need neither. */
export interface RetryEnvironment {
  /** Milliseconds that only grow. */
  readonly clock: () => number;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
}

export const SYSTEM_RETRY_ENVIRONMENT: RetryEnvironment = {
  clock: () => performance.now(),
  random: Math.random,
  sleep: async (delayMs) => sleep(delayMs),
};

/** The tries of one request. */
export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #environment: RetryEnvironment;
  readonly #startedAtMs: number;
  /** Tries that have failed. */
  failedCount = 0;

  constructor(policy: RetryPolicy, environment: RetryEnvironment) {
    this.#policy = policy;
    this.#environment = environment;
    this.#startedAtMs = environment.clock();
  }

  /**
   * Waits before the next try: a random time up to a bound that doubles (full jitter), or longer where the store asks
   * for it. `false` if there is no next try.
   */
  async wait(askedDelayMs = 0): Promise<boolean> {
    this.failedCount += 1;
    const { maxAttempts, budgetMs, baseDelayMs, maxDelayMs } = this.#policy;
    if (this.failedCount >= maxAttempts) return false;
    const bound = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.failedCount - 1));
    const delayMs = Math.max(askedDelayMs, this.#environment.random() * bound);
    const elapsedMs = this.#environment.clock() - this.#startedAtMs;
    if (elapsedMs + delayMs > budgetMs) return false;
    await this.#environment.sleep(delayMs);
    return true;
  }
}
