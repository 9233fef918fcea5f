// SPDX-License-Identifier: Apache-2.0
/**
 * The cheapest client there can be: pre-encoded records, framed into large writes, acks read as they come. Shows what the
 * server can do when the client hardly costs anything.
 */
import { connect } from "node:http2";
import {
  batchRecordBytes,
  encodeCreateStreamFrame,
  EPHEMERAL_STREAM_PATH,
  FrameScanner,
  MAX_INGEST_HEADER_BYTES,
  readStreamResponse,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
} from "@sluice/protocol";
import { answer, jobOfProcess } from "../lib/child.ts";
import { quantile } from "../lib/results.ts";
import { encodeReading, makeReadings, PROTO_DESCRIPTOR } from "../lib/records.ts";

export interface RawProducerJob {
  readonly endpoint: string;
  readonly table: string;
  readonly format: "proto" | "json";
  readonly recordCount: number;
  /** 1 for single-record messages. */
  readonly batchSize: number;
}

export interface RawProducerAnswer {
  readonly seconds: number;
  readonly recordBytes: number;
  /** Milliseconds from a write to the ack of its last record. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const CHUNK_BYTES = 256 * 1024;
const DISTINCT_RECORDS = 20_000;

const job = jobOfProcess<RawProducerJob>();
const isProto = job.format === "proto";
const records = makeReadings(DISTINCT_RECORDS).map((reading) =>
  isProto ? encodeReading(reading) : Buffer.from(JSON.stringify(reading)),
);
const session = connect(job.endpoint, { settings: { initialWindowSize: 1 << 20 } });
const stream = session.request({
  ":method": "POST",
  ":path": EPHEMERAL_STREAM_PATH,
  "content-type": "application/grpc",
  te: "trailers",
});
const sentAt: { offset: number; timeMs: number }[] = [];
const latencies: number[] = [];
let acknowledged = -1;
let onAck: () => void = () => undefined;
const created = new Promise<void>((resolve) => {
  const scanner = new FrameScanner(1 << 20);
  stream.on("data", (chunk: Buffer) => {
    scanner.push(chunk);
    while (scanner.next() === "message") {
      const message = readStreamResponse(scanner.buffer, scanner.start, scanner.end);
      if (message?.kind === "createStreamResponse") resolve();
      if (message?.kind === "ack") noteAck(message.upToOffset ?? -1);
    }
  });
});
stream.on("trailers", (trailers) => {
  if (trailers["grpc-status"] !== "0") throw new Error(String(trailers["grpc-message"]));
});
stream.write(
  encodeCreateStreamFrame({
    tableName: job.table,
    recordType: isProto ? 1 : 2,
    descriptorProto: isProto ? PROTO_DESCRIPTOR : undefined,
  }),
);
await created;

const startedAt = performance.now();
let recordIndex = 0;
let offset = 0;
while (recordIndex < job.recordCount) {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const end = fillChunk(chunk);
  sentAt.push({ offset: offset - 1, timeMs: performance.now() });
  if (!stream.write(chunk.subarray(0, end))) {
    await new Promise((resolve) => stream.once("drain", resolve));
  }
}
await new Promise<void>((resolve) => {
  onAck = () => {
    if (acknowledged >= offset - 1) resolve();
  };
  onAck();
});
const seconds = (performance.now() - startedAt) / 1000;
stream.end();
session.close();
answer({
  seconds,
  recordBytes: records.reduce((total, record) => total + record.length, 0) / records.length,
  ackP50Ms: quantile(latencies, 0.5),
  ackP99Ms: quantile(latencies, 0.99),
} satisfies RawProducerAnswer);

function noteAck(upTo: number): void {
  acknowledged = upTo;
  const now = performance.now();
  while (sentAt.length > 0 && (sentAt[0]?.offset ?? 0) <= upTo) {
    latencies.push(now - (sentAt.shift()?.timeMs ?? now));
  }
  onAck();
}

/** Writes as many messages as fit. @returns where they end. */
function fillChunk(chunk: Buffer): number {
  let position = 0;
  while (recordIndex < job.recordCount) {
    const next = job.batchSize === 1 ? writeSingle(chunk, position) : writeBatch(chunk, position);
    if (next === undefined) break;
    position = next;
    offset++;
  }
  return position;
}

function writeSingle(chunk: Buffer, position: number): number | undefined {
  const record = records[recordIndex % DISTINCT_RECORDS] as Buffer;
  if (position + MAX_INGEST_HEADER_BYTES + record.length > chunk.length) return undefined;
  const at = writeRecordHeader(chunk, position, offset, job.format, record.length);
  record.copy(chunk, at);
  recordIndex++;
  return at + record.length;
}

function writeBatch(chunk: Buffer, position: number): number | undefined {
  const count = Math.min(job.batchSize, job.recordCount - recordIndex);
  let payloadBytes = 0;
  for (let index = 0; index < count; index++) {
    payloadBytes += batchRecordBytes(
      (records[(recordIndex + index) % DISTINCT_RECORDS] as Buffer).length,
    );
  }
  if (position + MAX_INGEST_HEADER_BYTES + payloadBytes > chunk.length) return undefined;
  let at = writeBatchHeader(chunk, position, offset, job.format, payloadBytes);
  for (let index = 0; index < count; index++) {
    const record = records[(recordIndex + index) % DISTINCT_RECORDS] as Buffer;
    at = writeBatchRecordHeader(chunk, at, record.length);
    record.copy(chunk, at);
    at += record.length;
  }
  recordIndex += count;
  return at;
}
