// SPDX-License-Identifier: Apache-2.0

/** Milliseconds since the epoch with the resolution of the monotonic clock, so that processes can compare times. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
