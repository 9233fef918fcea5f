// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { runJob, Service } from "../lib/child.ts";
import { READINGS } from "../lib/record-set.ts";
import type { ResultSet } from "../lib/results.ts";
import { DATA_ROOT } from "../lib/server-run.ts";
import type { BlockingAnswer, BlockingJob } from "../load/blocking.ts";
import type { DiskSyncAnswer, DiskSyncJob } from "../load/disk-sync.ts";
import type { ParquetEncodeAnswer, ParquetEncodeJob } from "../load/parquet-encode.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";
import type { SinkJob, SinkReady } from "../load/sink.ts";
import type { TcpProducerAnswer, TcpProducerJob } from "../load/tcp-producer.ts";

const BYTES_PER_WRITE = 1024 * 1024;
const MB = 1e6;

/** The same bytes into a TCP server that drops them. */
export async function benchTcpFloor(results: ResultSet, recordCount: number): Promise<void> {
  await withSink("tcp", async (port) => {
    const job: TcpProducerJob = { port, recordCount };
    const run = await runJob<TcpProducerAnswer>("load/tcp-producer.js", job);
    results.add("floor.tcp", "records/s", run.recordsPerSecond);
  });
}

/** The same streams into a `node:http2` server that counts the messages and drops them. */
export async function benchHttp2Floor(results: ResultSet, recordCount: number): Promise<void> {
  await withSink("http2", async (port) => {
    const job: RawProducerJob = {
      endpoint: `http://127.0.0.1:${port}`,
      tables: ["bench.floor.sink"],
      streamCount: 1,
      connectionCount: 1,
      shape: READINGS,
      format: "proto",
      batchSize: 1,
      recordsPerStream: recordCount,
    };
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", job);
    const seconds = (run.acknowledgedAtMs - run.startedAtMs) / 1000;
    results.add("floor.http2", "records/s", recordCount / seconds);
  });
}

/** One record and its ack at a time on a `node:http2` server that keeps nothing: the way there and back alone. */
export async function benchRoundTripFloor(results: ResultSet, durationMs: number): Promise<void> {
  await withSink("http2", async (port) => {
    const endpoint = `http://127.0.0.1:${port}`;
    const job: BlockingJob = { endpoint, table: "bench.floor.sink", streamCount: 1, durationMs };
    const run = await runJob<BlockingAnswer>("load/blocking.js", job);
    results.add("floor.roundtrip", "records/s", run.recordsPerSecond);
  });
}

/** Sequential writes of 1 MiB, each synced. */
export async function benchDiskFloor(results: ResultSet, durationMs: number): Promise<void> {
  const directory = await mkdtemp(join(DATA_ROOT, "disk-"));
  try {
    const job: DiskSyncJob = { directory, durationMs, blockBytes: BYTES_PER_WRITE };
    const disk = await runJob<DiskSyncAnswer>("load/disk-sync.js", job);
    results.add("floor.disk", "MB/s", (disk.syncsPerSecond * BYTES_PER_WRITE) / MB);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Parquet encoding and compression alone, in one thread. */
export async function benchParquetFloor(results: ResultSet, durationMs: number): Promise<void> {
  const job: ParquetEncodeJob = { durationMs };
  const run = await runJob<ParquetEncodeAnswer>("load/parquet-encode.js", job);
  results.add("floor.parquet", "rows/s", run.rowsPerSecond);
}

async function withSink(
  kind: SinkJob["kind"],
  run: (port: number) => Promise<void>,
): Promise<void> {
  const job: SinkJob = { kind };
  const sink = await Service.start<SinkReady>("load/sink.js", job);
  try {
    await run(sink.ready.port);
  } finally {
    await sink.stop();
  }
}
