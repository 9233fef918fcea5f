// SPDX-License-Identifier: Apache-2.0
/** Sends the bytes that a raw producer sends, over plain TCP. */
import { once } from "node:events";
import { connect } from "node:net";
import { answer, jobOfProcess } from "../lib/child.ts";
import { ChunkTemplates } from "../lib/chunk-templates.ts";
import { MessageWriter } from "../lib/message-writer.ts";
import { encodeRecords } from "../lib/record-encoding.ts";
import { makeRecordSet, READINGS } from "../lib/record-set.ts";

export interface TcpProducerJob {
  readonly port: number;
  readonly recordCount: number;
}

export interface TcpProducerAnswer {
  readonly recordsPerSecond: number;
}

const job = jobOfProcess<TcpProducerJob>();
const encoded = encodeRecords(makeRecordSet(READINGS), "proto");
const writer = new MessageWriter(new ChunkTemplates({ encoded }));
const socket = connect({ host: "127.0.0.1", port: job.port });
await once(socket, "connect");
const startedAt = performance.now();
while (writer.recordCount < job.recordCount) {
  if (!socket.write(writer.nextChunk(job.recordCount))) await once(socket, "drain");
}
const sentBytes = socket.bytesWritten;
socket.end();
const [answered] = (await once(socket, "data")) as [Buffer];
const seconds = (performance.now() - startedAt) / 1000;
if (Number(answered) !== sentBytes) {
  throw new Error(`the sink got ${answered.toString()} of ${sentBytes} bytes`);
}
answer({ recordsPerSecond: job.recordCount / seconds } satisfies TcpProducerAnswer);
