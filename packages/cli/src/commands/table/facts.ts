// SPDX-License-Identifier: Apache-2.0
import { displayWidth, printable } from "../../terminal/display-text.ts";
import type { TextTableOptions } from "../../terminal/text-table.ts";

/** A title and what there is to say of it; left out where there is nothing. */
export type Fact = readonly [title: string, value: string | undefined];

const INDENT = "  ";
/** No value is broken into lines below this. */
const MIN_VALUE_WIDTH = 16;

/** Lines with a fact each, the values below each other; long ones are broken at spaces. */
export function factLines(
  facts: readonly Fact[],
  { style, width: lineWidth }: TextTableOptions,
): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const titleWidth = Math.max(0, ...known.map(([title]) => title.length)) + INDENT.length;
  const valueWidth =
    lineWidth === undefined
      ? undefined
      : Math.max(MIN_VALUE_WIDTH, lineWidth - INDENT.length - titleWidth);
  return known.flatMap(([title, value]) =>
    brokenAtSpaces(printable(value), valueWidth).map((line, index) => {
      const shown = index === 0 ? printable(title) : "";
      return `${INDENT}${style.dim(shown.padEnd(titleWidth))}${line}`;
    }),
  );
}

function brokenAtSpaces(text: string, width: number | undefined): string[] {
  if (width === undefined || displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && displayWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
