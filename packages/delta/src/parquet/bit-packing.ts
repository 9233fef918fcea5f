// SPDX-License-Identifier: Apache-2.0

/**
 * Packs `values[start..end)` into `bitWidth` bits each, the least significant bit first; the last byte is filled up
 * with zeros.
 * @param bitWidth 0 to 32; each value fits into it.
 * @returns the offset in `output` after it.
 */
export function packBits(
  output: Uint8Array,
  offset: number,
  values: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): number {
  let position = offset;
  let word = 0;
  let filledBits = 0;
  for (let index = start; index < end; index++) {
    const value = values[index] as number;
    word |= value << filledBits;
    filledBits += bitWidth;
    if (filledBits < 32) continue;
    writeWord(output, position, word);
    position += 4;
    filledBits -= 32;
    // A shift by 32 would be none at all.
    word = filledBits === 0 ? 0 : value >>> (bitWidth - filledBits);
  }
  return writeRest(output, position, word, filledBits);
}

/**
 * The same for values of more than 32 bits, each two words, the low one first.
 * @param bitWidth 33 to 64
 */
export function packWideBits(
  output: Uint8Array,
  offset: number,
  words: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): number {
  const highWidth = bitWidth - 32;
  let position = offset;
  let word = 0;
  let filledBits = 0;
  for (let index = start; index < end; index++) {
    const low = words[index * 2] as number;
    const high = words[index * 2 + 1] as number;
    writeWord(output, position, word | (low << filledBits));
    position += 4;
    word = (filledBits === 0 ? 0 : low >>> (32 - filledBits)) | (high << filledBits);
    filledBits += highWidth;
    if (filledBits < 32) continue;
    writeWord(output, position, word);
    position += 4;
    filledBits -= 32;
    word = filledBits === 0 ? 0 : high >>> (highWidth - filledBits);
  }
  return writeRest(output, position, word, filledBits);
}

function writeWord(output: Uint8Array, offset: number, word: number): void {
  output[offset] = word;
  output[offset + 1] = word >>> 8;
  output[offset + 2] = word >>> 16;
  output[offset + 3] = word >>> 24;
}

function writeRest(output: Uint8Array, offset: number, word: number, filledBits: number): number {
  let position = offset;
  for (let bits = 0; bits < filledBits; bits += 8) output[position++] = word >>> bits;
  return position;
}
