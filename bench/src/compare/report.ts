// SPDX-License-Identifier: Apache-2.0
import { formatNumber } from "../lib/format-table.ts";
import type { BenchReport } from "../lib/report.ts";
import type { BenchResult } from "../lib/results.ts";
import type { FaultResult } from "./fault-case.ts";

export interface CompareReport extends BenchReport {
  readonly faults: readonly FaultResult[];
}

const CLIENTS = ["official", "stream", "producer"] as const;
/** Metrics of which more is better; of all others less is. */
const RATE_UNIT = "records/s";

/** One line per measurement: the clients side by side, and how ours stand to the official one. */
export function strategyRows(results: readonly BenchResult[]): string[][] {
  const byName = new Map(results.map((result) => [result.name, result]));
  const rows = [["measured", "unit", "official", "`ZerobusStream`", "`Producer`", "behind"]];
  for (const result of results) {
    const [, base, suffix = ""] =
      /^([^.]+)\.(?:official|stream|producer)(\..*)?$/.exec(result.name) ?? [];
    const measured = `${base}${suffix}`;
    if (base === undefined || rows.some(([name]) => name === measured)) continue;
    const cells = CLIENTS.map((client) => byName.get(`${base}.${client}${suffix}`));
    rows.push([
      measured,
      result.unit,
      ...cells.map((cell) => (cell === undefined ? "-" : cellText(cell))),
      behind(cells[0], { ZerobusStream: cells[1], Producer: cells[2] }),
    ]);
  }
  return rows;
}

/** One line per fault: what each client was seen to do. */
export function faultRows(faults: readonly FaultResult[]): string[][] {
  return [
    ["fault", "official", "`ZerobusStream`", "`Producer`"],
    ...faults.map(({ fault, seen }) => [fault, ...CLIENTS.map((client) => seen[client] ?? "-")]),
  ];
}

function cellText({ median, min, max }: BenchResult): string {
  return min === max
    ? formatNumber(median)
    : `${formatNumber(median)} (${formatNumber(min)} to ${formatNumber(max)})`;
}

/** Which of ours lose to the official client. */
function behind(
  official: BenchResult | undefined,
  ours: Readonly<Record<string, BenchResult | undefined>>,
): string {
  if (official === undefined) return "-";
  return Object.entries(ours)
    .filter(([, result]) => {
      if (result === undefined) return false;
      return official.unit === RATE_UNIT
        ? result.median < official.median
        : result.median > official.median;
    })
    .map(([name]) => `\`${name}\``)
    .join(", ");
}
