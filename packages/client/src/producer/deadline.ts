// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import { toZerobusError, ZerobusError } from "../core/zerobus-error.ts";

export interface DeadlineOptions {
  /** Milliseconds to wait at most. */
  readonly deadlineMs?: number;
}

/** @throws ZerobusError `invalid_argument` */
export function deadlineOption(
  options: DeadlineOptions,
  standard: number | undefined,
): number | undefined {
  const value = options.deadlineMs ?? standard;
  if (value === undefined || (typeof value === "number" && value >= 0)) return value;
  throw new ZerobusError(
    "invalid_argument",
    `deadlineMs is ${String(value)}; it must be a number of milliseconds from 0`,
  );
}

/**
 * Waits for a promise, so long at most; it is not left without a listener.
 * @throws ZerobusError `deadline_exceeded`; why the promise was rejected
 */
export function within(
  clock: Clock,
  deadlineMs: number | undefined,
  promise: Promise<unknown>,
): Promise<void> {
  if (deadlineMs === undefined) return promise.then(() => undefined);
  return new Promise<void>((resolve, reject) => {
    const timer = clock.startTimer(deadlineMs, () => {
      const text = `Not settled within ${deadlineMs} ms; records are still on their way`;
      reject(new ZerobusError("deadline_exceeded", text, { effect: "unknown" }));
    });
    promise.then(
      () => {
        timer.cancel();
        resolve();
      },
      (error: unknown) => {
        timer.cancel();
        reject(toZerobusError(error));
      },
    );
  });
}
