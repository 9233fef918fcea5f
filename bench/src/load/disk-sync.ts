// SPDX-License-Identifier: Apache-2.0
/** What the disk itself takes: writes into a preallocated file from its start to its end, each followed by `fdatasync`. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { answer, jobOfProcess } from "../lib/child.ts";
import { quantile } from "../lib/statistics.ts";

export interface DiskSyncJob {
  readonly directory: string;
  readonly durationMs: number;
  /** Bytes in a write. */
  readonly blockBytes: number;
}

export interface DiskSyncAnswer {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly syncsPerSecond: number;
}

const FILE_BYTES = 64 * 1024 * 1024;

const job = jobOfProcess<DiskSyncJob>();
const file = join(job.directory, "disk-sync.tmp");
const descriptor = openSync(file, "w");
writeSync(descriptor, Buffer.alloc(FILE_BYTES, 1));
fsyncSync(descriptor);
const block = Buffer.alloc(job.blockBytes, 2);
const latencies: number[] = [];
const startedAt = performance.now();
let position = 0;
for (let now = startedAt; now < startedAt + job.durationMs; ) {
  writeSync(descriptor, block, 0, job.blockBytes, position);
  fdatasyncSync(descriptor);
  position = (position + job.blockBytes) % FILE_BYTES;
  const after = performance.now();
  latencies.push(after - now);
  now = after;
}
const seconds = (performance.now() - startedAt) / 1000;
closeSync(descriptor);
unlinkSync(file);
answer({
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  syncsPerSecond: latencies.length / seconds,
} satisfies DiskSyncAnswer);
