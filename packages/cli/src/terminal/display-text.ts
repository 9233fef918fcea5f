// SPDX-License-Identifier: Apache-2.0

const ELLIPSIS = "…";
const ZERO_WIDTH = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]/u;
const WIDE =
  /^(?:[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation})/u;
const UNPRINTABLE = /[\p{Control}\p{Surrogate}\p{Bidi_Control}\u2028\u2029]/gu;
const PLAIN_ASCII = /^[\u0020-\u007E]*$/;

/** Made when the first text needs it: it costs more than most commands. */
let segmenter: Intl.Segmenter | undefined;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text that cannot move the cursor or change the terminal: control characters and the like are written as escapes. */
export function printable(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) as number;
    return SHORT_ESCAPES[character] ?? `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** How many terminal cells printable text takes. */
export function displayWidth(text: string): number {
  if (PLAIN_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment);
  return width;
}

/** Printable text in at most `width` cells; what was cut is marked by an ellipsis. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return "";
  let kept = "";
  let keptWidth = 0;
  for (const { segment } of graphemesOf(text)) {
    keptWidth += graphemeWidth(segment);
    if (keptWidth > width - 1) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

function graphemesOf(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return ZERO_WIDTH.test(grapheme) ? 0 : 1;
}
