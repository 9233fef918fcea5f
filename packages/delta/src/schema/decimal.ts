// SPDX-License-Identifier: Apache-2.0
import { isDecimalInRange } from "./type-names.ts";
import type { DataType } from "./types.ts";

/** A DECIMAL's value is an integer of up to `precision` digits, the last `scale` of them behind the point. */
export interface DecimalFormat {
  readonly precision: number;
  readonly scale: number;
}

/** Decimal digits that every value of 32 and of 64 bits has room for. */
export const MAX_INT32_DIGITS = 9;
export const MAX_INT64_DIGITS = 18;

/** Precision and scale of a `decimal(p,s)`; `undefined` for every other type. */
export function decimalOf(type: DataType): DecimalFormat | undefined {
  if (typeof type !== "string") return undefined;
  const match = /^decimal\((\d{1,2}),(\d{1,2})\)$/.exec(type);
  if (match === null) return undefined;
  const precision = Number(match[1]);
  const scale = Number(match[2]);
  return isDecimalInRange(precision, scale) ? { precision, scale } : undefined;
}

/** The fewest bytes whose two's complement holds every integer of `precision` digits. */
export function bytesOfPrecision(precision: number): number {
  let byteCount = 1;
  while (2n ** BigInt(8 * byteCount - 1) < 10n ** BigInt(precision)) byteCount++;
  return byteCount;
}

/** `unscaled * 10^-scale` as plain decimal text. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  if (scale === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
