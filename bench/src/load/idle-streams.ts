// SPDX-License-Identifier: Apache-2.0
/** Opens streams, sends one record on each, and keeps them open until the parent lets go. */
import { answer, jobOfProcess } from "../lib/child.ts";
import { ChunkTemplates } from "../lib/chunk-templates.ts";
import { MessageWriter } from "../lib/message-writer.ts";
import { connectRaw, RawStream } from "../lib/raw-stream.ts";
import { encodeDescriptor, encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";

export interface IdleStreamsJob {
  readonly endpoint: string;
  readonly table: string;
  readonly streamCount: number;
  readonly connectionCount: number;
}

export interface IdleStreamsReady {
  /** To open all streams and have one record on each acknowledged. */
  readonly seconds: number;
}

const OPEN_CONCURRENCY = 250;

const job = jobOfProcess<IdleStreamsJob>();
const recordSet = makeRecordSet(READINGS);
/** A chunk holds one record. */
const templates = new ChunkTemplates({
  encoded: encodeRecords(recordSet, "proto"),
  chunkBytes: 0,
});
const descriptor = encodeDescriptor(recordSet.columns);
const sessions = Array.from({ length: job.connectionCount }, () => connectRaw(job.endpoint));
const startedAt = performance.now();
for (let first = 0; first < job.streamCount; first += OPEN_CONCURRENCY) {
  const count = Math.min(OPEN_CONCURRENCY, job.streamCount - first);
  await Promise.all(Array.from({ length: count }, (_, index) => open(first + index)));
}
process.once("disconnect", () => process.exit(0));
const seconds = (performance.now() - startedAt) / 1000;
answer({ seconds } satisfies IdleStreamsReady);

async function open(index: number): Promise<void> {
  const session = sessions[index % sessions.length];
  if (session === undefined) throw new Error("no connection");
  const stream = await RawStream.open(session, { table: job.table, format: "proto", descriptor });
  const writer = new MessageWriter(templates);
  stream.write(writer.nextChunk(1));
  await stream.acknowledged(0);
}
