// SPDX-License-Identifier: Apache-2.0

/** Gets told how far the log is durable. */
export interface DurabilityListener {
  onDurable(durablePosition: number): void;
  onLogFailure(reason: Error): void;
}

/** Positions at which the front that was told is cut off. */
const COMPACT_AT = 1024;

/**
 * Who waits for which position of the log. Positions come ascending, so that a group commit costs as much as there are
 * listeners to tell, however many wait.
 */
export class DurabilityQueue {
  #listeners: DurabilityListener[] = [];
  #positions: number[] = [];
  #head = 0;

  /** @param position no less than that of the last call. */
  push(listener: DurabilityListener, position: number): void {
    this.#listeners.push(listener);
    this.#positions.push(position);
  }

  /** Tells those who wait for `durablePosition` or less, in the order of their positions. */
  publish(durablePosition: number): void {
    while (this.#head < this.#positions.length) {
      const position = this.#positions[this.#head] as number;
      if (position > durablePosition) break;
      const listener = this.#listeners[this.#head] as DurabilityListener;
      this.#head++;
      listener.onDurable(durablePosition);
    }
    this.#compact();
  }

  /** Tells everybody who waits that nothing more becomes durable. */
  fail(reason: Error): void {
    const waiting = new Set(this.#listeners.slice(this.#head));
    this.#head = this.#listeners.length;
    this.#compact();
    for (const listener of waiting) listener.onLogFailure(reason);
  }

  #compact(): void {
    if (this.#head === this.#positions.length) {
      this.#positions.length = 0;
      this.#listeners.length = 0;
    } else if (this.#head > COMPACT_AT && this.#head * 2 > this.#positions.length) {
      this.#positions = this.#positions.slice(this.#head);
      this.#listeners = this.#listeners.slice(this.#head);
    } else {
      return;
    }
    this.#head = 0;
  }
}
