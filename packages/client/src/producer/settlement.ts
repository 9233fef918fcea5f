// SPDX-License-Identifier: Apache-2.0
import { releaseFrames, ZerobusError } from "../core/zerobus-error.ts";

interface Waiter {
  readonly sequence: number;
  /** Hears of durability only, not of a refusal. */
  readonly strict: boolean;
  readonly resolve: () => void;
  readonly reject: (error: ZerobusError) => void;
}

/** Refusals remembered for tickets that ask late. */
const MAX_REMEMBERED = 10_000;

/**
 * What became of the entries of a lane, which are settled strictly in order, and the promises of those who wait to hear
 * it. Everything in front of `settledNext` is durable, but for the refused ones, which are remembered one by one.
 */
export class Settlement {
  #waiters: Waiter[] = [];
  #head = 0;
  #failure: ZerobusError | undefined;
  readonly #refused = new Map<number, ZerobusError>();
  /** Refusals in front of this are forgotten. */
  #forgottenNext = 0;
  /** The oldest entry that is not settled. */
  settledNext = 0;

  get waiterCount(): number {
    return this.#waiters.length - this.#head;
  }

  /**
   * Resolves once the entry is durable.
   * @throws ZerobusError why the record was refused or the lane ended; `out_of_range` when asked so late that this is
   * forgotten
   */
  waitFor(sequence: number): Promise<void> {
    if (sequence < this.settledNext) {
      const refusal = this.#refused.get(sequence);
      if (refusal !== undefined) return Promise.reject(refusal);
      if (sequence >= 0 && sequence < this.#forgottenNext) return Promise.reject(forgotten());
      return Promise.resolve();
    }
    return this.#wait(sequence, true);
  }

  /** Why the entry was refused, if it was and that is still known. */
  refusalOf(sequence: number): ZerobusError | undefined {
    return this.#refused.get(sequence);
  }

  /**
   * Resolves once everything up to the entry is settled, refused or durable.
   * @throws ZerobusError why the lane ended before
   */
  waitUntilSettled(sequence: number): Promise<void> {
    if (sequence < this.settledNext) return Promise.resolve();
    return this.#wait(sequence, false);
  }

  #wait(sequence: number, strict: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<void>((resolve, reject) => {
      let index = this.#waiters.length;
      while (index > this.#head && (this.#waiters[index - 1] as Waiter).sequence > sequence) {
        index--;
      }
      const waiter: Waiter = { sequence, strict, resolve, reject };
      if (index === this.#waiters.length) this.#waiters.push(waiter);
      else this.#waiters.splice(index, 0, waiter);
    });
  }

  /** Everything in front of `next` is durable. */
  settle(next: number): void {
    this.settledNext = next;
    while (this.#head < this.#waiters.length) {
      const waiter = this.#waiters[this.#head] as Waiter;
      if (waiter.sequence >= next) break;
      this.#head++;
      waiter.resolve();
    }
    this.#compact();
  }

  /** The oldest unsettled entry was refused. */
  refuse(error: ZerobusError): void {
    const sequence = this.settledNext++;
    if (this.#refused.size >= MAX_REMEMBERED) {
      const [oldest] = this.#refused.keys();
      this.#refused.delete(oldest as number);
      this.#forgottenNext = (oldest as number) + 1;
    }
    releaseFrames(error);
    this.#refused.set(sequence, error);
    while (this.#head < this.#waiters.length) {
      const waiter = this.#waiters[this.#head] as Waiter;
      if (waiter.sequence > sequence) break;
      this.#head++;
      if (waiter.strict) waiter.reject(error);
      else waiter.resolve();
    }
    this.#compact();
  }

  /** Nothing more will be settled. */
  fail(error: ZerobusError): void {
    this.#failure = error;
    const waiters = this.#waiters.slice(this.#head);
    this.#waiters = [];
    this.#head = 0;
    for (const waiter of waiters) waiter.reject(error);
  }

  #compact(): void {
    if (this.#head === this.#waiters.length) {
      if (this.#head === 0) return;
      this.#waiters = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#waiters.length) {
      this.#waiters = this.#waiters.slice(this.#head);
      this.#head = 0;
    }
  }
}

function forgotten(): ZerobusError {
  return new ZerobusError(
    "out_of_range",
    `What became of the record is not known any more: ${MAX_REMEMBERED} records were refused after it; ask for acknowledgements sooner`,
    { effect: "unknown" },
  );
}
