// SPDX-License-Identifier: Apache-2.0
import {
  BatchReader,
  batchRecordBytes,
  MAX_INGEST_HEADER_BYTES,
  type WritableFormat,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
} from "@sluice/protocol";
import type { Chunk, ChunkPool } from "./chunk-pool.ts";
import { EntryRing } from "./entry-ring.ts";

/** Longer text is measured before it is written; shorter text is written first and measured by that. */
const MAX_OPTIMISTIC_TEXT_LENGTH = 16_384;

/** Framed bytes made ahead of the socket during a replay. */
const MAX_FRAMED_AHEAD_BYTES = 1_048_576;

/**
 * Everything a stream has taken and the server has not acknowledged: `head <= sent <= framed <= next`.
 *
 * A payload exists once. While a call is open and caught up (*direct*), a record is framed with its wire offset
 * straight into the chunk that goes to the socket, and that chunk is what a replay reads from. Without a call it is
 * staged without a frame. {@link RecordWindow.rewind} begins a call: entries are framed again from the oldest, with wire
 * offsets from 0, moving chunk by chunk so that the old memory is freed on the way.
 */
export class RecordWindow {
  readonly #format: WritableFormat;
  readonly #pool: ChunkPool;
  readonly #ring: EntryRing = new EntryRing();
  #staging: Chunk | undefined;
  #outgoing: Chunk | undefined;
  #toWrite: Chunk[] = [];
  #toWriteBytes = 0;
  #direct = false;
  #wireBase = 0;
  #framedOffset = 0;
  #sentOffset = 0;
  #highestSentOffset = 0;
  #unackedBytes = 0;
  #scratch: Uint8Array = new Uint8Array(MAX_INGEST_HEADER_BYTES);
  /** Records that were framed for sending again. */
  resentRecords = 0;
  /** Records of acknowledged entries. */
  acknowledgedRecords = 0;

  constructor(format: WritableFormat, pool: ChunkPool) {
    this.#format = format;
    this.#pool = pool;
  }

  get headOffset(): number {
    return this.#ring.headOffset;
  }

  get nextOffset(): number {
    return this.#ring.nextOffset;
  }

  /** Offset behind the last entry handed to the socket in this call. */
  get sentOffset(): number {
    return this.#sentOffset;
  }

  /** Logical offset of wire offset 0 in this call. */
  get wireBase(): number {
    return this.#wireBase;
  }

