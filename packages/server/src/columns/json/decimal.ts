// SPDX-License-Identifier: Apache-2.0

const MAX_EXACT_POWER = 22;
const POWERS_OF_TEN: Float64Array = Float64Array.from(
  { length: MAX_EXACT_POWER + 1 },
  (_, power) => 10 ** power,
);
const TWO_POW_53 = 9_007_199_254_740_992;
/** 2^27 + 1, which splits a double into two halves of 26 bits. */
const SPLITTER = 134_217_729;
/** A remainder this close to half a unit in the last place leaves the rounding undecided. */
const ROUNDING_MARGIN = 1 + 1e-6;

/** Digits that a double's upper part always has room for, and those that the general reader puts behind them. */
export const HIGH_DIGITS = 15;
export const MAX_LOW_DIGITS = 4;

/** The powers of ten in two halves of 26 bits that add up to them. */
const UPPER_HALVES: Float64Array = POWERS_OF_TEN.map(upperHalf);
const LOWER_HALVES: Float64Array = POWERS_OF_TEN.map((power) => power - upperHalf(power));

/**
 * The double nearest to `(high * 10^lowDigits + low) * 10^exponent`, or NaN where this arithmetic cannot tell which
 * one is nearest, so that the text has to be parsed. `high` is below 10^15 and `low` below 10^lowDigits, at most 10^15.
 *
 * Up to 2^53 the mantissa and the power of ten are exact, and one operation rounds once. Beyond that the quotient is
 * computed to about twice the precision of a double; it is undecided only when that lies next to a rounding boundary.
 */
export function decimalToDouble(
  high: number,
  low: number,
  lowDigits: number,
  exponent: number,
): number {
  const scale = POWERS_OF_TEN[lowDigits] as number;
  const mantissa = high * scale + low;
  if (mantissa < TWO_POW_53) {
    if (exponent === 0) return mantissa;
    if (exponent < 0 && exponent >= -MAX_EXACT_POWER) {
      return mantissa / (POWERS_OF_TEN[-exponent] as number);
    }
    if (exponent > 0 && exponent <= MAX_EXACT_POWER) {
      return mantissa * (POWERS_OF_TEN[exponent] as number);
    }
    return mantissa === 0 ? 0 : Number.NaN;
  }
  if (exponent > 0 || exponent < -MAX_EXACT_POWER) return Number.NaN;
  const product = high * scale;
  const sum = product + low;
  const added = sum - product;
  const rest = productError(high, lowDigits, product) + (low - added) + (product - (sum - added));
  const divisor = POWERS_OF_TEN[-exponent] as number;
  const quotient = sum / divisor;
  const back = quotient * divisor;
  const remainder = sum - back - productError(quotient, -exponent, back) + rest;
  const correction = remainder / divisor;
  const rounded = quotient + correction;
  const error = correction - (rounded - quotient);
  return rounded + error * ROUNDING_MARGIN === rounded ? rounded : Number.NaN;
}

/** What the rounding of `left * 10^power` to `product` lost, exactly (Dekker's product). */
function productError(left: number, power: number, product: number): number {
  const leftHigh = upperHalf(left);
  const leftLow = left - leftHigh;
  const rightHigh = UPPER_HALVES[power] as number;
  const rightLow = LOWER_HALVES[power] as number;
  return (
    leftLow * rightLow -
    (product - leftHigh * rightHigh - leftLow * rightHigh - leftHigh * rightLow)
  );
}

function upperHalf(value: number): number {
  const scaled = value * SPLITTER;
  return scaled - (scaled - value);
}

/** A whole number within this many digits is looked at; a longer one is out of every column's range. */
const MAX_WHOLE_DIGITS = 40;

/**
 * The value of a JSON number that is written with a fraction or an exponent, where it is a whole number: `undefined`
 * when it is not, `null` when it is too large for any integer column.
 */
export function wholeNumberOf(text: string): bigint | null | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const fraction = parts[3] ?? "";
  const digits = `${parts[2] as string}${fraction}`.replace(/^0+/, "");
  if (digits === "") return 0n;
  const significant = digits.replace(/0+$/, "");
  const exponent = Number(parts[4] ?? "0") - fraction.length + (digits.length - significant.length);
  if (exponent < 0) return undefined;
  if (significant.length + exponent > MAX_WHOLE_DIGITS) return null;
  const magnitude = BigInt(significant) * 10n ** BigInt(exponent);
  return parts[1] === "-" ? -magnitude : magnitude;
}
