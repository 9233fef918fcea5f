// SPDX-License-Identifier: Apache-2.0
/** Streams that wait for the ack of each record before they send the next. */
import { answer, jobOfProcess } from "../lib/child.ts";
import { ChunkTemplates } from "../lib/chunk-templates.ts";
import { MessageWriter } from "../lib/message-writer.ts";
import { connectRaw, RawStream } from "../lib/raw-stream.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";

export interface BlockingJob {
  readonly endpoint: string;
  readonly table: string;
  readonly streamCount: number;
  readonly durationMs: number;
}

export interface BlockingAnswer {
  readonly recordsPerSecond: number;
  readonly recordCount: number;
}

const job = jobOfProcess<BlockingJob>();
const recordSet = makeRecordSet(READINGS);
/** A chunk holds one record. */
const templates = new ChunkTemplates({
  encoded: encodeRecords(recordSet, "proto"),
  chunkBytes: 0,
});
const descriptor = encodeDescriptor(recordSet.columns);
const session = connectRaw(job.endpoint);
const streams = await Promise.all(
  Array.from({ length: job.streamCount }, () =>
    RawStream.open(session, { table: job.table, format: "proto", descriptor }),
  ),
);
let recordCount = 0;
const startedAt = performance.now();
const deadline = startedAt + job.durationMs;
await Promise.all(streams.map(produce));
const seconds = (performance.now() - startedAt) / 1000;
await Promise.all(streams.map((stream) => stream.close()));
session.close();
answer({ recordsPerSecond: recordCount / seconds, recordCount } satisfies BlockingAnswer);

async function produce(stream: RawStream): Promise<void> {
  const writer = new MessageWriter(templates);
  while (performance.now() < deadline) {
    const offset = writer.offset;
    stream.write(writer.nextChunk(offset + 1));
    await stream.acknowledged(offset);
    recordCount++;
  }
}
