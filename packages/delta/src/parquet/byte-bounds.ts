// SPDX-License-Identifier: Apache-2.0

/**
 * Bounds of byte strings, shortened. The order is that of unsigned bytes, which for UTF-8 is also the order of code
 * points: Parquet's order for both STRING and BINARY, and Delta's for strings.
 */
export interface ByteBounds {
  /** At or below every value. */
  readonly min: Uint8Array;
  readonly isMinExact: boolean;
  /** At or above every value; `null` where no short bound exists. */
  readonly max: Uint8Array | null;
  readonly isMaxExact: boolean;
}

/** Code points kept of a string, as in the reference implementation. */
export const STRING_PREFIX_CODE_POINTS = 32;
/** A bound may grow to this many code points while a place to round up is looked for. */
const MAX_STRING_BOUND_CODE_POINTS = 2 * STRING_PREFIX_CODE_POINTS;
/** Bytes kept of a BINARY value; it has no characters to respect. */
export const BINARY_PREFIX_BYTES = 64;

const LAST_ASCII = 0x7f;
const LAST_CODE_POINT_UTF8 = Uint8Array.of(0xf4, 0x8f, 0xbf, 0xbf);

/** Compares as unsigned bytes; a prefix comes before what it is a prefix of. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/**
 * The bounds of a STRING column from its smallest and largest value, both valid UTF-8. What is cut is cut between
 * code points; the upper bound then gets one code point more that is above everything cut off.
 */
export function stringBounds(min: Uint8Array, max: Uint8Array): ByteBounds {
  const minEnd = endOfCodePoints(min, STRING_PREFIX_CODE_POINTS);
  const upper = stringUpperBound(max);
  return {
    min: min.slice(0, minEnd),
    isMinExact: minEnd === min.length,
    max: upper,
    isMaxExact: upper !== null && upper.length === max.length && compareBytes(upper, max) === 0,
  };
}

/** The bounds of a BINARY column from its smallest and largest value. */
export function binaryBounds(min: Uint8Array, max: Uint8Array): ByteBounds {
  return {
    min: min.slice(0, BINARY_PREFIX_BYTES),
    isMinExact: min.length <= BINARY_PREFIX_BYTES,
    max: binaryUpperBound(max),
    isMaxExact: max.length <= BINARY_PREFIX_BYTES,
  };
}

/** Bounds that cover both. */
export function mergedByteBounds(left: ByteBounds, right: ByteBounds): ByteBounds {
  const lower = compareBytes(left.min, right.min) <= 0 ? left : right;
  const upper =
    left.max === null || (right.max !== null && compareBytes(left.max, right.max) >= 0)
      ? left
      : right;
  return {
    min: lower.min,
    isMinExact: lower.isMinExact,
    max: upper.max,
    isMaxExact: upper.isMaxExact,
  };
}

function stringUpperBound(max: Uint8Array): Uint8Array | null {
  let end = endOfCodePoints(max, STRING_PREFIX_CODE_POINTS);
  if (end === max.length) return max.slice();
  for (let kept = STRING_PREFIX_CODE_POINTS; kept < MAX_STRING_BOUND_CODE_POINTS; kept++) {
    if (end === max.length) return max.slice();
    if ((max[end] as number) < LAST_ASCII) return withSuffix(max, end, Uint8Array.of(LAST_ASCII));
    if (!startsWithLastCodePoint(max, end)) return withSuffix(max, end, LAST_CODE_POINT_UTF8);
    end += LAST_CODE_POINT_UTF8.length;
  }
  return end === max.length ? max.slice() : null;
}

function binaryUpperBound(max: Uint8Array): Uint8Array | null {
  if (max.length <= BINARY_PREFIX_BYTES) return max.slice();
  const bound = max.slice(0, BINARY_PREFIX_BYTES);
  for (let last = bound.length - 1; last >= 0; last--) {
    const byte = bound[last] as number;
    if (byte < 0xff) {
      bound[last] = byte + 1;
      return bound.slice(0, last + 1);
    }
  }
  return null;
}

/** The byte length of the first `count` code points, or of all there are. */
function endOfCodePoints(bytes: Uint8Array, count: number): number {
  let seen = 0;
  for (let index = 0; index < bytes.length; index++) {
    const isContinuation = ((bytes[index] as number) & 0xc0) === 0x80;
    if (isContinuation) continue;
    if (seen === count) return index;
    seen++;
  }
  return bytes.length;
}

function startsWithLastCodePoint(bytes: Uint8Array, start: number): boolean {
  return LAST_CODE_POINT_UTF8.every((byte, index) => bytes[start + index] === byte);
}

function withSuffix(bytes: Uint8Array, end: number, suffix: Uint8Array): Uint8Array {
  const result = new Uint8Array(end + suffix.length);
  result.set(bytes.subarray(0, end));
  result.set(suffix, end);
  return result;
}
