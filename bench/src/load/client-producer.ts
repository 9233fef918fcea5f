// SPDX-License-Identifier: Apache-2.0
/** The same program for our client and the official one: the two have one API. */
import { createRequire } from "node:module";
import { ZerobusSdk } from "@sluice/client";
import { answer, jobOfProcess } from "../lib/child.ts";
import { encodeReading, makeReadings, PROTO_DESCRIPTOR } from "../lib/records.ts";

export interface ClientProducerJob {
  readonly client: "ours" | "official";
  readonly endpoint: string;
  readonly table: string;
  readonly recordCount: number;
  /** 1 for one await of `ingestRecordOffset` per record. */
  readonly batchSize: number;
}

export interface ClientProducerAnswer {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

interface Stream {
  ingestRecordOffset(record: Buffer): Promise<bigint>;
  ingestRecordsOffset(records: Buffer[]): Promise<bigint | null>;
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
const DISTINCT_RECORDS = 20_000;

const job = jobOfProcess<ClientProducerJob>();
const sdk: Sdk = new (sdkClass())(job.endpoint, job.endpoint);
const stream = await sdk.createStream(
  { tableName: job.table, descriptorProto: PROTO_DESCRIPTOR.toString("base64") },
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
const records = makeReadings(DISTINCT_RECORDS).map(encodeReading);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
if (job.batchSize === 1) await sendSingles();
else await sendBatches();
await stream.flush();
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
const rssBytes = process.memoryUsage().rss;
await stream.close();
answer({ seconds, cpuSeconds: (user + system) / 1e6, rssBytes } satisfies ClientProducerAnswer);

async function sendSingles(): Promise<void> {
  for (let index = 0; index < job.recordCount; index++) {
    await stream.ingestRecordOffset(records[index % DISTINCT_RECORDS] as Buffer);
  }
}

async function sendBatches(): Promise<void> {
  for (let index = 0; index < job.recordCount; index += job.batchSize) {
    const start = index % DISTINCT_RECORDS;
    const count = Math.min(job.batchSize, job.recordCount - index);
    await stream.ingestRecordsOffset(records.slice(start, start + count));
  }
}

function sdkClass(): SdkClass {
  if (job.client === "ours") return ZerobusSdk;
  const official = createRequire(import.meta.url)(OFFICIAL_PACKAGE) as { ZerobusSdk: SdkClass };
  return official.ZerobusSdk;
}
