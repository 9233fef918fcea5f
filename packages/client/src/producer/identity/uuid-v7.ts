// SPDX-License-Identifier: Apache-2.0

/** Fills bytes with random ones. */
export type FillRandom = (target: Uint8Array) => void;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
const POOL_BYTES = 4096;
const ID_RANDOM_BYTES = 8;
const MAX_COUNTER = 0xfff;
/** The counter starts in the lower half, so that there is room above it. */
const COUNTER_START_MASK = 0x7ff;
/** A clock put back by more was wrong before: ids follow the new one. */
const MAX_CLOCK_BACKSTEP_MS = 60_000;

/**
 * Makes version 7 UUIDs (RFC 9562): 48 bits of Unix milliseconds, a counter of 12 bits that starts at random in each
 * millisecond, 62 random bits. Ids of one generator sort in the order they were made: where the counter is used up, or
 * the clock goes back by up to a minute, the millisecond of the id runs ahead of the clock.
 */
export class UuidV7Generator {
  readonly #now: () => number;
  readonly #fillRandom: FillRandom;
  readonly #pool = new Uint8Array(POOL_BYTES);
  #poolOffset = POOL_BYTES;
  #lastMs = -1;
  #counter = 0;
  #timeText = "";

  /** @param now - Unix milliseconds */
  constructor(now: () => number, fillRandom: FillRandom) {
    this.#now = now;
    this.#fillRandom = fillRandom;
  }

  next(): string {
    const nowMs = Math.floor(this.#now());
    const offset = this.#takeRandom();
    const pool = this.#pool;
    const isLaterThanLast = nowMs > this.#lastMs;
    if (isLaterThanLast || nowMs < this.#lastMs - MAX_CLOCK_BACKSTEP_MS) {
      this.#begin(nowMs, offset);
    } else if (this.#counter === MAX_COUNTER) {
      this.#begin(this.#lastMs + 1, offset);
    } else {
      this.#counter += 1;
    }
    const counter = this.#counter;
    const byte = (index: number): string => HEX[pool[offset + index] as number] as string;
    const version = HEX[0x70 | (counter >>> 8)] as string;
    const variant = HEX[0x80 | ((pool[offset] as number) & 0x3f)] as string;
    return (
      `${this.#timeText}-${version}${HEX[counter & 0xff]}-${variant}${byte(1)}-` +
      byte(2) +
      byte(3) +
      byte(4) +
      byte(5) +
      byte(6) +
      byte(7)
    );
  }

  #begin(ms: number, offset: number): void {
    this.#lastMs = ms;
    const random = ((this.#pool[offset] as number) << 8) | (this.#pool[offset + 7] as number);
    this.#counter = random & COUNTER_START_MASK;
    const text = ms.toString(16).padStart(12, "0");
    this.#timeText = `${text.slice(0, 8)}-${text.slice(8)}`;
    // The bytes the counter came from are not used twice.
    this.#fillRandom(this.#pool.subarray(offset, offset + ID_RANDOM_BYTES));
  }

  #takeRandom(): number {
    if (this.#poolOffset + ID_RANDOM_BYTES > POOL_BYTES) {
      this.#fillRandom(this.#pool);
      this.#poolOffset = 0;
    }
    const offset = this.#poolOffset;
    this.#poolOffset += ID_RANDOM_BYTES;
    return offset;
  }
}
