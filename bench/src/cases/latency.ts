// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import type { ResultSet } from "../lib/results.ts";
import { type ServerRun, withServer } from "../lib/server-run.ts";
import type { BlockingAnswer, BlockingJob } from "../load/blocking.ts";
import type { DiskSyncAnswer, DiskSyncJob } from "../load/disk-sync.ts";
import type { PacedAnswer, PacedJob } from "../load/paced.ts";

const TABLE = "bench.latency.readings";
const PACED_RECORDS_PER_SECOND = 1000;
const SYNC_BLOCK_BYTES = 4096;

/**
 * Acks at a low rate and one ack awaited per record, by 1 and by 64 streams, with the disk's own sync measured between
 * them on the same disk.
 */
export async function benchAcks(results: ResultSet, durationMs: number): Promise<void> {
  await withServer({ tables: [TABLE] }, async (server) => {
    await measureDisk(results, server, durationMs / 2);
    let recordCount = await measurePacedAcks(results, server, durationMs);
    await measureDisk(results, server, durationMs / 2);
    for (const streamCount of [1, 64]) {
      const job: BlockingJob = { endpoint: server.endpoint, table: TABLE, streamCount, durationMs };
      const run = await runJob<BlockingAnswer>("load/blocking.js", job);
      recordCount += run.recordCount;
      results.add(`blocking.${streamCount}`, "records/s", run.recordsPerSecond);
    }
    await server.expectRows([recordCount]);
  });
}

/** How long a record at a low rate takes from its ack to a committed version that holds it. */
export async function benchVisible(results: ResultSet, durationMs: number): Promise<void> {
  await withServer({ tables: [TABLE] }, async (server) => {
    const run = await runPaced(server, durationMs, server.locations[0]);
    await server.expectRows([run.recordCount]);
    results.add("visible.p50", "ms", run.visibleP50Ms);
    results.add("visible.p95", "ms", run.visibleP95Ms);
  });
}

async function measurePacedAcks(
  results: ResultSet,
  server: ServerRun,
  durationMs: number,
): Promise<number> {
  const run = await runPaced(server, durationMs, undefined);
  results.add("ack.idle.p50", "ms", run.ackP50Ms);
  results.add("ack.idle.p99", "ms", run.ackP99Ms);
  return run.recordCount;
}

function runPaced(
  server: ServerRun,
  durationMs: number,
  location: string | undefined,
): Promise<PacedAnswer> {
  const { endpoint } = server;
  const recordsPerSecond = PACED_RECORDS_PER_SECOND;
  const job: PacedJob = { endpoint, table: TABLE, recordsPerSecond, durationMs, location };
  return runJob<PacedAnswer>("load/paced.js", job);
}

async function measureDisk(
  results: ResultSet,
  server: ServerRun,
  durationMs: number,
): Promise<void> {
  const { directory } = server;
  const job: DiskSyncJob = { directory, durationMs, blockBytes: SYNC_BLOCK_BYTES };
  const disk = await runJob<DiskSyncAnswer>("load/disk-sync.js", job);
  results.add("disk.sync.p50", "ms", disk.p50Ms);
  results.add("disk.sync.p99", "ms", disk.p99Ms);
  results.add("disk.sync.rate", "syncs/s", disk.syncsPerSecond);
}
