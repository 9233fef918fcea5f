// SPDX-License-Identifier: Apache-2.0
import type { Style } from "../../terminal/style.ts";
import { printable } from "../../terminal/display-text.ts";

/** A title and what there is to say of it; left out where there is nothing. */
export type Fact = readonly [title: string, value: string | undefined];

/** Lines with a fact each, the values below each other. */
export function factLines(facts: readonly Fact[], style: Style): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...known.map(([title]) => title.length)) + 2;
  return known.map(
    ([title, value]) => `  ${style.dim(printable(title).padEnd(width))}${printable(value)}`,
  );
}
