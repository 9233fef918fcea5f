// SPDX-License-Identifier: Apache-2.0
import type { BenchCase } from "../cases/bench-case.ts";
import { runJob } from "../lib/child.ts";
import type { IngestClientKind } from "../lib/ingest-client.ts";
import type { ResultSet } from "../lib/results.ts";
import type { Strategy, StrategyAnswer, StrategyJob } from "../load/strategy-client.ts";

const TABLE = "main.bench.readings";
const MB = 1e6;

/** Sizes for which a client runs for seconds. */
const RECORD_COUNTS: Readonly<Record<Strategy, Readonly<Record<IngestClientKind, number>>>> = {
  blocking: { official: 8_000, stream: 12_000, producer: 12_000 },
  callback: { official: 200_000, stream: 1_000_000, producer: 1_000_000 },
  flush: { official: 200_000, stream: 1_000_000, producer: 1_000_000 },
  await: { official: 60_000, stream: 1_000_000, producer: 1_000_000 },
};
const STRATEGIES = ["blocking", "callback", "flush", "await"] as const;
const SUFFIXES = ["", ".cpu", ".rss"] as const;

/**
 * Each strategy with each client, against one server that keeps nothing.
 * @param scale 1 for the full sizes
 */
export function strategyCases(
  endpoint: string,
  clients: readonly IngestClientKind[],
  scale: number,
): BenchCase[] {
  return STRATEGIES.flatMap((strategy) =>
    clients.map((client) => ({
      name: `${strategy}.${client}`,
      run: async (results: ResultSet) => {
        const full = RECORD_COUNTS[strategy][client];
        const recordCount = Math.max(1000, Math.round((full * scale) / 1000) * 1000);
        await measureStrategy(results, { client, strategy, endpoint, table: TABLE, recordCount });
      },
    })),
  );
}

/** Ours in relation to the official client. */
export function askForStrategyRatios(results: ResultSet): void {
  for (const strategy of STRATEGIES) {
    for (const suffix of strategy === "blocking"
      ? [...SUFFIXES, ".ack.p50", ".ack.p99"]
      : SUFFIXES) {
      for (const ours of ["stream", "producer"]) {
        results.compare(`${strategy}.${ours}${suffix}`, `${strategy}.official${suffix}`);
      }
    }
  }
}

async function measureStrategy(results: ResultSet, job: StrategyJob): Promise<void> {
  const run = await runJob<StrategyAnswer>("load/strategy-client.js", job);
  const name = `${job.strategy}.${job.client}`;
  results.add(name, "records/s", job.recordCount / (run.elapsedMs / 1000));
  results.add(`${name}.cpu`, "s/million", run.cpuSeconds / (job.recordCount / 1e6));
  results.add(`${name}.rss`, "MB", run.peakRssBytes / MB);
  if (job.strategy !== "blocking") return;
  results.add(`${name}.ack.p50`, "ms", run.ackP50Ms);
  results.add(`${name}.ack.p99`, "ms", run.ackP99Ms);
}
