// SPDX-License-Identifier: Apache-2.0

interface ManualTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that moves when it is told to. Has the shape of the client's `Clock`. */
export class ManualClock {
  #nowMs = 0;
  readonly #timers = new Set<ManualTimer>();

  nowMs(): number {
    return this.#nowMs;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  startTimer(delayMs: number, callback: () => void): { cancel: () => void } {
    const timer: ManualTimer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
  }

  /** Moves time on, firing what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      let next: ManualTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = untilMs;
  }
}
