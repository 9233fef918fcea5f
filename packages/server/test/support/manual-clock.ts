// SPDX-License-Identifier: Apache-2.0
import { ManualClock, Signal } from "@sluice/testkit";
import type { Clock } from "../../src/clock.ts";

/** A server's clock that stands still until it is told to move on. */
export class ManualServerClock implements Clock {
  readonly #manual = new ManualClock();
  readonly #changes = new Signal();
  readonly #timers = new Set<{ readonly dueMs: number }>();

  now(): number {
    return this.#manual.nowMs();
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const entry = { dueMs: this.now() + delayMs };
    const timer = this.#manual.startTimer(delayMs, () => {
      this.#timers.delete(entry);
      callback();
    });
    this.#timers.add(entry);
    this.#changes.notify();
    return () => {
      timer.cancel();
      this.#timers.delete(entry);
      this.#changes.notify();
    };
  }

  /** Moves time on, running what falls due, in order. */
  advance(byMs: number): void {
    this.#manual.advance(byMs);
    this.#changes.notify();
  }

  /** Resolves once exactly these delays from now are scheduled. */
  async pending(...delaysMs: number[]): Promise<void> {
    const expected = sorted(delaysMs).join();
    await this.#changes.until(() => {
      const delays = Array.from(this.#timers, ({ dueMs }) => dueMs - this.now());
      return sorted(delays).join() === expected;
    });
  }
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((left, right) => left - right);
}
