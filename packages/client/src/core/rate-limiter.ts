// SPDX-License-Identifier: Apache-2.0

/** Shapes what one lane sends. A lane has one of its own, since the limits of the service are per stream. */
export interface RateLimiter {
  /**
   * Takes room for one request, or tells how long to wait before asking again. A request that is sent again needs room
   * again. One larger than what can ever be there at once must be let through in the end.
   * @returns milliseconds to wait; 0 when the room was taken
   */
  tryTake(recordCount: number, byteCount: number, nowMs: number): number;
}

/** A limiter as a stream's sender asks it. */
export interface SendPace extends RateLimiter {
  /** Whether nothing is held back at the moment: requests then need not ask one by one. */
  isOpen(nowMs: number): boolean;
  /** Told of everything that was sent. */
  sent(recordCount: number, byteCount: number, nowMs: number): void;
}

/** Makes the limiter of a new lane. */
export type RateLimiterFactory = () => RateLimiter;
