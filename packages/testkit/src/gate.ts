// SPDX-License-Identifier: Apache-2.0

/** Waits for a condition that events bring about: call {@link Signal.notify} after each change. */
export class Signal {
  #waiting: { condition: () => boolean; resolve: () => void }[] = [];

  /** Resolves once `condition` holds. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#waiting.push({ condition, resolve });
    });
  }

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (waiter.condition()) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }
}

/** A promise with its resolver. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function makeGate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
