// SPDX-License-Identifier: Apache-2.0
/** What the disk itself takes: 4 KiB writes into a preallocated file, each followed by `fdatasync`. */
import { fdatasyncSync, openSync, closeSync, unlinkSync, writeSync, fsyncSync } from "node:fs";
import { join } from "node:path";
import { answer, jobOfProcess } from "../lib/child.ts";
import { quantile } from "../lib/results.ts";

export interface DiskSyncJob {
  readonly directory: string;
  readonly durationMs: number;
}

export interface DiskSyncAnswer {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly syncsPerSecond: number;
}

const FILE_BYTES = 32 * 1024 * 1024;
const BLOCK_BYTES = 4096;

const job = jobOfProcess<DiskSyncJob>();
const file = join(job.directory, "disk-sync.tmp");
const descriptor = openSync(file, "w");
writeSync(descriptor, Buffer.alloc(FILE_BYTES, 1));
fsyncSync(descriptor);
const block = Buffer.alloc(BLOCK_BYTES, 2);
const latencies: number[] = [];
const startedAt = performance.now();
let position = 0;
for (let now = startedAt; now < startedAt + job.durationMs; ) {
  writeSync(descriptor, block, 0, BLOCK_BYTES, position);
  fdatasyncSync(descriptor);
  position = (position + BLOCK_BYTES) % FILE_BYTES;
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
