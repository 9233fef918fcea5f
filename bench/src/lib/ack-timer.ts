// SPDX-License-Identifier: Apache-2.0

/** Forget what has been acknowledged when it is this many entries. */
const COMPACT_ENTRIES = 4096;

/** Times from a write to the ack of its last message. */
export class AckTimer {
  readonly latenciesMs: number[] = [];
  #offsets: number[] = [];
  #timesMs: number[] = [];
  #head = 0;

  /** Notes that everything up to `offset` is about to be written. */
  sent(offset: number): void {
    this.#offsets.push(offset);
    this.#timesMs.push(performance.now());
  }

  acknowledged(upToOffset: number): void {
    const now = performance.now();
    while (this.#head < this.#offsets.length && (this.#offsets[this.#head] ?? 0) <= upToOffset) {
      this.latenciesMs.push(now - (this.#timesMs[this.#head] ?? now));
      this.#head++;
    }
    if (this.#head < COMPACT_ENTRIES) return;
    this.#offsets = this.#offsets.slice(this.#head);
    this.#timesMs = this.#timesMs.slice(this.#head);
    this.#head = 0;
  }

  /** Writes that are not acknowledged. */
  get pendingCount(): number {
    return this.#offsets.length - this.#head;
  }
}
