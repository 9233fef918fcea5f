// SPDX-License-Identifier: Apache-2.0
import { formatNumber } from "./format-table.ts";
import type { BenchResult } from "./results.ts";

/** What a result should be: `relation` to a number, or to a number of times (or a number more than) another result. */
interface Goal {
  readonly name: string;
  readonly relation: "at least" | "at most";
  readonly amount: number;
  /** `amount` counts in multiples of this result. */
  readonly times?: string;
  /** `amount` is added to this result. */
  readonly above?: string;
}

const GOALS: readonly Goal[] = [
  { name: "ingest.single", relation: "at least", amount: 1_000_000 },
  { name: "ingest.single.bytes", relation: "at least", amount: 200 },
  { name: "ingest.sustained", relation: "at least", amount: 1_000_000 },
  { name: "ingest.sustained.bytes", relation: "at least", amount: 200 },
  { name: "ingest.producer", relation: "at least", amount: 600_000 },
  { name: "ingest.batch500", relation: "at least", amount: 1, times: "ingest.single" },
  { name: "ingest.json", relation: "at least", amount: 500_000 },
  { name: "ingest.streams8", relation: "at least", amount: 1, times: "ingest.single" },
  { name: "ingest.tables8", relation: "at least", amount: 1, times: "ingest.single" },
  { name: "ack.idle.p50", relation: "at most", amount: 1, above: "disk.sync.p50" },
  { name: "ack.idle.p99", relation: "at most", amount: 5, above: "disk.sync.p99" },
  { name: "ack.load.p99", relation: "at most", amount: 100 },
  { name: "blocking.1", relation: "at least", amount: 0.8, times: "disk.sync.rate" },
  { name: "blocking.64", relation: "at least", amount: 20, times: "blocking.1" },
  { name: "visible.p95", relation: "at most", amount: 1000 },
  { name: "rss.idle2000", relation: "at most", amount: 300 },
  { name: "rss.load", relation: "at most", amount: 600 },
  { name: "ingest.sustained.rss", relation: "at most", amount: 600 },
  { name: "loop.p99", relation: "at most", amount: 20 },
  { name: "ingest.sustained.loop.p99", relation: "at most", amount: 20 },
  ...clientGoals("await", ["", ".cpu", ".rss"], 10),
  ...clientGoals("offset", ["", ".cpu", ".rss"]),
  ...clientGoals("batch500", ["", ".cpu", ".rss"]),
  ...clientGoals("blocking", [""]),
  ...clientGoals("paced", [".ack.p50", ".ack.p99"]),
];

/** Each goal with what was measured, with a head; goals whose results are absent are left out. */
export function goalRows(results: readonly BenchResult[]): string[][] {
  const medians = new Map(results.map(({ name, median }) => [name, median]));
  const rows: string[][] = [["result", "goal", "measured", "verdict"]];
  for (const goal of GOALS) {
    const measured = medians.get(goal.name);
    const bound = boundOf(goal, medians);
    if (measured === undefined || bound === undefined) continue;
    const isMet = goal.relation === "at least" ? measured >= bound : measured <= bound;
    const wanted = `${goal.relation} ${formatNumber(bound)}${describeBasis(goal)}`;
    rows.push([goal.name, wanted, formatNumber(measured), isMet ? "met" : "missed"]);
  }
  return rows;
}

function boundOf(goal: Goal, medians: ReadonlyMap<string, number>): number | undefined {
  const basis = goal.times ?? goal.above;
  if (basis === undefined) return goal.amount;
  const other = medians.get(basis);
  if (other === undefined) return undefined;
  return goal.times === undefined ? other + goal.amount : other * goal.amount;
}

function describeBasis({ amount, times, above }: Goal): string {
  if (times !== undefined) return ` (${amount} x ${times})`;
  return above === undefined ? "" : ` (${above} + ${amount})`;
}

/** Ours ahead of the official client: so many times its rate, and no more CPU, memory and latency. */
function clientGoals(use: string, suffixes: readonly string[], rateFactor = 1): Goal[] {
  return suffixes.map((suffix) => ({
    name: `client.${use}.ours${suffix}`,
    relation: suffix === "" ? "at least" : "at most",
    amount: suffix === "" ? rateFactor : 1,
    times: `client.${use}.official${suffix}`,
  }));
}
