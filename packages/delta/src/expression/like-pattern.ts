// SPDX-License-Identifier: Apache-2.0

/**
 * A pattern of LIKE: `_` is any one character (code point), `%` any characters; the escape character takes the meaning
 * from them and from itself. Common shapes are told apart, since they are found without a regular expression.
 */
export type LikePattern =
  | { readonly kind: "exact" | "prefix" | "suffix" | "contains"; readonly text: string }
  | {
      readonly kind: "general";
      /** Code points, {@link ONE_CHARACTER} and {@link ANY_CHARACTERS}. */
      readonly parts: readonly number[];
      /** What every match starts with. */
      readonly prefix: string;
    };

/** `_` and `%` among the code points of a pattern. */
export const ONE_CHARACTER = -1;
export const ANY_CHARACTERS = -2;

/** Why a pattern cannot be, as in Spark. */
export interface LikeProblem {
  readonly problem: string;
}

export function compileLikePattern(pattern: string, escape: string): LikePattern | LikeProblem {
  const parts: number[] = [];
  const characters = Array.from(pattern);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] as string;
    if (character === escape) {
      index += 1;
      const escaped = characters[index];
      if (escaped === undefined) {
        return { problem: `the pattern ends with its escape character ${JSON.stringify(escape)}` };
      }
      if (escaped !== "_" && escaped !== "%" && escaped !== escape) {
        return {
          problem: `the escape character ${JSON.stringify(escape)} stands before ${JSON.stringify(escaped)}; it may stand before "_", "%" and itself`,
        };
      }
      parts.push(escaped.codePointAt(0) as number);
    } else if (character === "%") {
      if (parts.at(-1) !== ANY_CHARACTERS) parts.push(ANY_CHARACTERS);
    } else {
      parts.push(character === "_" ? ONE_CHARACTER : (character.codePointAt(0) as number));
    }
  }
  return shapeOf(parts);
}

export function matcherOf(pattern: LikePattern): (text: string) => boolean {
  switch (pattern.kind) {
    case "exact":
      return (text) => text === pattern.text;
    case "prefix":
      return (text) => text.startsWith(pattern.text);
    case "suffix":
      return (text) => text.endsWith(pattern.text);
    case "contains":
      return (text) => text.includes(pattern.text);
    case "general":
      return (text) => matchesParts(pattern.parts, text);
  }
}

function shapeOf(parts: readonly number[]): LikePattern {
  const startsOpen = parts[0] === ANY_CHARACTERS;
  const endsOpen = parts.length > 1 && parts.at(-1) === ANY_CHARACTERS;
  const inner = parts.slice(startsOpen ? 1 : 0, endsOpen ? -1 : undefined);
  const firstWildcard = inner.findIndex((part) => part < 0);
  if (firstWildcard !== -1) {
    const fixed = startsOpen ? [] : inner.slice(0, firstWildcard);
    return { kind: "general", parts, prefix: textOf(fixed) };
  }
  const text = textOf(inner);
  if (startsOpen && endsOpen) return { kind: "contains", text };
  if (startsOpen) return { kind: "suffix", text };
  return { kind: endsOpen ? "prefix" : "exact", text };
}

function textOf(codePoints: readonly number[]): string {
  return codePoints.map((codePoint) => String.fromCodePoint(codePoint)).join("");
}

/** Goes back to the last `%` only, so the time is at most the product of the lengths. */
function matchesParts(parts: readonly number[], text: string): boolean {
  let part = 0;
  let at = 0;
  let partAfterAny = -1;
  let retryAt = 0;
  while (at < text.length) {
    const codePoint = text.codePointAt(at) as number;
    if (parts[part] === ONE_CHARACTER || parts[part] === codePoint) {
      part += 1;
      at += unitsOf(codePoint);
    } else if (parts[part] === ANY_CHARACTERS) {
      part += 1;
      partAfterAny = part;
      retryAt = at;
    } else if (partAfterAny !== -1) {
      part = partAfterAny;
      retryAt += unitsOf(text.codePointAt(retryAt) as number);
      at = retryAt;
    } else {
      return false;
    }
  }
  if (parts[part] === ANY_CHARACTERS) part += 1;
  return part === parts.length;
}

function unitsOf(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}
