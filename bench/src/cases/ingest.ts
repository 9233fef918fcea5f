// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";

const TABLE = "bench.ingest.readings";
const MIB = 1024 * 1024;

/** End to end with the pre-encoded load generator: socket to committed Delta version, durable acks. */
export async function benchIngest(
  results: ResultSet,
  name: string,
  shape: Pick<RawProducerJob, "format" | "batchSize" | "recordCount">,
): Promise<void> {
  await withServer([TABLE], async (server) => {
    const job: RawProducerJob = { endpoint: server.endpoint, table: TABLE, ...shape };
    const before = await server.usage();
    const startedAt = performance.now();
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", job);
    await server.expectRows(TABLE, shape.recordCount);
    const committedSeconds = (performance.now() - startedAt) / 1000;
    const after = await server.usage();
    const millions = shape.recordCount / 1e6;
    results.add(name, "records/s", shape.recordCount / run.seconds);
    results.add(
      `${name}.bytes`,
      "MiB/s",
      (shape.recordCount * run.recordBytes) / MIB / run.seconds,
    );
    results.add(`${name}.committed`, "records/s", shape.recordCount / committedSeconds);
    results.add(`${name}.cpu`, "s/million", (after.cpuSeconds - before.cpuSeconds) / millions);
    results.add(`${name}.rss`, "MiB", after.rssBytes / MIB);
    if (name !== "ingest.single") return;
    results.add("ack.load.p50", "ms", run.ackP50Ms);
    results.add("ack.load.p99", "ms", run.ackP99Ms);
  });
}
