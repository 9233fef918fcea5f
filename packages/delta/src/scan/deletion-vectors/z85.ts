// SPDX-License-Identifier: Apache-2.0
import { DecodeProblem } from "../parquet/decode-problem.ts";

/** ZeroMQ RFC 32: four bytes, the highest first, as five digits to the base of 85. */
const DIGITS =
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const BASE = 85;
const DIGITS_PER_GROUP = 5;
const BYTES_PER_GROUP = 4;

const VALUES: ReadonlyMap<string, number> = new Map(
  Array.from(DIGITS).map((digit, value) => [digit, value]),
);

/**
 * Decodes Z85.
 * @throws DecodeProblem for a length that is not whole groups, another character, or a group of more than 32 bits.
 */
export function decodeZ85(text: string): Uint8Array {
  if (text.length % DIGITS_PER_GROUP !== 0) {
    throw new DecodeProblem(`Base85 text of ${text.length} characters, which is no multiple of 5`);
  }
  const bytes = new Uint8Array((text.length / DIGITS_PER_GROUP) * BYTES_PER_GROUP);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group * DIGITS_PER_GROUP < text.length; group += 1) {
    let value = 0;
    for (let digit = 0; digit < DIGITS_PER_GROUP; digit += 1) {
      const character = text.charAt(group * DIGITS_PER_GROUP + digit);
      const digitValue = VALUES.get(character);
      if (digitValue === undefined) {
        throw new DecodeProblem(`Base85 text with ${JSON.stringify(character)} in it`);
      }
      value = value * BASE + digitValue;
    }
    if (value >= 2 ** 32) throw new DecodeProblem("Base85 text with a group of more than 32 bits");
    view.setUint32(group * BYTES_PER_GROUP, value);
  }
  return bytes;
}
