// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from "../parquet/byte-bounds.ts";
import type { Scalar, ScalarType } from "./scalar-types.ts";

/** Negative, zero or positive, as the left value is below, the same as or above the right one. */
export type Comparator = (left: Scalar, right: Scalar) => number;

/**
 * The order of values of a type: strings by code point, bytes unsigned, `false` before `true`; NaN equals itself and is
 * above every number, zeros are equal.
 */
export function comparatorOf(type: ScalarType): Comparator {
  switch (type) {
    case "string":
      return compareText as Comparator;
    case "binary":
      return compareBytes as Comparator;
    case "float":
    case "double":
      return compareDoubles as Comparator;
    default:
      return compareOrdered;
  }
}

/** By code point, which is the order of UTF-8; JavaScript's own order is that of UTF-16. */
export function compareText(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    // A surrogate stands for a code point above all that take one unit.
    const isSurrogateA = a >= 0xd800 && a < 0xe000;
    const isSurrogateB = b >= 0xd800 && b < 0xe000;
    if (isSurrogateA !== isSurrogateB) return isSurrogateA ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

export function compareDoubles(left: number, right: number): number {
  if (left === right) return 0;
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
  if (Number.isNaN(right)) return -1;
  return left < right ? -1 : 1;
}

function compareOrdered(left: Scalar, right: Scalar): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
