// SPDX-License-Identifier: Apache-2.0
import type { BackoffPolicy } from "../core/retry-policy.ts";

/**
 * Exponential backoff with full jitter: a wait is evenly distributed between nothing and a bound that doubles with each
 * attempt, so that many producers that lost the same server come back spread out. Streams that keep dying young count
 * as attempts, and then the wait is never nothing: an open that always succeeds costs the server more than a refusal.
 */
export function fullJitterBackoff(firstDelayMs: number, maxDelayMs: number): BackoffPolicy {
  return {
    delayMs(attempt: number, youngDeaths: number, random: number): number {
      const exponent = Math.max(0, attempt - 1) + Math.max(0, youngDeaths - 2);
      const bound = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(exponent, 40));
      return youngDeaths > 1 ? bound * (0.5 + random / 2) : bound * random;
    },
  };
}
