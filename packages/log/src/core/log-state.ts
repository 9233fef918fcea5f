// SPDX-License-Identifier: Apache-2.0

/**
 * States of a log.
 *
 * - `open`: takes entries.
 * - `closing`: takes no entries; what is staged is being made durable.
 * - `failed`: a write or a sync failed; nothing more becomes durable.
 * - `closed`: files and lock are released.
 */
export type LogState = "open" | "closing" | "failed" | "closed";

/**
 * Events of a log.
 *
 * - `close`: the owner asked to close.
 * - `fail`: a write or a sync failed.
 * - `release`: files and lock have been released, at the end of a close.
 */
export type LogEvent = "close" | "fail" | "release";

/** For each state and event the next state, or `impossible` when a caller broke the protocol. */
export const LOG_TRANSITIONS: Readonly<
  Record<LogState, Readonly<Record<LogEvent, LogState | "impossible">>>
> = {
  open: { close: "closing", fail: "failed", release: "impossible" },
  closing: { close: "closing", fail: "failed", release: "closed" },
  failed: { close: "failed", fail: "failed", release: "closed" },
  closed: { close: "closed", fail: "closed", release: "impossible" },
};

/**
 * The state after `event`.
 *
 * @throws RangeError when the table calls the pair impossible.
 */
export function transitionLog(state: LogState, event: LogEvent): LogState {
  const next = LOG_TRANSITIONS[state][event];
  if (next === "impossible") throw new RangeError(`log: ${event} is impossible when ${state}`);
  return next;
}
