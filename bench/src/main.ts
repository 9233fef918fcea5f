// SPDX-License-Identifier: Apache-2.0
/** `npm run bench [-- --quick] [--runs N] [--only TEXT]`: measures and writes `bench/results/latest.json`. */
import { mkdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchBlocking } from "./cases/blocking.ts";
import { benchClient, hasOfficialClient } from "./cases/clients.ts";
import { benchIngest } from "./cases/ingest.ts";
import { formatReport, makeReport, ResultSet, writeReport } from "./lib/results.ts";
import { DATA_ROOT } from "./lib/server-run.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const runs = Number(flags.runs ?? (flags.quick ? 1 : 3));
const scale = flags.quick ? 0.25 : 1;
const results = new ResultSet();

interface Case {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const cases: Case[] = [
  ingest("ingest.single", { format: "proto", batchSize: 1, recordCount: 4_000_000 }),
  ingest("ingest.batch500", { format: "proto", batchSize: 500, recordCount: 4_000_000 }),
  ingest("ingest.json", { format: "json", batchSize: 1, recordCount: 2_000_000 }),
  client("ingest.producer", "ours", 1, 2_000_000),
  { name: "blocking", run: () => benchBlocking(results, 8_000 * scale) },
  client("client.await.ours", "ours", 1, 1_000_000),
  client("client.batch500.ours", "ours", 500, 2_000_000),
];
if (hasOfficialClient()) {
  cases.push(client("client.await.official", "official", 1, 100_000));
  cases.push(client("client.batch500.official", "official", 500, 2_000_000));
}
results.compare("client.await.ours", "client.await.official");
results.compare("client.batch500.ours", "client.batch500.official");
results.compare("ack.idle.p50", "disk.sync.p50");
results.compare("blocking.1", "disk.sync.rate");
results.compare("blocking.64", "blocking.1");
results.compare("ingest.batch500", "ingest.single");
results.compare("ingest.json", "ingest.single");

mkdirSync(DATA_ROOT, { recursive: true });
try {
  for (let run = 1; run <= runs; run++) {
    for (const { name, run: measure } of cases.filter((candidate) =>
      candidate.name.includes(flags.only),
    )) {
      process.stderr.write(`run ${run} of ${runs}: ${name}\n`);
      await measure();
    }
  }
} finally {
  rmSync(DATA_ROOT, { recursive: true, force: true });
}
const report = makeReport(results.results());
// A part of the figures must not replace the whole.
if (flags.only === "") writeReport("bench/results/latest.json", report);
process.stdout.write(`${formatReport(report)}\n`);

function ingest(name: string, shape: Parameters<typeof benchIngest>[2]): Case {
  const recordCount = Math.round(shape.recordCount * scale);
  return { name, run: () => benchIngest(results, name, { ...shape, recordCount }) };
}

function client(
  name: string,
  which: "ours" | "official",
  batchSize: number,
  recordCount: number,
): Case {
  const shape = { client: which, batchSize, recordCount: Math.round(recordCount * scale) };
  return { name, run: () => benchClient(results, name, shape) };
}
