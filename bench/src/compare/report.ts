// SPDX-License-Identifier: Apache-2.0
import { formatNumber } from "../lib/format-table.ts";
import type { BenchReport } from "../lib/report.ts";
import type { BenchResult } from "../lib/results.ts";
import type { FaultResult } from "./fault-case.ts";

export interface CompareReport extends BenchReport {
  readonly faults: readonly FaultResult[];
}

/** What the client is to reach, whatever the official one does. */
const BARS = [
  { name: "await.stream", what: "one `await` per record, default options", atLeast: 260_000 },
  { name: "await.producer", what: "the same with a `Producer`", atLeast: 260_000 },
  { name: "return.stream", what: "first ack after the server's return", atMost: 200 },
  { name: "return.producer", what: "the same with a `Producer`", atMost: 200 },
] as const;

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

/** What is to be reached, and whether the median does. */
export function barRows(results: readonly BenchResult[]): string[][] {
  const rows = [["bar", "wanted", "measured", "verdict"]];
  for (const bar of BARS) {
    const result = results.find(({ name }) => name === bar.name);
    if (result === undefined) continue;
    const isMet = "atLeast" in bar ? result.median >= bar.atLeast : result.median <= bar.atMost;
    const wanted =
      "atLeast" in bar ? `at least ${formatNumber(bar.atLeast)}` : `at most ${bar.atMost}`;
    const measured = `${cellText(result)} ${result.unit}`;
    rows.push([bar.what, `${wanted} ${result.unit}`, measured, isMet ? "met" : "missed"]);
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
