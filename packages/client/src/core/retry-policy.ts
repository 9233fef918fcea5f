// SPDX-License-Identifier: Apache-2.0

/** Longest wait between two attempts. */
export const MAX_BACKOFF_MS = 30_000;

/** Decides how long to wait before the next attempt. */
export interface BackoffPolicy {
  /**
   * @param attempt - attempts made in this recovery; 0 when the wait comes before the first.
   * @param youngDeaths - streams in a row that opened and were lost before any progress.
   * @param random - evenly distributed in [0, 1).
   */
  delayMs(attempt: number, youngDeaths: number, random: number): number;
}

/**
 * The schedule of the drop-in API: `backoffMs` between the attempts of one recovery, as the official client waits, plus
 * up to a quarter so that clients do not return in step. Streams that keep dying young double the wait, up to
 * {@link MAX_BACKOFF_MS}, which the official client does not do.
 */
export function fixedBackoff(backoffMs: number): BackoffPolicy {
  return {
    delayMs(_attempt: number, youngDeaths: number, random: number): number {
      const doublings = Math.min(Math.max(youngDeaths - 2, 0), 30);
      const base = Math.min(backoffMs * 2 ** doublings, Math.max(MAX_BACKOFF_MS, backoffMs));
      return base * (1 + random / 4);
    },
  };
}
