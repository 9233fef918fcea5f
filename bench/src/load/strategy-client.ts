// SPDX-License-Identifier: Apache-2.0
/** One client with one ack strategy, until everything is acknowledged. The same program for all clients. */
import { answer, jobOfProcess } from "../lib/child.ts";
import {
  type IngestClient,
  type IngestClientKind,
  openIngestClient,
  type Receipt,
} from "../lib/ingest-client.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";
import { quantile } from "../lib/statistics.ts";

/**
 * - `blocking`: each record waits for its acknowledgement;
 * - `callback`: each call is awaited, the acknowledgements come to `onAck`. The official client has no callback: there,
 *   groups of calls are in flight, and the last offset of each group is waited for;
 * - `flush`: groups of calls in flight, and a flush after every {@link FLUSH_RECORDS} records;
 * - `await`: one awaited call per record, and a flush at the end.
 */
export type Strategy = "blocking" | "callback" | "flush" | "await";

export interface StrategyJob {
  readonly client: IngestClientKind;
  readonly strategy: Strategy;
  readonly endpoint: string;
  readonly table: string;
  readonly recordCount: number;
}

export interface StrategyAnswer {
  readonly elapsedMs: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Of each record, with `blocking`; else NaN. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const GROUP_CALLS = 1000;
const FLUSH_RECORDS = 50_000;

const job = jobOfProcess<StrategyJob>();
const recordSet = makeRecordSet(READINGS);
const { records } = encodeRecords(recordSet, "proto");
const latenciesMs: number[] = [];
let allAcknowledged = (): void => undefined;
const acknowledgement = new Promise<void>((resolve) => {
  allAcknowledged = resolve;
});
const client = await openIngestClient(
  { ...job, descriptor: encodeDescriptor(recordSet.columns) },
  job.strategy === "callback"
    ? (acknowledgedCount) => {
        if (acknowledgedCount === job.recordCount) allAcknowledged();
      }
    : undefined,
);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await send(client);
const elapsedMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
await client.close();
answer({
  elapsedMs,
  cpuSeconds: (user + system) / 1e6,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  ackP50Ms: quantile(latenciesMs, 0.5),
  ackP99Ms: quantile(latenciesMs, 0.99),
} satisfies StrategyAnswer);

function send(to: IngestClient): Promise<void> {
  switch (job.strategy) {
    case "blocking":
      return sendBlocking(to);
    case "callback":
      return job.client === "official" ? sendAwaitedGroups(to) : sendWithCallback(to);
    case "flush":
      return sendFlushed(to);
    case "await":
      return sendSingles(to);
  }
}

async function sendBlocking(to: IngestClient): Promise<void> {
  for (let index = 0; index < job.recordCount; index++) {
    const calledAt = performance.now();
    await to.acknowledged(await to.send(recordAt(index)));
    latenciesMs.push(performance.now() - calledAt);
  }
}

async function sendWithCallback(to: IngestClient): Promise<void> {
  for (let index = 0; index < job.recordCount; index++) await to.send(recordAt(index));
  await acknowledgement;
}

async function sendAwaitedGroups(to: IngestClient): Promise<void> {
  for (let index = 0; index < job.recordCount; index += GROUP_CALLS) {
    const receipts = await sendGroup(to, index);
    await to.acknowledged(receipts.at(-1) as Receipt);
  }
}

async function sendFlushed(to: IngestClient): Promise<void> {
  for (let index = 0; index < job.recordCount; index += GROUP_CALLS) {
    await sendGroup(to, index);
    if ((index + GROUP_CALLS) % FLUSH_RECORDS === 0) await to.flush();
  }
  await to.flush();
}

async function sendSingles(to: IngestClient): Promise<void> {
  for (let index = 0; index < job.recordCount; index++) await to.send(recordAt(index));
  await to.flush();
}

function sendGroup(to: IngestClient, start: number): Promise<Receipt[]> {
  const count = Math.min(GROUP_CALLS, job.recordCount - start);
  return Promise.all(Array.from({ length: count }, (_, call) => to.send(recordAt(start + call))));
}

function recordAt(index: number): Buffer {
  return records[index % records.length] as Buffer;
}
