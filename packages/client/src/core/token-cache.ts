// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "./clock.ts";
import type { Token } from "./token-request.ts";

/** A token is replaced so long before it expires, or at half of its life if that is shorter. */
const REFRESH_MARGIN_MS = 300_000;

interface CachedToken {
  readonly value: string;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * One token, shared by those who ask for it. At most one request is under way. A token without an expiry is handed to
 * those who waited for it and not kept. A token that is due to be replaced is used until it expires, so that nobody
 * waits for a token service that fails or hangs while there is a good token.
 */
export class TokenCache {
  readonly #fetch: () => Promise<Token>;
  readonly #clock: Clock;
  #cached: CachedToken | undefined;
  #pending: Promise<string> | undefined;

  constructor(fetch: () => Promise<Token>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** @throws ZerobusError of the token endpoint */
  get(): Promise<string> {
    const cached = this.#cached;
    const nowMs = this.#clock.nowMs();
    if (cached !== undefined && nowMs < cached.refreshAtMs) return Promise.resolve(cached.value);
    this.#pending ??= this.#refresh();
    if (cached === undefined || nowMs >= cached.expiresAtMs) return this.#pending;
    this.#pending.catch(() => undefined); // who needs a token after the expiry asks again, and hears of it
    return Promise.resolve(cached.value);
  }

  /** Forgets the token if it is still the one given. */
  invalidate(value: string): void {
    if (this.#cached?.value === value) this.#cached = undefined;
  }

  async #refresh(): Promise<string> {
    const startedAtMs = this.#clock.nowMs();
    try {
      const { value, expiresInMs } = await this.#fetch();
      this.#cached =
        expiresInMs === undefined
          ? undefined
          : {
              value,
              refreshAtMs: startedAtMs + expiresInMs - Math.min(REFRESH_MARGIN_MS, expiresInMs / 2),
              expiresAtMs: startedAtMs + expiresInMs,
            };
      return value;
    } finally {
      this.#pending = undefined;
    }
  }
}
