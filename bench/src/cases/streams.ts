// SPDX-License-Identifier: Apache-2.0
import { runJob, Service } from "../lib/child.ts";
import { READINGS } from "../lib/record-set.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { IdleStreamsJob, IdleStreamsReady } from "../load/idle-streams.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";

const TABLE = "bench.streams.readings";
const MB = 1e6;
const IDLE_STREAM_COUNT = 2000;
const IDLE_CONNECTION_COUNT = 20;
const MANY_STREAM_COUNT = 5000;
const MANY_CONNECTION_COUNT = 500;
/** Small writes: thousands of streams share the machine. */
const MANY_CHUNK_BYTES = 4 * 1024;

/** Resident memory with streams that have sent one record each and are open. */
export async function benchIdleStreams(results: ResultSet): Promise<void> {
  await withServer({ tables: [TABLE] }, async (server) => {
    const job: IdleStreamsJob = {
      endpoint: server.endpoint,
      table: TABLE,
      streamCount: IDLE_STREAM_COUNT,
      connectionCount: IDLE_CONNECTION_COUNT,
    };
    const streams = await Service.start<IdleStreamsReady>("load/idle-streams.js", job);
    try {
      await server.expectRows([IDLE_STREAM_COUNT]);
      const { rssBytes } = await server.usage();
      results.add(`rss.idle${IDLE_STREAM_COUNT}`, "MB", rssBytes / MB);
      results.add("streams.open", "streams/s", IDLE_STREAM_COUNT / streams.ready.seconds);
    } finally {
      await streams.stop();
    }
  });
}

/** Thousands of streams that send as fast as they are acknowledged, and how evenly they get on. */
export async function benchManyStreams(results: ResultSet, durationMs: number): Promise<void> {
  await withServer({ tables: [TABLE] }, async (server) => {
    const job: RawProducerJob = {
      endpoint: server.endpoint,
      tables: [TABLE],
      streamCount: MANY_STREAM_COUNT,
      connectionCount: MANY_CONNECTION_COUNT,
      shape: READINGS,
      format: "proto",
      batchSize: 1,
      durationMs,
      chunkBytes: MANY_CHUNK_BYTES,
      maxUnackedChunks: 1,
    };
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", job);
    const visibleAtMs = await server.expectRows(run.recordCountByTable);
    const { peakRssBytes } = await server.usage();
    const name = `streams.${MANY_STREAM_COUNT}`;
    const seconds = (visibleAtMs - run.startedAtMs) / 1000;
    results.add(name, "records/s", run.recordCount / seconds);
    results.add(
      `${name}.spread`,
      "p99/p1",
      run.streamRecordsP99 / Math.max(1, run.streamRecordsP1),
    );
    results.add(`${name}.ack.p99`, "ms", run.ackP99Ms);
    results.add(`${name}.rss`, "MB", peakRssBytes / MB);
  });
}
