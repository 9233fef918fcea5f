// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../clock.ts";

/**
 * How long a connection may take to say what it speaks, by its first bytes. A client speaks first in every protocol
 * here, so that only a stalled one needs longer than a few round trips.
 */
export const FIRST_BYTES_TIMEOUT_MS = 10_000;

/**
 * How long each of these may take, however many bytes trickle in meanwhile: the TLS handshake; the HTTP/2 preface with
 * its SETTINGS; a request of the token and catalog endpoints, head and body; the taking of its answer.
 */
export const EXCHANGE_TIMEOUT_MS = 20_000;

/** How long an HTTP/2 connection may go without a stream: longer than the pauses of clients that keep one for reuse. */
export const IDLE_SESSION_TIMEOUT_MS = 300_000;

/** One thing at a time that has to happen soon. Its owner stops it when what it guards has ended. */
export class Deadline {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Expires after `timeoutMs` from now, whatever was set before. */
  restart(timeoutMs: number): void {
    this.stop();
    this.#cancel = this.#clock.schedule(() => {
      this.#cancel = undefined;
      this.#onExpired();
    }, timeoutMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
