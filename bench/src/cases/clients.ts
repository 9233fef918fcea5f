// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { ClientProducerAnswer, ClientProducerJob } from "../load/client-producer.ts";

const TABLE = "bench.clients.readings";
const MB = 1e6;

export type ClientShape = Omit<ClientProducerJob, "endpoint" | "table">;

/** One client against the server, until everything is flushed; each run on a server of its own. */
export async function benchClient(
  results: ResultSet,
  name: string,
  shape: ClientShape,
): Promise<void> {
  await runClient(shape, (run, recordCount) => {
    const seconds = (run.acknowledgedAtMs - run.startedAtMs) / 1000;
    results.add(name, "records/s", recordCount / seconds);
    results.add(`${name}.cpu`, "s/million", run.cpuSeconds / (recordCount / 1e6));
    results.add(`${name}.rss`, "MB", run.peakRssBytes / MB);
    results.add(`${name}.ack.p50`, "ms", run.ackP50Ms);
    results.add(`${name}.ack.p99`, "ms", run.ackP99Ms);
  });
}

/** Our client, one record per call, into committed Delta: as `ingest.*` count. */
export async function benchProducer(results: ResultSet, shape: ClientShape): Promise<void> {
  await runClient(shape, (run, recordCount, visibleAtMs) => {
    const seconds = (visibleAtMs - run.startedAtMs) / 1000;
    const ackedSeconds = (run.acknowledgedAtMs - run.startedAtMs) / 1000;
    results.add("ingest.producer", "records/s", recordCount / seconds);
    results.add("ingest.producer.acked", "records/s", recordCount / ackedSeconds);
  });
}

async function runClient(
  shape: ClientShape,
  report: (run: ClientProducerAnswer, recordCount: number, visibleAtMs: number) => void,
): Promise<void> {
  await withServer({ tables: [TABLE] }, async (server) => {
    const job: ClientProducerJob = { endpoint: server.endpoint, table: TABLE, ...shape };
    const run = await runJob<ClientProducerAnswer>("load/client-producer.js", job);
    const recordCount = shape.recordsPerStream * shape.streamCount;
    report(run, recordCount, await server.expectRows([recordCount]));
  });
}
