// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "./zerobus-error.ts";

interface Waiter {
  readonly offset: number;
  readonly sinceMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ZerobusError) => void;
}

/**
 * Promises for "everything up to this offset is acknowledged", kept in order of offset. Waiting in order of offset, as
 * producers do, costs constant time.
 */
export class OffsetWaiters {
  #waiters: Waiter[] = [];
  #head = 0;

  get count(): number {
    return this.#waiters.length - this.#head;
  }

  /** @param sinceMs - when the wait began, for {@link OffsetWaiters.expire}. */
  wait(offset: number, sinceMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let index = this.#waiters.length;
      while (index > this.#head && (this.#waiters[index - 1] as Waiter).offset > offset) index--;
      const waiter: Waiter = { offset, sinceMs, resolve, reject };
      if (index === this.#waiters.length) this.#waiters.push(waiter);
      else this.#waiters.splice(index, 0, waiter);
    });
  }

  /** Settles the waits for offsets in front of `nextOffset`. */
  acknowledge(nextOffset: number): void {
    while (this.#head < this.#waiters.length) {
      const waiter = this.#waiters[this.#head] as Waiter;
      if (waiter.offset >= nextOffset) break;
      this.#head++;
      waiter.resolve();
    }
    if (this.#head === this.#waiters.length) {
      this.#waiters = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#waiters.length) {
      this.#waiters = this.#waiters.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Refuses the waits that began at or before `limitMs`; returns when the oldest of the others began. */
  expire(limitMs: number, makeError: () => ZerobusError): number | undefined {
    const kept: Waiter[] = [];
    let oldestMs: number | undefined;
    for (const waiter of this.#waiters.slice(this.#head)) {
      if (waiter.sinceMs <= limitMs) {
        waiter.reject(makeError());
        continue;
      }
      kept.push(waiter);
      if (oldestMs === undefined || waiter.sinceMs < oldestMs) oldestMs = waiter.sinceMs;
    }
    this.#waiters = kept;
    this.#head = 0;
    return oldestMs;
  }

  /** Refuses every wait. */
  rejectAll(error: ZerobusError): void {
    const waiters = this.#waiters.slice(this.#head);
    this.#waiters = [];
    this.#head = 0;
    for (const waiter of waiters) waiter.reject(error);
  }
}
