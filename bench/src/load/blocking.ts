// SPDX-License-Identifier: Apache-2.0
/** Streams that wait for the ack of each record before they send the next. */
import { connect } from "node:http2";
import {
  encodeCreateStreamFrame,
  EPHEMERAL_STREAM_PATH,
  FrameScanner,
  MAX_INGEST_HEADER_BYTES,
  readStreamResponse,
  writeRecordHeader,
} from "@sluice/protocol";
import { answer, jobOfProcess } from "../lib/child.ts";
import { quantile } from "../lib/results.ts";
import { encodeReading, makeReadings, PROTO_DESCRIPTOR } from "../lib/records.ts";

export interface BlockingJob {
  readonly endpoint: string;
  readonly table: string;
  readonly streamCount: number;
  readonly durationMs: number;
}

export interface BlockingAnswer {
  readonly recordsPerSecond: number;
  readonly recordCount: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const job = jobOfProcess<BlockingJob>();
const records = makeReadings(1000).map(encodeReading);
const session = connect(job.endpoint);
const latencies: number[] = [];
const startedAt = performance.now();
const deadline = startedAt + job.durationMs;
await Promise.all(Array.from({ length: job.streamCount }, runStream));
const seconds = (performance.now() - startedAt) / 1000;
session.close();
answer({
  recordsPerSecond: latencies.length / seconds,
  recordCount: latencies.length,
  ackP50Ms: quantile(latencies, 0.5),
  ackP99Ms: quantile(latencies, 0.99),
} satisfies BlockingAnswer);

function runStream(): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": EPHEMERAL_STREAM_PATH,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const scanner = new FrameScanner(1 << 16);
    let offset = 0;
    let sentAt = 0;
    const sendNext = (): void => {
      const record = records[offset % records.length] as Buffer;
      const frame = Buffer.allocUnsafe(MAX_INGEST_HEADER_BYTES + record.length);
      const at = writeRecordHeader(frame, 0, offset, "proto", record.length);
      record.copy(frame, at);
      sentAt = performance.now();
      stream.write(frame.subarray(0, at + record.length));
    };
    const onMessage = (kind: string | undefined): void => {
      if (kind === "createStreamResponse") sendNext();
      if (kind !== "ack") return;
      const now = performance.now();
      latencies.push(now - sentAt);
      offset++;
      if (now < deadline) sendNext();
      else stream.end();
    };
    stream.on("data", (chunk: Buffer) => {
      scanner.push(chunk);
      while (scanner.next() === "message") {
        onMessage(readStreamResponse(scanner.buffer, scanner.start, scanner.end)?.kind);
      }
    });
    stream.on("trailers", (trailers) => {
      if (trailers["grpc-status"] === "0") resolve();
      else reject(new Error(String(trailers["grpc-message"])));
    });
    stream.on("error", reject);
    stream.write(
      encodeCreateStreamFrame({
        tableName: job.table,
        recordType: 1,
        descriptorProto: PROTO_DESCRIPTOR,
      }),
    );
  });
}
