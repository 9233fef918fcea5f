// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { BenchCase } from "./cases/bench-case.ts";
import type { FaultResult } from "./compare/fault-case.ts";
import { askForOutageRatios, outageCases } from "./compare/outages.ts";
import { processFaultCases } from "./compare/process-faults.ts";
import { barRows, type CompareReport, faultRows, strategyRows } from "./compare/report.ts";
import { scriptedFaultCases } from "./compare/scripted-faults.ts";
import { askForStrategyRatios, strategyCases } from "./compare/strategies.ts";
import { Service } from "./lib/child.ts";
import { formatTable } from "./lib/format-table.ts";
import type { IngestClientKind } from "./lib/ingest-client.ts";
import { circumstances, writeJson } from "./lib/report.ts";
import { ResultSet } from "./lib/results.ts";
import { DATA_ROOT } from "./lib/server-run.ts";
import { hasOfficialClient } from "./lib/stream-clients.ts";
import type { SinkReady } from "./load/sink.ts";

const HELP = `npm run compare -- [options]

Our client beside the official native one: throughput, CPU and memory of the three ack strategies, the time to the first
acknowledgement after a server's return, and what each does in each fault. Progress goes to stderr, tables to stdout.

  --quick       a small part of the sizes, one run, and no fault that takes long: shows that everything works
  --runs N      runs of each measurement, alternating (default 5, with --quick 1); faults are met with once
  --only TEXT   only measurements and faults whose name holds TEXT; nothing is written
  --json        the report as JSON on stdout, instead of tables
  --help        this text

Written: bench/results/compare.json, of which \`node bench/dist/publish.js\` makes the figures in docs/.
`;

const RESULTS = "bench/results/compare.json";
const QUICK_SCALE = 0.05;
const DURABILITY =
  "throughput against a server that keeps nothing; outages and processes against Sluice, ack after write + fdatasync";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) process.stdout.write(HELP);
else await compare();

async function compare(): Promise<void> {
  const [loadAverageBefore = 0] = loadavg();
  const clients: IngestClientKind[] = hasOfficialClient()
    ? ["official", "stream", "producer"]
    : ["stream", "producer"];
  rmSync(DATA_ROOT, { recursive: true, force: true });
  mkdirSync(DATA_ROOT, { recursive: true });
  const results = new ResultSet();
  askForStrategyRatios(results);
  askForOutageRatios(results);
  const sink = await Service.start<SinkReady>("load/sink.js", { kind: "http2" });
  try {
    const endpoint = `http://127.0.0.1:${sink.ready.port}`;
    const scale = flags.quick ? QUICK_SCALE : 1;
    await measure(results, strategyCases(endpoint, clients, scale), runCount());
  } finally {
    await sink.stop();
  }
  await measure(results, outageCases(clients, flags.quick), 1);
  const faults = await meetFaults(clients);
  const seen = circumstances(flags.quick ? "quick" : "full");
  const report: CompareReport = {
    ...seen,
    machine: { ...seen.machine, loadAverageBefore: Number(loadAverageBefore.toFixed(2)) },
    durability: DURABILITY,
    results: results.results(),
    faults,
  };
  if (flags.only === "") writeJson(RESULTS, report);
  if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else print(report);
}

/** All cases once, then all again: clients alternate, so that a noisy minute does not fall on one alone. */
async function measure(
  results: ResultSet,
  cases: readonly BenchCase[],
  runs: number,
): Promise<void> {
  for (let run = 1; run <= runs; run++) {
    for (const { name, run: measureOnce } of cases) {
      if (!name.includes(flags.only)) continue;
      await measureOnce(results);
      process.stderr.write(`run ${run} of ${runs}: ${name}\n`);
    }
  }
}

async function meetFaults(clients: readonly IngestClientKind[]): Promise<FaultResult[]> {
  const met: FaultResult[] = [];
  for (const { fault, isSlow, run } of [...scriptedFaultCases(), ...processFaultCases()]) {
    if (!fault.includes(flags.only) || (isSlow && flags.quick)) continue;
    const seen: Partial<Record<IngestClientKind, string>> = {};
    for (const client of clients) seen[client] = await run(client);
    process.stderr.write(`fault: ${fault}\n`);
    met.push({ fault, seen });
  }
  return met;
}

function print({ results, faults }: CompareReport): void {
  for (const rows of [strategyRows(results), barRows(results), faultRows(faults)]) {
    if (rows.length > 1) process.stdout.write(`${formatTable(rows)}\n\n`);
  }
}

function runCount(): number {
  const runs = Number(flags.runs ?? (flags.quick ? 1 : 5));
  if (Number.isSafeInteger(runs) && runs >= 1) return runs;
  throw new RangeError(`--runs is ${flags.runs}; it must be a whole number from 1`);
}
