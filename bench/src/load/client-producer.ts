// SPDX-License-Identifier: Apache-2.0
/** The same program for our client and the official one: the two have one API. */
import { setTimeout as sleep } from "node:timers/promises";
import { answer, jobOfProcess } from "../lib/child.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";
import { quantile } from "../lib/statistics.ts";
import { type IngestStream, makeSdk, openHeaders } from "../lib/stream-clients.ts";
import { wallClockMs } from "../lib/wall-clock.ts";

/**
 * How records are handed over:
 * - `await`: one `await ingestRecordOffset` per record;
 * - `offset`: many calls of `ingestRecordOffset` in flight, awaited in groups;
 * - `batch`: `ingestRecordsOffset` with 500 records, each awaited;
 * - `blocking`: as `await`, and `waitForOffset` before the next record;
 * - `paced`: as `await`, at {@link PACED_RECORDS_PER_SECOND}, so that ack latencies of two clients can be compared.
 */
export type ClientUse = "await" | "offset" | "batch" | "blocking" | "paced";

export interface ClientProducerJob {
  readonly client: "ours" | "official";
  readonly endpoint: string;
  readonly table: string;
  readonly use: ClientUse;
  readonly streamCount: number;
  readonly recordsPerStream: number;
}

export interface ClientProducerAnswer {
  /** Wall clock before the first call and after everything was flushed. */
  readonly startedAtMs: number;
  readonly acknowledgedAtMs: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** From the call that took a record to `waitForOffset`, for a sample of the calls. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const BATCH_RECORDS = 500;
const GROUP_CALLS = 1000;
/** Of so many records one is timed, with the first call that takes it. */
const SAMPLE_RECORDS = 5000;
/** Low enough for both clients to keep up on a slow machine. */
const PACED_RECORDS_PER_SECOND = 500;
const PACED_TICK_MS = 1;

const job = jobOfProcess<ClientProducerJob>();
const recordSet = makeRecordSet(READINGS);
const { records } = encodeRecords(recordSet, "proto");
const descriptorProto = encodeDescriptor(recordSet.columns).toString("base64");
const sdk = makeSdk(job.client, job.endpoint, job.endpoint);
const streams: IngestStream[] = [];
for (let index = 0; index < job.streamCount; index++) streams.push(await openStream());
const latencies: number[] = [];
const samples: Promise<void>[] = [];
const cpuBefore = process.cpuUsage();
const startedAtMs = wallClockMs();
await Promise.all(
  streams.map(async (stream) => {
    await send(stream);
    await stream.flush();
  }),
);
const acknowledgedAtMs = wallClockMs();
const { user, system } = process.cpuUsage(cpuBefore);
await Promise.all(samples);
await Promise.all(streams.map((stream) => stream.close()));
answer({
  startedAtMs,
  acknowledgedAtMs,
  cpuSeconds: (user + system) / 1e6,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  ackP50Ms: quantile(latencies, 0.5),
  ackP99Ms: quantile(latencies, 0.99),
} satisfies ClientProducerAnswer);

function openStream(): Promise<IngestStream> {
  return sdk.createStream(
    { tableName: job.table, descriptorProto },
    "",
    "",
    {},
    openHeaders(job.table),
  );
}

async function send(stream: IngestStream): Promise<void> {
  switch (job.use) {
    case "await":
      return sendSingles(stream);
    case "offset":
      return sendGroups(stream);
    case "batch":
      return sendBatches(stream);
    case "blocking":
      return sendBlocking(stream);
    case "paced":
      return sendPaced(stream);
  }
}

async function sendSingles(stream: IngestStream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index++) {
    const calledAt = performance.now();
    const offset = await stream.ingestRecordOffset(recordAt(index));
    if (index % SAMPLE_RECORDS === 0) sample(stream, offset, calledAt);
  }
}

async function sendGroups(stream: IngestStream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index += GROUP_CALLS) {
    const calledAt = performance.now();
    const count = Math.min(GROUP_CALLS, job.recordsPerStream - index);
    const offsets = await Promise.all(
      Array.from({ length: count }, (_, call) => stream.ingestRecordOffset(recordAt(index + call))),
    );
    if (index % SAMPLE_RECORDS === 0) sample(stream, offsets[0] as bigint, calledAt);
  }
}

async function sendBatches(stream: IngestStream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index += BATCH_RECORDS) {
    const calledAt = performance.now();
    const start = index % records.length;
    const count = Math.min(BATCH_RECORDS, job.recordsPerStream - index);
    const offset = await stream.ingestRecordsOffset(records.slice(start, start + count));
    if (index % SAMPLE_RECORDS === 0) sample(stream, offset as bigint, calledAt);
  }
}

async function sendBlocking(stream: IngestStream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index++) {
    const calledAt = performance.now();
    const offset = await stream.ingestRecordOffset(recordAt(index));
    await stream.waitForOffset(offset);
    latencies.push(performance.now() - calledAt);
  }
}

/** Every record is timed: at this rate that costs nothing. */
async function sendPaced(stream: IngestStream): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; index < job.recordsPerStream; index++) {
    const dueAt = startedAt + (index * 1000) / PACED_RECORDS_PER_SECOND;
    while (performance.now() < dueAt) await sleep(PACED_TICK_MS);
    const calledAt = performance.now();
    sample(stream, await stream.ingestRecordOffset(recordAt(index)), calledAt);
  }
}

function sample(stream: IngestStream, offset: bigint, calledAt: number): void {
  samples.push(
    stream.waitForOffset(offset).then(() => {
      latencies.push(performance.now() - calledAt);
    }),
  );
}

function recordAt(index: number): Buffer {
  return records[index % records.length] as Buffer;
}
