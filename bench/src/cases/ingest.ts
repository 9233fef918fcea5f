// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import { READINGS } from "../lib/record-set.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";

const MB = 1e6;

export type IngestShape = Pick<
  RawProducerJob,
  "format" | "batchSize" | "streamCount" | "recordsPerStream" | "durationMs"
> & { readonly tableCount: number };

/**
 * End to end with the pre-encoded load generator. `<name>` counts from the first write until a reader of the Delta log sees
 * the last record; `<name>.acked` until the last ack.
 */
export async function benchIngest(
  results: ResultSet,
  name: string,
  shape: IngestShape,
): Promise<void> {
  const tables = Array.from(
    { length: shape.tableCount },
    (_, index) => `bench.ingest.readings_${index}`,
  );
  await withServer({ tables }, async (server) => {
    const { format, batchSize, streamCount, recordsPerStream, durationMs } = shape;
    const job: RawProducerJob = {
      endpoint: server.endpoint,
      tables,
      streamCount,
      connectionCount: streamCount,
      shape: READINGS,
      format,
      batchSize,
      recordsPerStream,
      durationMs,
    };
    await server.ask({ kind: "reset" });
    const before = await server.usage();
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", job);
    const visibleAtMs = await server.expectRows(run.recordCountByTable);
    const after = await server.usage();
    const seconds = (visibleAtMs - run.startedAtMs) / 1000;
    const ackedSeconds = (run.acknowledgedAtMs - run.startedAtMs) / 1000;
    const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
    results.add(name, "records/s", run.recordCount / seconds);
    results.add(`${name}.acked`, "records/s", run.recordCount / ackedSeconds);
    results.add(`${name}.bytes`, "MB/s", (run.recordCount * run.recordBytes) / MB / seconds);
    results.add(`${name}.cpu`, "s/million", cpuSeconds / (run.recordCount / 1e6));
    const isPlain = name === "ingest.single";
    results.add(isPlain ? "rss.load" : `${name}.rss`, "MB", after.peakRssBytes / MB);
    results.add(isPlain ? "loop.p99" : `${name}.loop.p99`, "ms", after.loopDelayP99Ms);
    if (!isPlain) return;
    results.add("ack.load.p50", "ms", run.ackP50Ms);
    results.add("ack.load.p99", "ms", run.ackP99Ms);
  });
}
