// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { BlockingAnswer, BlockingJob } from "../load/blocking.ts";
import type { DiskSyncAnswer, DiskSyncJob } from "../load/disk-sync.ts";

const TABLE = "bench.blocking.readings";

/** One ack awaited per record, by 1 and by 64 streams, beside the disk's own sync in the same run. */
export async function benchBlocking(results: ResultSet, durationMs: number): Promise<void> {
  await withServer([TABLE], async (server) => {
    const diskJob: DiskSyncJob = { directory: server.directory, durationMs };
    const disk = await runJob<DiskSyncAnswer>("load/disk-sync.js", diskJob);
    results.add("disk.sync.p50", "ms", disk.p50Ms);
    results.add("disk.sync.p99", "ms", disk.p99Ms);
    results.add("disk.sync.rate", "syncs/s", disk.syncsPerSecond);
    let recordCount = 0;
    for (const streamCount of [1, 64]) {
      const job: BlockingJob = { endpoint: server.endpoint, table: TABLE, streamCount, durationMs };
      const run = await runJob<BlockingAnswer>("load/blocking.js", job);
      recordCount += run.recordCount;
      results.add(`blocking.${streamCount}`, "records/s", run.recordsPerSecond);
      if (streamCount === 64) continue;
      results.add("ack.idle.p50", "ms", run.ackP50Ms);
      results.add("ack.idle.p99", "ms", run.ackP99Ms);
    }
    await server.expectRows(TABLE, recordCount);
  });
}
