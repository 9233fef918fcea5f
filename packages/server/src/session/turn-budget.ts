// SPDX-License-Identifier: Apache-2.0
import type { Pressure } from "../pressure.ts";

/** Bytes of messages that all streams together may handle in one turn of the event loop: a few milliseconds of work. */
const BYTES_PER_TURN = 256 * 1024;

/**
 * Spreads the work of busy streams over the turns of the event loop. A socket can deliver megabytes in one turn; handling
 * them at once would hold up acks, other streams and timers.
 */
export class TurnBudget implements Pressure {
  #leftBytes = BYTES_PER_TURN;
  #isScheduled = false;
  #waiting: (() => void)[] = [];

  get isSaturated(): boolean {
    return this.#leftBytes <= 0;
  }

  spend(byteCount: number): void {
    this.#leftBytes -= byteCount;
    this.#schedule();
  }

  whenRelieved(callback: () => void): void {
    this.#waiting.push(callback);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#renew);
  }

  readonly #renew = (): void => {
    this.#isScheduled = false;
    this.#leftBytes = BYTES_PER_TURN;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  };
}
