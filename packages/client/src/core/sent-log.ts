// SPDX-License-Identifier: Apache-2.0

/** Sends so close together count as one, sent at the time of the first. */
const MERGE_MS = 10;

/** One entry per write at most, so that the log stays far shorter than the window of records. */
interface Sent {
  endOffset: number;
  atMs: number;
}

/** When what was sent: tells since when the oldest unacknowledged record waits for its acknowledgement. */
export class SentLog {
  #entries: Sent[] = [];
  #head = 0;

  /** Notes that everything in front of `endOffset` was handed to the socket by `atMs`. */
  sent(endOffset: number, atMs: number): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && this.#head < this.#entries.length && atMs - last.atMs < MERGE_MS) {
      last.endOffset = endOffset;
    } else {
      this.#entries.push({ endOffset, atMs });
    }
  }

  acknowledge(nextOffset: number): void {
    while (
      this.#head < this.#entries.length &&
      (this.#entries[this.#head] as Sent).endOffset <= nextOffset
    ) {
      this.#head++;
    }
    if (this.#head === this.#entries.length) this.clear();
    else if (this.#head >= 256) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** When the oldest unacknowledged record was sent; `undefined` when there is none. */
  get oldestMs(): number | undefined {
    return this.#entries[this.#head]?.atMs;
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
  }
}
