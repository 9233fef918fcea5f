// SPDX-License-Identifier: Apache-2.0
import {
  BatchReader,
  FRAME_HEADER_BYTES,
  FrameScanner,
  IngestReader,
  MAX_MESSAGE_BYTES,
  MAX_RECORD_BYTES,
  RecordFrameReader,
  type RecordFormat,
} from "@sluice/protocol";
import type { RecordDecoder } from "../columns/decoder.ts";
import { ServerError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { AckQueue } from "../session/ack-queue.ts";
import type { RecordTarget } from "./live-table.ts";
import { LargeBatch } from "./large-batch.ts";
import {
  malformedBatch,
  refusedRecord,
  tooLargeRecord,
  tooManyRecords,
  untakenMessage,
} from "./record-faults.ts";
import type { RecordPath, TableWriter } from "./table-writer.ts";

/** Batches of more bytes than this are decoded in slices. */
const LARGE_BATCH_BYTES = 1024 * 1024;

/**
 * Takes the messages of one stream: checks the envelope, decodes the records into the table's columns, and appends the
 * frames to the log as contiguous runs. A message is taken as a whole or not at all.
 */
export class RecordIntake {
  /** Wire offset that the next message must have. */
  nextOffset = 0;
  #writer: TableWriter;
  #path: RecordPath;
  readonly #format: RecordFormat;
  readonly #journal: Journal;
  readonly #acks: AckQueue;
  readonly #batch: BatchReader = new BatchReader();
  #runBuffer: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = 0;
  /** Rows of the builder in front of the run. */
  #runFirstRow = 0;
  /** Wire offset of the run's first message. */
  #runFirstOffset = 0;
  readonly #frame: RecordFrameReader;

  constructor(
    { target, format }: { readonly target: RecordTarget; readonly format: RecordFormat },
    journal: Journal,
    acks: AckQueue,
  ) {
    this.#writer = target.writer;
    this.#path = target.path;
    this.#format = format;
    this.#journal = journal;
    this.#acks = acks;
    this.#frame = new RecordFrameReader(format, MAX_MESSAGE_BYTES);
  }

  /** Whether the table goes on with another writer: {@link RecordIntake.move} comes before anything else is taken. */
  get isStale(): boolean {
    return this.#writer.retirement !== undefined;
  }

  /** Whether what was decoded for the writer is of no use any more. */
  get isAbandoned(): boolean {
    return this.#writer.retirement === "abandoned";
  }

  /** Goes on with another writer. To be called after {@link RecordIntake.flush}. */
  move({ writer, path }: RecordTarget): void {
    this.#writer = writer;
    this.#path = path;
  }

  /**
   * Takes the messages of one record each with which the rest of the chunk begins, as far as there is nothing the matter
   * with them; `scanner` then stands in front of the first message that is to be taken by itself, if there is one.
   * @returns why messages before them cannot be taken after all.
   */
  takeRecords(scanner: FrameScanner): ServerError | undefined {
    const { run } = this.#path.decoder;
    const { chunk, position } = scanner;
    const frame = this.#frame;
    if (run === undefined || position < 0 || !frame.read(chunk, position, this.nextOffset)) {
      return undefined;
    }
    const fault = this.#beginRun(chunk, position);
    if (fault !== undefined) return fault;
    const { builder } = this.#writer;
    const rowsBefore = builder.rowCount;
    let end = position;
    let offset = this.nextOffset;
    try {
      while (frame.read(chunk, end, offset)) {
        if (frame.end - frame.start > MAX_RECORD_BYTES) break;
        if (!run.decode(chunk, frame.start, frame.end)) break;
        end = frame.end;
        offset++;
      }
    } catch {
      // Memory has run out, which is found out again, and told, when the message is taken by itself.
      builder.truncate(rowsBefore + offset - this.nextOffset);
    }
    if (end === position) return undefined;
    scanner.skipTo(end);
    this.nextOffset = offset;
    this.#runBuffer = chunk;
    this.#runEnd = end;
    return undefined;
  }

  /**
   * Takes the message that `scanner` stands at and `message` has read.
   * @returns why it, or a message before it whose text was not checked yet, cannot be taken; earlier messages are not
   * affected.
   */
  take(scanner: FrameScanner, message: IngestReader): ServerError | undefined {
    const unfit = this.#beginRun(scanner.buffer, scanner.start - FRAME_HEADER_BYTES);
    if (unfit !== undefined) return unfit;
    const fault = this.#checkEnvelope(message) ?? this.#decodeSafely(message, true);
    if (fault !== undefined) return fault;
    this.nextOffset++;
    this.#runBuffer = scanner.buffer;
    this.#runEnd = scanner.end;
    return undefined;
  }

  /** Whether a message is to be taken with {@link RecordIntake.beginLarge}, in slices. */
  isLarge(message: IngestReader): boolean {
    return message.kind === "batch" && message.end - message.start > LARGE_BATCH_BYTES;
  }

  /**
   * Begins to take the message that `scanner` stands at and `message` has read. To be called after
   * {@link RecordIntake.flush}; no other message is taken before {@link RecordIntake.finishLarge}, or ever if the batch is
   * dropped.
   * @returns why it cannot be taken.
   */
  beginLarge(scanner: FrameScanner, message: IngestReader): LargeBatch | ServerError {
    const fault = this.#checkEnvelope(message);
    if (fault !== undefined) return fault;
    const { tableName, maxBatchRecords } = this.#writer;
    return new LargeBatch({
      tableName,
      offset: this.nextOffset,
      maxRecords: maxBatchRecords,
      checks: this.#writer.checks,
      open: () => {
        const builder = this.#writer.newBuilder();
        return { builder, decoder: this.#path.bind(builder) };
      },
      buffer: scanner.buffer,
      frameStart: scanner.start - FRAME_HEADER_BYTES,
      frameEnd: scanner.end,
      payload: { buffer: message.buffer, start: message.start, end: message.end },
    });
  }

  /**
   * Appends a batch to the log whose records are all decoded, and brings its rows to the table.
   * @throws LogError when the log takes nothing more; the rows are gone then.
   */
  finishLarge({ options, builder }: LargeBatch): void {
    const { buffer, frameStart, frameEnd } = options;
    const startPosition = this.#journal.nextPosition;
    const endPosition = this.#journal.append(this.#path.definition, buffer, frameStart, frameEnd);
    this.#writer.builderLogged(builder, startPosition, endPosition);
    this.#acks.push(endPosition, this.nextOffset);
    this.nextOffset++;
  }

  /**
   * Appends what was taken since the last flush to the log. To be called before the buffer of the scanner changes, and
   * before anything else writes to the table.
   * @returns why a message cannot be taken after all; what was taken before it is appended.
   * @throws LogError when the log takes nothing more.
   */
  flush(): ServerError | undefined {
    const buffer = this.#runBuffer;
    if (buffer === undefined) return undefined;
    this.#runBuffer = undefined;
    const fault = this.#finishRun(buffer);
    if (this.#runEnd > this.#runStart) this.#append(buffer);
    return fault;
  }

  #append(buffer: Uint8Array): void {
    const startPosition = this.#journal.nextPosition;
    let endPosition: number;
    try {
      endPosition = this.#journal.append(
        this.#path.definition,
        buffer,
        this.#runStart,
        this.#runEnd,
      );
    } catch (reason) {
      // What is not in the log must not get into the table with the rows of others.
      this.#writer.builder.truncate(this.#runFirstRow);
      throw reason;
    }
    this.#writer.rowsLogged(startPosition, endPosition);
    this.#acks.push(endPosition, this.nextOffset - 1);
  }

  /** Makes `[frameStart, ...)` of a buffer part of the run, or begins another one. */
  #beginRun(buffer: Uint8Array, frameStart: number): ServerError | undefined {
    if (this.#runBuffer === buffer && this.#runEnd === frameStart) return undefined;
    // Before the message is decoded: a row must not be counted to a log position that does not cover it.
    const fault = this.flush();
    this.#runStart = frameStart;
    this.#runEnd = frameStart;
    this.#runFirstRow = this.#writer.builder.rowCount;
    this.#runFirstOffset = this.nextOffset;
    return fault;
  }

  /**
   * Completes the run's rows; where a text among them is not UTF-8, or a row is not allowed, the run ends in front of its
   * message.
   */
  #finishRun(buffer: Uint8Array): ServerError | undefined {
    const { run } = this.#path.decoder;
    // Without runs each record was checked as it came.
    if (run === undefined) return undefined;
    const { builder, checks } = this.#writer;
    const isSound =
      run.finish(this.#runFirstRow) &&
      checks?.firstBroken(builder, this.#runFirstRow, builder.rowCount) === undefined;
    if (isSound) return undefined;
    builder.truncate(this.#runFirstRow);
    this.nextOffset = this.#runFirstOffset;
    const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
    const message = new IngestReader();
    scanner.push(buffer.subarray(this.#runStart, this.#runEnd));
    const runStart = this.#runStart;
    this.#runEnd = runStart;
    while (scanner.next() === "message") {
      message.read(scanner.buffer, scanner.start, scanner.end);
      const fault = this.#decodeSafely(message, false);
      if (fault !== undefined) return fault;
      this.nextOffset++;
      this.#runEnd = runStart + scanner.end;
    }
    return undefined;
  }

  #checkEnvelope(message: IngestReader): ServerError | undefined {
    const expected = this.nextOffset;
    const refuse = (text: string): ServerError =>
      new ServerError("invalid_argument", text, { offset: expected });
    switch (message.kind) {
      case "createStream":
        return refuse(`offset ${expected}: a stream can be created once; open another stream`);
      case "empty":
        return refuse(`offset ${expected}: the message carries no payload`);
      case "record":
      case "batch":
        break;
    }
    if (!message.hasOffsetId) return refuse(`offset ${expected}: the message has no offset_id`);
    if (message.offsetId !== expected) {
      return refuse(`Non-incremental offset: expected ${expected}, actual ${message.offsetId}`);
    }
    if (message.format === undefined)
      return refuse(`offset ${expected}: the message has no record`);
    if (message.format !== this.#format) {
      const text = `offset ${expected}: record type ${message.format.toUpperCase()} does not match the stream's ${this.#format.toUpperCase()}`;
      return refuse(text);
    }
    return undefined;
  }

  /** As `#decode`; what it throws, as when memory runs out, becomes a fault too and leaves no row behind. */
  #decodeSafely(message: IngestReader, inRun: boolean): ServerError | undefined {
    const { builder } = this.#writer;
    const rowsBefore = builder.rowCount;
    try {
      const { run } = this.#path.decoder;
      if (inRun && run !== undefined) {
        if (this.#decode(message, run) === undefined) return undefined;
        // An earlier record of the batch may have text that is not UTF-8: the first fault counts.
        builder.truncate(rowsBefore);
      }
      return this.#decode(message, this.#path.decoder);
    } catch (reason) {
      builder.truncate(rowsBefore);
      return untakenMessage(this.nextOffset, reason);
    }
  }

  #decode(message: IngestReader, decoder: Pick<RecordDecoder, "decode">): ServerError | undefined {
    const { buffer, start, end } = message;
    if (message.kind === "record") {
      return this.#decodeRecord(decoder, buffer, start, end, undefined);
    }
    const { builder } = this.#writer;
    const rowsBefore = builder.rowCount;
    const batch = this.#batch;
    batch.reset(buffer, start, end);
    const maxRecords = this.#writer.maxBatchRecords;
    for (let index = 0; ; index++) {
      const event = batch.next();
      if (event === "end") return undefined;
      const fault =
        event === "malformed"
          ? malformedBatch(this.nextOffset)
          : index >= maxRecords
            ? tooManyRecords(this.#writer.tableName, this.nextOffset, maxRecords)
            : this.#decodeRecord(decoder, buffer, batch.start, batch.end, index);
      if (fault === undefined) continue;
      builder.truncate(rowsBefore);
      return fault;
    }
  }

  #decodeRecord(
    decoder: Pick<RecordDecoder, "decode">,
    buffer: Uint8Array,
    start: number,
    end: number,
    batchIndex: number | undefined,
  ): ServerError | undefined {
    if (end - start > MAX_RECORD_BYTES) {
      return tooLargeRecord({ offset: this.nextOffset, batchIndex }, end - start);
    }
    const { builder, checks, tableName } = this.#writer;
    const place = { offset: this.nextOffset, batchIndex };
    if (!decoder.decode(buffer, start, end)) {
      return refusedRecord(tableName, place, this.#path.decoder.failure);
    }
    // Rows of a run are checked with the run.
    if (checks === undefined || decoder !== this.#path.decoder) return undefined;
    const { rowCount } = builder;
    const broken = checks.firstBroken(builder, rowCount - 1, rowCount);
    if (broken === undefined) return undefined;
    builder.truncate(rowCount - 1);
    return refusedRecord(tableName, place, broken);
  }
}
