// SPDX-License-Identifier: Apache-2.0

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What {@link unescapeInto} returns instead of a position. */
export const BAD_ESCAPE = -1;
export const LONE_SURROGATE = -2;

/**
 * The position of the first byte of a string's content, from `position` on, that needs attention: the closing quote,
 * a backslash or a control character; `end` when there is none. Looks at four bytes at a time.
 */
export function findStringStop(
  buffer: Uint8Array,
  view: DataView,
  position: number,
  end: number,
): number {
  let at = position;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const quotes = word ^ 0x2222_2222;
    const backslashes = word ^ 0x5c5c_5c5c;
    // Subtracting borrows from the top bit of a byte that is too small; only the lowest flag is exact.
    const stops =
      (((quotes - 0x0101_0101) & ~quotes) |
        ((backslashes - 0x0101_0101) & ~backslashes) |
        ((word - 0x2020_2020) & ~word)) &
      0x8080_8080;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >>> 3);
  }
  for (; at < end; at++) {
    const byte = buffer[at] as number;
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return at;
  }
  return end;
}

/** The position of the closing quote of a string with escapes, or of a control character, or `end`. */
export function findClosingQuote(
  buffer: Uint8Array,
  view: DataView,
  position: number,
  end: number,
): number {
  let at = findStringStop(buffer, view, position, end);
  while (at < end && buffer[at] === BACKSLASH) {
    at = findStringStop(buffer, view, Math.min(at + 2, end), end);
  }
  return at;
}

/**
 * Writes the content of the string `buffer[from, to)`, which may have escapes, to `target` from `at` on; it takes no
 * more bytes than the source. Bytes beyond ASCII are copied unchecked.
 * @returns where the content ends in `target`, {@link BAD_ESCAPE}, or {@link LONE_SURROGATE} for half of a surrogate
 * pair, which no UTF-8 text can hold.
 */
export function unescapeInto(
  buffer: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): number {
  let written = at;
  for (let position = from; position < to; position++) {
    const byte = buffer[position] as number;
    if (byte !== BACKSLASH) {
      target[written++] = byte;
      continue;
    }
    position++;
    const letter = position < to ? (buffer[position] as number) : 0;
    if (letter !== 0x75) {
      const plain = ESCAPES[letter] ?? 0;
      if (plain === 0) return BAD_ESCAPE;
      target[written++] = plain;
      continue;
    }
    let codePoint = hexUnit(buffer, position + 1, to);
    if (codePoint < 0) return BAD_ESCAPE;
    position += 4;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const follows = buffer[position + 1] === BACKSLASH && buffer[position + 2] === 0x75;
      const second = follows ? hexUnit(buffer, position + 3, to) : -1;
      if (codePoint > 0xdbff || second < 0xdc00 || second > 0xdfff) return LONE_SURROGATE;
      codePoint = 0x1_0000 + ((codePoint - 0xd800) << 10) + (second - 0xdc00);
      position += 6;
    }
    written = writeCodePoint(target, written, codePoint);
  }
  return written;
}

/** The byte that each escape letter stands for; 0 for none. */
const ESCAPES: Uint8Array = escapeTable();

function escapeTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const [letter, plain] of [
    ['"', '"'],
    ["\\", "\\"],
    ["/", "/"],
    ["b", "\b"],
    ["f", "\f"],
    ["n", "\n"],
    ["r", "\r"],
    ["t", "\t"],
  ] as const) {
    table[letter.charCodeAt(0)] = plain.charCodeAt(0);
  }
  return table;
}

/** The value of four hexadecimal digits, or -1. */
function hexUnit(buffer: Uint8Array, at: number, to: number): number {
  if (at + 4 > to) return -1;
  let unit = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = buffer[index] as number;
    const lower = byte | 0x20;
    let digit = -1;
    if (byte >= 0x30 && byte <= 0x39) digit = byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) digit = lower - 0x57;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function writeCodePoint(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint;
    return at + 1;
  }
  if (codePoint < 0x800) {
    target[at] = 0xc0 | (codePoint >> 6);
    target[at + 1] = 0x80 | (codePoint & 0x3f);
    return at + 2;
  }
  if (codePoint < 0x1_0000) {
    target[at] = 0xe0 | (codePoint >> 12);
    target[at + 1] = 0x80 | ((codePoint >> 6) & 0x3f);
    target[at + 2] = 0x80 | (codePoint & 0x3f);
    return at + 3;
  }
  target[at] = 0xf0 | (codePoint >> 18);
  target[at + 1] = 0x80 | ((codePoint >> 12) & 0x3f);
  target[at + 2] = 0x80 | ((codePoint >> 6) & 0x3f);
  target[at + 3] = 0x80 | (codePoint & 0x3f);
  return at + 4;
}

/** Steps over the white space that JSON allows between tokens. */
export function skipSpace(buffer: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end) {
    const byte = buffer[at] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}