  get unackedCount(): number {
    return this.#ring.nextOffset - this.#ring.headOffset;
  }

  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  /** Takes one record; returns its offset. */
  appendBytes(payload: Uint8Array): number {
    const byteLength = payload.length;
    const chunk = this.#room(byteLength + MAX_INGEST_HEADER_BYTES);
    const at = this.#direct
      ? writeRecordHeader(chunk.bytes, chunk.usedBytes, this.#nextWire(), this.#format, byteLength)
      : chunk.usedBytes;
    chunk.bytes.set(payload, at);
    return this.#took(chunk, at, at + byteLength, 1);
  }

  /** Takes one record given as text; returns its offset. */
  appendText(text: string): number {
    const { length } = text;
    if (length > MAX_OPTIMISTIC_TEXT_LENGTH) return this.#appendLongText(text);
    const chunk = this.#room(length * 3 + MAX_INGEST_HEADER_BYTES);
    const start = chunk.usedBytes;
    if (!this.#direct) {
      return this.#took(chunk, start, start + chunk.bytes.write(text, start), 1);
    }
    let at = writeRecordHeader(chunk.bytes, start, this.#nextWire(), this.#format, length);
    const byteLength = chunk.bytes.write(text, at);
    if (byteLength !== length) {
      const headerBytes = writeRecordHeader(
        this.#scratch,
        0,
        this.#nextWire(),
        this.#format,
        byteLength,
      );
      chunk.bytes.copyWithin(start + headerBytes, at, at + byteLength);
      at = writeRecordHeader(chunk.bytes, start, this.#nextWire(), this.#format, byteLength);
    }
    return this.#took(chunk, at, at + byteLength, 1);
  }

  #appendLongText(text: string): number {
    const byteLength = Buffer.byteLength(text);
    const chunk = this.#room(byteLength + MAX_INGEST_HEADER_BYTES);
    const at = this.#direct
      ? writeRecordHeader(chunk.bytes, chunk.usedBytes, this.#nextWire(), this.#format, byteLength)
      : chunk.usedBytes;
    chunk.bytes.write(text, at);
    return this.#took(chunk, at, at + byteLength, 1);
  }

  /** Takes two or more records as one batch; returns its offset. */
  appendBatch(records: readonly (Uint8Array | string)[]): number {
    let payloadBytes = 0;
    for (const record of records) payloadBytes += batchRecordBytes(recordBytes(record));
    const chunk = this.#room(payloadBytes + MAX_INGEST_HEADER_BYTES);
    const start = this.#direct
      ? writeBatchHeader(chunk.bytes, chunk.usedBytes, this.#nextWire(), this.#format, payloadBytes)
      : chunk.usedBytes;
    let at = start;
    for (const record of records) {
      at = writeBatchRecordHeader(chunk.bytes, at, recordBytes(record));
      if (typeof record === "string") {
        at += chunk.bytes.write(record, at);
      } else {
        chunk.bytes.set(record, at);
        at += record.length;
      }
    }
    return this.#took(chunk, start, at, records.length);
  }

  /** Releases everything in front of `offset`; returns the records released. */
  acknowledge(offset: number): number {
    const ring = this.#ring;
    let records = 0;
    let current: Chunk | undefined;
    while (ring.headOffset < offset) {
      const head = ring.headOffset;
      const chunk = ring.chunkAt(head);
      if (chunk !== current) {
        if (current !== undefined) this.#pool.reclaim(current);
        current = chunk;
      }
      chunk.liveEntries--;
      this.#unackedBytes -= entryBytes(ring.startAt(head), ring.endAt(head));
      records += ring.recordCountAt(head);
      ring.shift();
    }
    if (current !== undefined) this.#pool.reclaim(current);
    this.acknowledgedRecords += records;
    return records;
  }

  /** Begins a call: wire offset 0 is the oldest unacknowledged entry, and nothing of it is framed yet. */
  rewind(): void {
    this.detach();
    this.#wireBase = this.headOffset;
    this.#framedOffset = this.headOffset;
    this.#sentOffset = this.headOffset;
    this.frame();
  }

  /** Ends the framing for a call. What was framed and not written stays an entry, and is not written. */
  detach(): void {
    this.#direct = false;
    const unwritten = this.#toWrite;
    this.#toWrite = [];
    this.#toWriteBytes = 0;
    if (this.#outgoing !== undefined) this.#seal(this.#outgoing);
    this.#outgoing = undefined;
    for (const chunk of unwritten) this.#pool.reclaim(chunk);
  }

  /** Frames staged entries while little is waiting to be written. */
  frame(): void {
    while (!this.#direct && this.#toWriteBytes < MAX_FRAMED_AHEAD_BYTES) {
      if (this.#framedOffset === this.nextOffset) {
        this.#direct = true;
        if (this.#staging !== undefined) this.#seal(this.#staging);
        this.#staging = undefined;
        return;
      }
      this.#frameOne(this.#framedOffset);
    }
  }

  #frameOne(offset: number): void {
    const ring = this.#ring;
    const from = ring.chunkAt(offset);
    const start = ring.startAt(offset);
    const end = ring.endAt(offset);
    const recordCount = ring.recordCountAt(offset);
    const chunk = this.#outgoingRoom(end - start + MAX_INGEST_HEADER_BYTES);
    const write = recordCount === 1 ? writeRecordHeader : writeBatchHeader;
    const wireOffset = offset - this.#wireBase;
    const at = write(chunk.bytes, chunk.usedBytes, wireOffset, this.#format, end - start);
    from.bytes.copy(chunk.bytes, at, start, end);
    ring.relocate(offset, chunk, at, at + end - start);
    this.#framed(chunk, at + end - start, offset);
    chunk.liveEntries++;
    from.liveEntries--;
    this.#pool.reclaim(from);
    if (offset < this.#highestSentOffset) this.resentRecords += recordCount;
  }

  /** Records of the unacknowledged requests from offset `from` up to `to`. */
  recordsBetween(from: number, to: number): number {
    let records = 0;
    for (let offset = from; offset < to; offset++) records += this.#ring.recordCountAt(offset);
    return records;
  }

  /** The next chunk with framed bytes that were not written, if the call is to write more. */
  nextToWrite(): Chunk | undefined {
    return this.#toWrite[0];
  }

  /**
   * Notes that what is framed in `chunk`, which {@link RecordWindow.nextToWrite} returned, goes to the socket as far as in
   * front of `nextOffset`. Returns the bytes.
   */
  writing(chunk: Chunk, nextOffset: number): Buffer {
    const isWhole = nextOffset === chunk.endOffset;
    const start = chunk.writtenBytes;
    const end = isWhole ? chunk.usedBytes : this.#ring.endAt(nextOffset - 1);
    if (isWhole) this.#toWrite.shift();
    this.#toWriteBytes -= end - start;
    chunk.writtenBytes = end;
    chunk.pendingWrites++;
    this.#sentOffset = nextOffset;
    if (nextOffset > this.#highestSentOffset) this.#highestSentOffset = nextOffset;
    return chunk.bytes.subarray(start, end);
  }

  /** Bytes of one unacknowledged request, without what frames it. */
  payloadBytesAt(offset: number): number {
    return this.#ring.endAt(offset) - this.#ring.startAt(offset);
  }

  /** Notes that the socket is done with one write of `chunk`. */
  written(chunk: Chunk, succeeded: boolean): void {
    chunk.pendingWrites--;
    if (!succeeded) chunk.tainted = true;
    this.#pool.reclaim(chunk);
  }

  /** Bytes framed and not written. */
  get framedBytes(): number {
    return this.#toWriteBytes;
  }

  /** Copies of the unacknowledged records, oldest first, one array per ingest call. */
  unackedBatches(): Buffer[][] {
    const batches: Buffer[][] = [];
    const ring = this.#ring;
    for (let offset = ring.headOffset; offset < ring.nextOffset; offset++) {
      const { bytes } = ring.chunkAt(offset);
      const start = ring.startAt(offset);
      const end = ring.endAt(offset);
      batches.push(
        ring.recordCountAt(offset) === 1
          ? [Buffer.from(bytes.subarray(start, end))]
          : batchRecords(bytes, start, end),
      );
    }
    return batches;
  }

  #nextWire(): number {
    return this.#ring.nextOffset - this.#wireBase;
  }

  #took(chunk: Chunk, start: number, end: number, recordCount: number): number {
    const offset = this.#ring.push(chunk, start, end, recordCount);
    chunk.liveEntries++;
    this.#unackedBytes += entryBytes(start, end);
    if (this.#direct) this.#framed(chunk, end, offset);
    else chunk.usedBytes = end;
    return offset;
  }

  #framed(chunk: Chunk, end: number, offset: number): void {
    if (chunk.usedBytes === chunk.writtenBytes) this.#toWrite.push(chunk);
    this.#toWriteBytes += end - chunk.usedBytes;
    chunk.usedBytes = end;
    chunk.endOffset = offset + 1;
    this.#framedOffset = offset + 1;
  }

  #room(byteCount: number): Chunk {
    if (this.#direct) return this.#outgoingRoom(byteCount);
    if (this.#staging === undefined || this.#staging.freeBytes < byteCount) {
      if (this.#staging !== undefined) this.#seal(this.#staging);
      this.#staging = this.#pool.take(byteCount);
    }
    return this.#staging;
  }

  #outgoingRoom(byteCount: number): Chunk {
    if (this.#outgoing === undefined || this.#outgoing.freeBytes < byteCount) {
      if (this.#outgoing !== undefined) this.#seal(this.#outgoing);
      this.#outgoing = this.#pool.take(byteCount);
    }
    return this.#outgoing;
  }

  #seal(chunk: Chunk): void {
    chunk.open = false;
    this.#pool.reclaim(chunk);
  }
}

/** What an entry counts against the limit of bytes: its payload and the most its frame can add. */
function entryBytes(start: number, end: number): number {
  return end - start + MAX_INGEST_HEADER_BYTES;
}

function recordBytes(record: Uint8Array | string): number {
  return typeof record === "string" ? Buffer.byteLength(record) : record.length;
}

function batchRecords(bytes: Uint8Array, start: number, end: number): Buffer[] {
  const reader = new BatchReader();
  reader.reset(bytes, start, end);
  const records: Buffer[] = [];
  while (reader.next() === "record") {
    records.push(Buffer.from(bytes.subarray(reader.start, reader.end)));
  }
  return records;
}
