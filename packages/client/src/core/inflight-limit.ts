// SPDX-License-Identifier: Apache-2.0

/** Unacknowledged bytes a call begins with: enough for 25 MB/s where an acknowledgement takes 150 ms. */
const INITIAL_BYTES = 4_194_304;

/** Acknowledgements that come later than so many times the fastest one have waited in a queue rather than on the way. */
const QUEUEING_FACTOR = 2;

/** A larger limit has to be so many times as fast as the smaller one to be made larger again. */
const WORTHWHILE_GAIN = 1.25;

/**
 * How many bytes may be unacknowledged. Bytes that only wait in a queue cost memory and delay their own
 * acknowledgement without making anything faster, so a call begins with few and gets twice as many whenever the limit
 * held callers back, acknowledgements came without queueing, and the last doubling paid; and half as many when
 * acknowledgements queue all the same. Without a call the whole of `maxBytes` may be taken.
 *
 * A round lasts from noting an offset to its acknowledgement; there is one at a time.
 */
export class InflightLimit {
  readonly #maxBytes: number;
  #bytes: number;
  #markedOffset: number | undefined;
  #markedAtMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #heldBack = false;
  #bytesPerMsBefore = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A call begins: what was learned of another connection does not count. */
  begin(): void {
    this.#bytes = Math.min(INITIAL_BYTES, this.#maxBytes);
    this.#markedOffset = undefined;
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#heldBack = false;
    this.#bytesPerMsBefore = 0;
  }

  /** The call ended. */
  end(): void {
    this.#bytes = this.#maxBytes;
    this.#markedOffset = undefined;
  }

  /** Somebody was refused room for the sake of this limit. */
  heldBack(): void {
    this.#heldBack = true;
  }

  /** Everything in front of `nextOffset` has been taken, the last of it just now. */
  taken(nextOffset: number, nowMs: number): void {
    if (this.#markedOffset !== undefined) return;
    this.#markedOffset = nextOffset;
    this.#markedAtMs = nowMs;
  }

  /** Everything in front of `nextOffset` is acknowledged. */
  acknowledged(nextOffset: number, nowMs: number): void {
    if (this.#markedOffset === undefined || nextOffset < this.#markedOffset) return;
    const roundMs = nowMs - this.#markedAtMs;
    this.#markedOffset = undefined;
    this.#leastMs = Math.min(this.#leastMs, roundMs);
    // Whoever is held back has the whole limit on the way, once per round.
    const bytesPerMs = this.#bytes / roundMs;
    const paid = bytesPerMs >= this.#bytesPerMsBefore * WORTHWHILE_GAIN;
    const queued = roundMs >= this.#leastMs * QUEUEING_FACTOR;
    if (this.#heldBack && queued) {
      this.#bytes = Math.max(this.#bytes / 2, Math.min(INITIAL_BYTES, this.#maxBytes));
    } else if (this.#heldBack && paid) {
      this.#bytesPerMsBefore = bytesPerMs;
      this.#bytes = Math.min(this.#bytes * 2, this.#maxBytes);
    }
    this.#heldBack = false;
  }
}
