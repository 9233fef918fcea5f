// SPDX-License-Identifier: Apache-2.0

/** Whether the four bytes of a little-endian word are all ASCII digits. */
export function areDigits(word: number): boolean {
  return (((word + 0x4646_4646) | (word - 0x3030_3030)) & 0x8080_8080) === 0;
}

/** The number that the four digits of a little-endian word stand for, the first digit in the lowest byte. */
export function fourDigits(word: number): number {
  const digits = word - 0x3030_3030;
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & 0x00ff_00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}
