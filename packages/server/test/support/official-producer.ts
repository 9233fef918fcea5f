// SPDX-License-Identifier: Apache-2.0
/**
 * Streams numbered records with the official client, in a process of its own since its trust store comes from the
 * environment: `node official-producer.js '<ProducerJob as JSON>'`. Ends with 0 when all is acknowledged.
 */
import { loadOfficialClient, OFFICIAL_JSON, OFFICIAL_PROTO } from "./official-client.ts";
import { protoType } from "./proto-records.ts";

export interface ProducerJob {
  readonly endpoint: string;
  readonly workspaceUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly table: string;
  readonly format: "json" | "proto";
  readonly firstId: number;
  readonly recordCount: number;
  /** 1 for single-record messages. */
  readonly batchSize: number;
}

const job = JSON.parse(process.argv[2] ?? "{}") as ProducerJob;
const official = loadOfficialClient();
if (official === undefined) throw new Error("the official client does not load here");
const type = protoType(
  "message R { required int64 id = 1; optional string name = 2; optional double value = 3; optional int64 at = 4; }",
);
const isJson = job.format === "json";
const sdk = new official.ZerobusSdk(job.endpoint, job.workspaceUrl);
const stream = await sdk.createStream(
  {
    tableName: job.table,
    ...(isJson ? {} : { descriptorProto: type.descriptor.toString("base64") }),
  },
  job.clientId,
  job.clientSecret,
  { recordType: isJson ? OFFICIAL_JSON : OFFICIAL_PROTO },
);
const recordOf = (id: number): unknown => {
  const record = { id, name: `näme ${id} 🚰`, value: id / 8, at: 1_700_000_000_000_000 + id };
  return isJson ? record : type.encode(record);
};
let batch: unknown[] = [];
for (let index = 0; index < job.recordCount; index++) {
  const record = recordOf(job.firstId + index);
  if (job.batchSize === 1) {
    await stream.ingestRecordOffset(record);
    continue;
  }
  batch.push(record);
  if (batch.length < job.batchSize && index + 1 < job.recordCount) continue;
  await stream.ingestRecordsOffset(batch);
  batch = [];
}
await stream.flush();
const closingAt = performance.now();
await stream.close();
process.stdout.write(`${JSON.stringify({ closeMs: performance.now() - closingAt })}\n`);
