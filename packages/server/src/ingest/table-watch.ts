// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";

export interface TableWatchOptions {
  readonly clock: Clock;
  /** Looks at the table once. Does not reject. */
  readonly look: () => Promise<void>;
  /** Whether streams or rows are there that a change would matter to. */
  readonly isInUse: () => boolean;
}

/** How often a table is looked at: while it is in use, and otherwise. */
const INTERVAL_MS = 500;
const IDLE_INTERVAL_MS = 5_000;

/** Looks at a table again and again, once at a time. */
export class TableWatch {
  readonly #options: TableWatchOptions;
  #lookedAtMs = 0;
  #looking: Promise<void> | undefined;
  #isRunning = false;
  #cancel: (() => void) | undefined;

  constructor(options: TableWatchOptions) {
    this.#options = options;
  }

  /** Looks from now on; called again, as soon as the use that the table is in now demands. */
  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
  }

  /** Looks now; one who asks while that goes on gets the same look. */
  now(): Promise<void> {
    this.#lookedAtMs = this.#options.clock.now();
    this.#looking ??= this.#options.look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Looks, unless that was done a moment ago. */
  async recently(): Promise<void> {
    if (this.#options.clock.now() - this.#lookedAtMs >= INTERVAL_MS) await this.now();
  }

  #schedule(): void {
    const { clock, isInUse } = this.#options;
    this.#cancel?.();
    const delayMs = isInUse() ? INTERVAL_MS : IDLE_INTERVAL_MS;
    this.#cancel = clock.schedule(() => {
      void this.now().finally(() => {
        if (this.#isRunning) this.#schedule();
      });
    }, delayMs);
  }
}
