// SPDX-License-Identifier: Apache-2.0

/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void;
}

/** Time as the client sees it. Tests replace it. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  /** Calls back once, `delayMs` from now. A timer keeps the process alive. */
  startTimer(delayMs: number, callback: () => void): Timer;
}
