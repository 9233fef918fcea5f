// SPDX-License-Identifier: Apache-2.0

const DECIMAL = /^[+-]?(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/;

/** Whether a text is a decimal number that DECIMAL(precision, scale) holds without rounding; zeros at the ends are free. */
export function fitsDecimal(text: string, precision: number, scale: number): boolean {
  const match = DECIMAL.exec(text);
  if (match === null) return false;
  const whole = match[1] ?? "";
  const digits = whole + (match[2] ?? match[3] ?? "");
  const exponent = Number(match[4] ?? 0);
  const first = digits.search(/[1-9]/);
  if (first < 0) return true;
  let last = digits.length - 1;
  while (digits[last] === "0") last--;
  const highest = whole.length - 1 - first + exponent;
  const lowest = whole.length - 1 - last + exponent;
  return highest < precision - scale && lowest >= -scale;
}
