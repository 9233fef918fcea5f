// SPDX-License-Identifier: Apache-2.0

/** The characters (Unicode code points) of UTF-8 text. */
export function characterCount(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) {
    if (((bytes[index] as number) & 0xc0) !== 0x80) count++;
  }
  return count;
}
