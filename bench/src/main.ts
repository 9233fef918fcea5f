// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { allCases, askForRatios } from "./cases/all-cases.ts";
import type { BenchCase } from "./cases/bench-case.ts";
import { profileCases, profileRows } from "./cases/profile.ts";
import { scalingRows, sweepCases } from "./cases/scaling.ts";
import { formatTable } from "./lib/format-table.ts";
import { goalRows } from "./lib/goals.ts";
import { circumstances, resultRows, writeJson } from "./lib/report.ts";
import { ResultSet } from "./lib/results.ts";
import { DATA_ROOT } from "./lib/server-run.ts";

const HELP = `npm run bench -- [options]

Measures the server and the clients on this machine. Progress goes to stderr, the tables to stdout.

  --quick       a small part of the sizes, one run: shows that everything works
  --runs N      runs of each case, interleaved (default 3, with --quick 1)
  --only TEXT   only cases whose name or results hold TEXT; nothing is written
  --scaling     how cost grows with record size, columns, streams and tables, instead
  --profile     CPU time by stage, beside the floors, instead
  --help        this text

Written: bench/results/latest.json, scaling.json or profile.json. The CPU profiles themselves stay in
bench/.data/profiles until the next run; developer tools read them.
`;

const RESULTS = "bench/results";
const QUICK_SCALE = 0.04;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", default: "" },
    scaling: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const mode = flags.quick ? "quick" : "full";
const scale = flags.quick ? QUICK_SCALE : 1;

if (flags.help) process.stdout.write(HELP);
else if (flags.scaling) await runScaling();
else if (flags.profile) await runProfile();
else await runAll();

async function runAll(): Promise<void> {
  const results = new ResultSet();
  askForRatios(results);
  await measure(allCases(scale), results, runCount(flags.quick ? 1 : 3));
  const measured = results.results();
  write("latest.json", { ...circumstances(mode), results: measured });
  print(resultRows(measured));
  print(goalRows(measured));
}

async function runScaling(): Promise<void> {
  const results = new ResultSet();
  await measure(sweepCases(scale), results, runCount(1));
  const measured = results.results();
  write("scaling.json", { ...circumstances(mode), results: measured });
  for (const rows of scalingRows(measured)) print(rows);
}

async function runProfile(): Promise<void> {
  const results = new ResultSet();
  await measure(profileCases(scale), results, runCount(1));
  const measured = results.results();
  write("profile.json", { ...circumstances(mode), results: measured });
  for (const rows of profileRows(measured)) print(rows);
}

/** Runs every case once, then all again, so that a noisy minute of the machine does not fall on one case alone. */
async function measure(
  cases: readonly BenchCase[],
  results: ResultSet,
  runs: number,
): Promise<void> {
  const chosen = cases.filter(({ name, also = [] }) =>
    [name, ...also].some((known) => known.includes(flags.only) || flags.only.startsWith(known)),
  );
  if (chosen.length === 0) throw new RangeError(`no case or result holds ${flags.only}`);
  rmSync(DATA_ROOT, { recursive: true, force: true });
  mkdirSync(DATA_ROOT, { recursive: true });
  for (let run = 1; run <= runs; run++) {
    for (const { name, once = false, run: measureOnce } of chosen) {
      if (once && run > 1) continue;
      const startedAt = performance.now();
      await measureOnce(results);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stderr.write(`run ${run} of ${runs}: ${name}, ${seconds} s\n`);
    }
  }
}

function runCount(byDefault: number): number {
  const runs = Number(flags.runs ?? byDefault);
  if (Number.isSafeInteger(runs) && runs >= 1) return runs;
  throw new RangeError(`--runs is ${flags.runs}; it must be a whole number from 1`);
}

/** A part of the figures must not replace the whole. */
function write(file: string, content: object): void {
  if (flags.only === "") writeJson(`${RESULTS}/${file}`, content);
}

/** Prints a table that has more than its head. */
function print(rows: readonly (readonly string[])[]): void {
  if (rows.length > 1) process.stdout.write(`${formatTable(rows)}\n\n`);
}
