// SPDX-License-Identifier: Apache-2.0
/** The same program for our client and the official one: the two have one API. */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { ZerobusSdk } from "@sluice/client";
import { answer, jobOfProcess } from "../lib/child.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";
import { quantile } from "../lib/statistics.ts";
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

interface Stream {
  ingestRecordOffset(record: Buffer): Promise<bigint>;
  ingestRecordsOffset(records: Buffer[]): Promise<bigint | null>;
  waitForOffset(offset: bigint): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Sdk {
  createStream(
    table: { tableName: string; descriptorProto: string },
    clientId: string,
    clientSecret: string,
    options: object,
    headers: { getHeadersCallback: () => [string, string][] },
  ): Promise<Stream>;
}

type SdkClass = new (endpoint: string, url: string) => Sdk;

const OFFICIAL_PACKAGE = "@databricks/zerobus-ingest-sdk-linux-x64-gnu";
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
const sdk: Sdk = new (sdkClass())(job.endpoint, job.endpoint);
const streams: Stream[] = [];
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

function openStream(): Promise<Stream> {
  return sdk.createStream(
    { tableName: job.table, descriptorProto },
    "",
    "",
    {},
    {
      getHeadersCallback: () => [
        ["authorization", "Bearer none"],
        ["x-databricks-zerobus-table-name", job.table],
      ],
    },
  );
}

async function send(stream: Stream): Promise<void> {
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

async function sendSingles(stream: Stream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index++) {
    const calledAt = performance.now();
    const offset = await stream.ingestRecordOffset(recordAt(index));
    if (index % SAMPLE_RECORDS === 0) sample(stream, offset, calledAt);
  }
}

async function sendGroups(stream: Stream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index += GROUP_CALLS) {
    const calledAt = performance.now();
    const count = Math.min(GROUP_CALLS, job.recordsPerStream - index);
    const offsets = await Promise.all(
      Array.from({ length: count }, (_, call) => stream.ingestRecordOffset(recordAt(index + call))),
    );
    if (index % SAMPLE_RECORDS === 0) sample(stream, offsets[0] as bigint, calledAt);
  }
}

async function sendBatches(stream: Stream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index += BATCH_RECORDS) {
    const calledAt = performance.now();
    const start = index % records.length;
    const count = Math.min(BATCH_RECORDS, job.recordsPerStream - index);
    const offset = await stream.ingestRecordsOffset(records.slice(start, start + count));
    if (index % SAMPLE_RECORDS === 0) sample(stream, offset as bigint, calledAt);
  }
}

async function sendBlocking(stream: Stream): Promise<void> {
  for (let index = 0; index < job.recordsPerStream; index++) {
    const calledAt = performance.now();
    const offset = await stream.ingestRecordOffset(recordAt(index));
    await stream.waitForOffset(offset);
    latencies.push(performance.now() - calledAt);
  }
}

/** Every record is timed: at this rate that costs nothing. */
async function sendPaced(stream: Stream): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; index < job.recordsPerStream; index++) {
    const dueAt = startedAt + (index * 1000) / PACED_RECORDS_PER_SECOND;
    while (performance.now() < dueAt) await sleep(PACED_TICK_MS);
    const calledAt = performance.now();
    sample(stream, await stream.ingestRecordOffset(recordAt(index)), calledAt);
  }
}

function sample(stream: Stream, offset: bigint, calledAt: number): void {
  samples.push(
    stream.waitForOffset(offset).then(() => {
      latencies.push(performance.now() - calledAt);
    }),
  );
}

function recordAt(index: number): Buffer {
  return records[index % records.length] as Buffer;
}

function sdkClass(): SdkClass {
  if (job.client === "ours") return ZerobusSdk;
  const official = createRequire(import.meta.url)(OFFICIAL_PACKAGE) as { ZerobusSdk: SdkClass };
  return official.ZerobusSdk;
}
