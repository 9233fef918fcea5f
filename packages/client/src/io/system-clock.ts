// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";

/** Longer delays make Node fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  startTimer: (delayMs: number, callback: () => void): Timer => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};
