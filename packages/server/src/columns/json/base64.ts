// SPDX-License-Identifier: Apache-2.0

const PADDING = 0x3d;
const INVALID = 0xff;
const VALUES: Uint8Array = valueTable();

/** Most bytes that `textBytes` of base64 stand for. */
export function maxDecodedBytes(textBytes: number): number {
  return Math.ceil(textBytes / 4) * 3;
}

/**
 * Decodes base64 text, as protobuf's JSON mapping takes it: the standard or the URL-safe alphabet, with or without
 * padding.
 * @returns where the decoded bytes end in `target`, or -1 when the text is not base64.
 */
export function decodeBase64(
  text: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): number {
  let end = to;
  let paddingBytes = 0;
  while (end > from && text[end - 1] === PADDING && paddingBytes < 2) {
    end--;
    paddingBytes++;
  }
  const restBytes = (end - from) % 4;
  if (restBytes === 1) return -1;
  if (paddingBytes > 0 && restBytes + paddingBytes !== 4) return -1;
  let written = at;
  let bits = 0;
  let bitCount = 0;
  for (let index = from; index < end; index++) {
    const value = VALUES[text[index] as number] as number;
    if (value === INVALID) return -1;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      target[written++] = (bits >>> bitCount) & 0xff;
    }
  }
  return written;
}

function valueTable(): Uint8Array {
  const table = new Uint8Array(256).fill(INVALID);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let value = 0; value < alphabet.length; value++) table[alphabet.charCodeAt(value)] = value;
  table["-".charCodeAt(0)] = 62;
  table["_".charCodeAt(0)] = 63;
  return table;
}
