// SPDX-License-Identifier: Apache-2.0
import { formatNumber } from "../lib/format-table.ts";
import type { BenchResult } from "../lib/results.ts";
import { DELTA_BARS } from "./delta-cases.ts";

/** Each bar with what was measured, with a head. */
export function deltaBarRows(results: readonly BenchResult[]): string[][] {
  const rows: string[][] = [["result", "bar", "measured", "verdict"]];
  for (const { name, median } of results) {
    const bar = DELTA_BARS[name];
    if (bar === undefined) continue;
    rows.push([name, `at most ${bar}`, formatNumber(median), median <= bar ? "met" : "missed"]);
  }
  return rows;
}
