// SPDX-License-Identifier: Apache-2.0
/**
 * The cheapest client there can be: pre-encoded records, framed into large writes, acks read as they come. Shows what the
 * server can do when the client hardly costs anything.
 */
import { AckTimer } from "../lib/ack-timer.ts";
import { answer, jobOfProcess } from "../lib/child.ts";
import { ChunkTemplates } from "../lib/chunk-templates.ts";
import { MessageWriter } from "../lib/message-writer.ts";
import { connectRaw, RawStream } from "../lib/raw-stream.ts";
import { encodeDescriptor, encodeRecords, type RecordFormat } from "../lib/record-encoding.ts";
import { makeRecordSet, type RecordShape } from "../lib/record-set.ts";
import { quantile } from "../lib/statistics.ts";
import { wallClockMs } from "../lib/wall-clock.ts";

export interface RawProducerJob {
  readonly endpoint: string;
  /** Stream number n writes to table number n modulo the count. */
  readonly tables: readonly string[];
  readonly streamCount: number;
  /** Streams are spread over so many connections. */
  readonly connectionCount: number;
  readonly shape: RecordShape;
  readonly format: RecordFormat;
  /** 1 for single-record messages. */
  readonly batchSize: number;
  /** How long each stream goes on: so many records, or so many milliseconds, whichever is first; at least one is given. */
  readonly recordsPerStream?: number | undefined;
  readonly durationMs?: number | undefined;
  /** Bytes in a write. @default 256 KiB */
  readonly chunkBytes?: number | undefined;
  /** Writes of a stream that may be unacknowledged. @default no limit but the server's flow control */
  readonly maxUnackedChunks?: number | undefined;
}

export interface RawProducerAnswer {
  /** Wall clock before the first write and after the last ack. */
  readonly startedAtMs: number;
  readonly acknowledgedAtMs: number;
  /** Records acknowledged, in all and by table. */
  readonly recordCount: number;
  readonly recordCountByTable: readonly number[];
  readonly recordBytes: number;
  /** From a write to the ack of its last record. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** Records of the slowest and the fastest hundredth of the streams that were acknowledged by the deadline. */
  readonly streamRecordsP1: number;
  readonly streamRecordsP99: number;
}

interface Producer {
  readonly stream: RawStream;
  readonly writer: MessageWriter;
  readonly timer: AckTimer;
  readonly tableIndex: number;
  recordsAtDeadline: number;
}

/** Streams opened at one time. */
const OPEN_CONCURRENCY = 250;

const job = jobOfProcess<RawProducerJob>();
const recordSet = makeRecordSet(job.shape);
const encoded = encodeRecords(recordSet, job.format);
const { batchSize, chunkBytes } = job;
const templates = new ChunkTemplates({ encoded, batchSize, chunkBytes });
const descriptor = encodeDescriptor(recordSet.columns);
const recordLimit = job.recordsPerStream ?? Infinity;
const sessions = Array.from({ length: job.connectionCount }, () => connectRaw(job.endpoint));
const producers: Producer[] = [];
while (producers.length < job.streamCount) {
  const count = Math.min(OPEN_CONCURRENCY, job.streamCount - producers.length);
  const first = producers.length;
  producers.push(
    ...(await Promise.all(Array.from({ length: count }, (_, index) => open(first + index)))),
  );
}

const startedAtMs = wallClockMs();
const deadline = performance.now() + (job.durationMs ?? Infinity);
if (job.durationMs !== undefined) setTimeout(noteDeadline, job.durationMs);
await Promise.all(producers.map(produce));
const acknowledgedAtMs = wallClockMs();
await Promise.all(producers.map(({ stream }) => stream.close()));
for (const session of sessions) session.close();
const latencies = producers.flatMap(({ timer }) => timer.latenciesMs);
const streamRecords = producers.map(({ recordsAtDeadline }) => recordsAtDeadline);
const recordCountByTable = job.tables.map((_, tableIndex) =>
  total(producers.filter((producer) => producer.tableIndex === tableIndex)),
);
answer({
  startedAtMs,
  acknowledgedAtMs,
  recordCount: total(producers),
  recordCountByTable,
  recordBytes: encoded.meanBytes,
  ackP50Ms: quantile(latencies, 0.5),
  ackP99Ms: quantile(latencies, 0.99),
  streamRecordsP1: quantile(streamRecords, 0.01),
  streamRecordsP99: quantile(streamRecords, 0.99),
} satisfies RawProducerAnswer);

async function open(index: number): Promise<Producer> {
  const session = sessions[index % sessions.length];
  const tableIndex = index % job.tables.length;
  const table = job.tables[tableIndex];
  if (session === undefined || table === undefined) throw new Error("no connection or no table");
  const timer = new AckTimer();
  const stream = await RawStream.open(session, {
    table,
    format: job.format,
    descriptor,
    onAck: (offset) => timer.acknowledged(offset),
  });
  const writer = new MessageWriter(templates);
  return { stream, writer, timer, tableIndex, recordsAtDeadline: 0 };
}

async function produce({ stream, writer, timer }: Producer): Promise<void> {
  const maxUnacked = job.maxUnackedChunks ?? Infinity;
  const ends: number[] = [];
  while (writer.recordCount < recordLimit && performance.now() < deadline) {
    const chunk = writer.nextChunk(recordLimit);
    timer.sent(writer.offset - 1);
    if (!stream.write(chunk)) await stream.drained();
    if (maxUnacked === Infinity) continue;
    ends.push(writer.offset - 1);
    if (ends.length >= maxUnacked) await stream.acknowledged(ends.shift() ?? 0);
  }
  await stream.acknowledged(writer.offset - 1);
}

/** Only full batches are written before a deadline, so that messages tell the records. */
function noteDeadline(): void {
  for (const producer of producers) {
    producer.recordsAtDeadline = (producer.stream.acknowledgedOffset + 1) * job.batchSize;
  }
}

function total(some: readonly Producer[]): number {
  return some.reduce((sum, { writer }) => sum + writer.recordCount, 0);
}
