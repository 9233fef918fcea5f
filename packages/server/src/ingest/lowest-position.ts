// SPDX-License-Identifier: Apache-2.0

/** The lower of two positions of the log; `undefined` stands for none. */
export function lowestPosition(
  left: number | undefined,
  right: number | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
