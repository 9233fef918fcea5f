// SPDX-License-Identifier: Apache-2.0
/**
 * One stream at a low, even rate: what an ack takes when nothing waits, and, if asked, what a record takes from its ack to
 * a Delta version that holds it. A stream's records are committed in order, so the number of rows tells which are visible.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openTable } from "@sluice/delta";
import { AckTimer } from "../lib/ack-timer.ts";
import { answer, jobOfProcess } from "../lib/child.ts";
import { ChunkTemplates } from "../lib/chunk-templates.ts";
import { MessageWriter } from "../lib/message-writer.ts";
import { connectRaw, RawStream } from "../lib/raw-stream.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";
import { quantile } from "../lib/statistics.ts";

export interface PacedJob {
  readonly endpoint: string;
  readonly table: string;
  readonly recordsPerSecond: number;
  readonly durationMs: number;
  /** Directory of the table, to follow its versions; not followed when absent. */
  readonly location?: string | undefined;
}

export interface PacedAnswer {
  readonly recordCount: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** NaN when the table was not followed. */
  readonly visibleP50Ms: number;
  readonly visibleP95Ms: number;
}

const TICK_MS = 1;
const POLL_INTERVAL_MS = 10;

const job = jobOfProcess<PacedJob>();
const recordSet = makeRecordSet(READINGS);
/** A chunk holds one record. */
const templates = new ChunkTemplates({
  encoded: encodeRecords(recordSet, "proto"),
  chunkBytes: 0,
});
const timer = new AckTimer();
/** When each record was acknowledged, by its offset. */
const acknowledgedAt: number[] = [];
const session = connectRaw(job.endpoint);
const stream = await RawStream.open(session, {
  table: job.table,
  format: "proto",
  descriptor: encodeDescriptor(recordSet.columns),
  onAck(offset) {
    timer.acknowledged(offset);
    const now = performance.now();
    while (acknowledgedAt.length <= offset) acknowledgedAt.push(now);
  },
});
const writer = new MessageWriter(templates);
const totalCount = Math.round((job.recordsPerSecond * job.durationMs) / 1000);
const [visibleMs] = await Promise.all([
  job.location === undefined ? [] : followTable(job.location),
  produce(),
]);
await stream.close();
session.close();
answer({
  recordCount: totalCount,
  ackP50Ms: quantile(timer.latenciesMs, 0.5),
  ackP99Ms: quantile(timer.latenciesMs, 0.99),
  visibleP50Ms: quantile(visibleMs, 0.5),
  visibleP95Ms: quantile(visibleMs, 0.95),
} satisfies PacedAnswer);

/** Sends what is due at each tick, one write for each record. */
async function produce(): Promise<void> {
  const startedAt = performance.now();
  while (writer.offset < totalCount) {
    const elapsedMs = performance.now() - startedAt;
    const dueCount = Math.min(totalCount, Math.ceil((elapsedMs / 1000) * job.recordsPerSecond));
    while (writer.offset < dueCount) {
      timer.sent(writer.offset);
      stream.write(writer.nextChunk(writer.offset + 1));
    }
    await sleep(TICK_MS);
  }
  await stream.acknowledged(totalCount - 1);
}

/** @returns milliseconds from the ack of each record to the first look that saw it. */
async function followTable(location: string): Promise<number[]> {
  const table = await openTable(location);
  const waits: number[] = [];
  while (waits.length < totalCount) {
    const { version } = table.snapshot();
    const snapshot = await table.refresh();
    if (snapshot.version !== version) {
      const rowCount = await table.countRows();
      const now = performance.now();
      for (let offset = waits.length; offset < rowCount; offset++) {
        // A record can be visible before its ack has arrived.
        waits.push(now - (acknowledgedAt[offset] ?? now));
      }
    }
    await sleep(POLL_INTERVAL_MS);
  }
  return waits;
}
