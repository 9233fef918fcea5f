// SPDX-License-Identifier: Apache-2.0
import type { ServerError } from "../errors.ts";

/** Gets told when a table takes no more of its records. */
export interface TableListener {
  refuse(error: ServerError): void;
}

/** The streams of a table, and who waits for it to be ready. */
export class TableStreams {
  readonly #listeners = new Set<TableListener>();
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#listeners.size;
  }

  add(listener: TableListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: TableListener): void {
    this.#listeners.delete(listener);
  }

  /** Tells all streams that they have to end. */
  end(error: ServerError): void {
    for (const listener of this.#listeners) listener.refuse(error);
  }

  /** Runs `callback` at the next {@link TableStreams.wake}. */
  wait(callback: () => void): void {
    this.#waiting.add(callback);
  }

  wake(): void {
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback();
  }
}
