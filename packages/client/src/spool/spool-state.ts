// SPDX-License-Identifier: Apache-2.0

/** Where a spool stands. Only `open` takes records. */
export type SpoolState = "open" | "failed" | "closing" | "closed";

export type SpoolEvent = "fail" | "close" | "release";

/** Complete: each state and event. A spool that failed stays so until it is closed. */
export const SPOOL_TRANSITIONS: Readonly<
  Record<SpoolState, Readonly<Record<SpoolEvent, SpoolState>>>
> = {
  open: { fail: "failed", close: "closing", release: "closed" },
  failed: { fail: "failed", close: "closing", release: "closed" },
  closing: { fail: "closing", close: "closing", release: "closed" },
  closed: { fail: "closed", close: "closed", release: "closed" },
};
