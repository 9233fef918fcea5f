// SPDX-License-Identifier: Apache-2.0
import type { FlatKind } from "../columns/flat-kinds.ts";
import type { IntegerRange } from "./value-ranges.ts";

/** Variables of the words of an integer, the lowest first, as generated checks name them; all are signed. */
const WORD_NAMES = ["x", "y", "z", "w"] as const;
const WORD_COUNTS: Readonly<Partial<Record<FlatKind, number>>> = {
  boolean: 1,
  int32: 1,
  int64: 2,
  int128: 4,
};

/**
 * JavaScript that tests whether an integer of a column is in a range; ends that are those of `all` need no test.
 * @param single what stands for the integer where it has one word
 */
export function rangeTest(
  kind: FlatKind,
  range: IntegerRange,
  all: IntegerRange,
  single: string = WORD_NAMES[0],
): string {
  if (range.min > range.max) return "false";
  const wordCount = WORD_COUNTS[kind] ?? 1;
  const names = wordCount === 1 ? [single] : WORD_NAMES.slice(0, wordCount);
  if (range.min === range.max) {
    return names.map((name, word) => `${name} === ${wordOf(range.min, word)}`).join(" && ");
  }
  const tests: string[] = [];
  if (range.min > all.min) tests.push(boundTest(">", range.min, names));
  if (range.max < all.max) tests.push(boundTest("<", range.max, names));
  return tests.join(" && ") || "true";
}

/** JavaScript that compares the 64-bit integers of two columns. */
export function equalRangesTest(
  relation: "===" | "<" | "<=" | ">" | ">=",
  a: number,
  b: number,
): string {
  if (relation === "===") return `x${a} === x${b} && y${a} === y${b}`;
  const strict = relation[0] as "<" | ">";
  return `y${a} ${strict} y${b} || (y${a} === y${b} && (x${a} >>> 0) ${relation} (x${b} >>> 0))`;
}

/** The highest word decides, and is signed; lower ones count where all above are equal, unsigned. */
function boundTest(relation: "<" | ">", bound: bigint, names: readonly string[]): string {
  let test = "";
  for (const [word, name] of names.entries()) {
    const isHighest = word === names.length - 1;
    const value = isHighest ? name : `(${name} >>> 0)`;
    const limit = isHighest ? wordOf(bound, word) : wordOf(bound, word) >>> 0;
    test =
      test === ""
        ? `${value} ${relation}= ${limit}`
        : `(${value} ${relation} ${limit} || (${value} === ${limit} && ${test}))`;
  }
  return test;
}

/** 32 bits of an integer, signed. */
function wordOf(value: bigint, word: number): number {
  return Number(BigInt.asIntN(32, value >> BigInt(32 * word)));
}
