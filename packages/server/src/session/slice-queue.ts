// SPDX-License-Identifier: Apache-2.0
import type { Pressure } from "../pressure.ts";

/** Does a slice of some work and tells whether there is more to do. Must not throw. */
export type SlicedTask = () => "more" | "done";

/**
 * Does the work of large messages one after the other, a slice in each turn of the event loop: together they hold it up no
 * longer than one of them, and only the one at work takes memory for its rows.
 */
export class SliceQueue {
  readonly #turn: Pressure;
  readonly #tasks: SlicedTask[] = [];

  /** @param turn tells when the next turn begins. */
  constructor(turn: Pressure) {
    this.#turn = turn;
  }

  add(task: SlicedTask): void {
    this.#tasks.push(task);
    if (this.#tasks.length === 1) this.#turn.whenRelieved(this.#step);
  }

  readonly #step = (): void => {
    if (this.#tasks[0]?.() === "done") this.#tasks.shift();
    if (this.#tasks.length > 0) this.#turn.whenRelieved(this.#step);
  };
}
