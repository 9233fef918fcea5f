// SPDX-License-Identifier: Apache-2.0

/**
 * What of a stream is in the log and not yet acknowledged: pairs of a log position and the stream offset that is
 * durable with it, both ascending. One pair per run of messages, not per message.
 */
export class AckQueue {
  #positions: number[] = [];
  #offsets: number[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#positions.length;
  }

  /** Log position of the last pair, -1 when there is none. */
  get lastPosition(): number {
    return this.#positions.at(-1) ?? -1;
  }

  push(position: number, offset: number): void {
    this.#positions.push(position);
    this.#offsets.push(offset);
  }

  /** Removes what is durable up to `durablePosition`. @returns the highest offset removed, or -1 if there was none. */
  takeDurable(durablePosition: number): number {
    let head = this.#head;
    const positions = this.#positions;
    while (head < positions.length && (positions[head] as number) <= durablePosition) head++;
    if (head === this.#head) return -1;
    const offset = this.#offsets[head - 1] as number;
    this.#head = head;
    this.#compact();
    return offset;
  }

  #compact(): void {
    if (this.#head === this.#positions.length) {
      this.#positions.length = 0;
      this.#offsets.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#positions.length) {
      this.#positions = this.#positions.slice(this.#head);
      this.#offsets = this.#offsets.slice(this.#head);
      this.#head = 0;
    }
  }
}
