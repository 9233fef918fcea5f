// SPDX-License-Identifier: Apache-2.0
import type { Log, LogReader } from "@sluice/log";
import type { Clock, Timer } from "../core/clock.ts";
import { Fifo } from "../core/fifo.ts";
import { integerInRange } from "../core/settings.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { SpoolDepth, SpooledRecord } from "../producer/spool.ts";
import type { OpenedSpool } from "./opened-spool.ts";
import { RecordTail } from "./record-tail.ts";
import type { SegmentLedger } from "./segment-ledger.ts";
import { ENTRY_HEADER_BYTES, readEntryHeader, writeEntryHeader } from "./spool-entry.ts";
import { spoolClosedError, spoolError } from "./spool-errors.ts";
import type { SpoolDrop, SpoolSettings } from "./spool-options.ts";
import { SPOOL_TRANSITIONS, type SpoolState } from "./spool-state.ts";
import { WaitingAppends } from "./waiting-appends.ts";

const MAX_SLOT = 65_535;
/** Bytes read from disk at once by a reader that lags behind what is in memory. */
const READ_BYTES = 1024 * 1024;
const EMPTY = new Uint8Array(0);

interface PendingAppend {
  readonly position: number;
  readonly sequence: number;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: ZerobusError) => void;
}

export interface DurableSpoolOptions {
  readonly log: Log;
  /** What opening the log found. */
  readonly ledger: SegmentLedger;
  readonly settings: SpoolSettings;
  readonly clock: Clock;
  readonly onDropped: ((drop: SpoolDrop) => void) | undefined;
  /** Bytes that an entry takes in the log beside its own. */
  readonly entryOverheadBytes: number;
}

/** A spool over an open log. It owns every promise it hands out: closing or failing settles them all. */
export class DurableSpool implements OpenedSpool {
  readonly #options: DurableSpoolOptions;
  readonly #log: Log;
  readonly #ledger: SegmentLedger;
  readonly #tail: RecordTail;
  readonly #pending = new Fifo<PendingAppend>();
  readonly #waiting: WaitingAppends;
  readonly #header = Buffer.alloc(ENTRY_HEADER_BYTES);
  #state: SpoolState = "open";
  #failure: ZerobusError | undefined;
  /** Every record in front of this one is durable. */
  #durableSequence: number;
  #notedSequence: number;
  #noteTimer: Timer | undefined;
  /** Position up to which the log may be trimmed as soon as it is durable that far. */
  #freePosition = 0;
  #droppedRecords = 0;
  #closing: Promise<void> | undefined;

  constructor(options: DurableSpoolOptions) {
    const { log, ledger, settings } = options;
    this.#options = options;
    this.#log = log;
    this.#ledger = ledger;
    this.#tail = new RecordTail(settings.maxTailBytes, ledger.nextSequence);
    this.#waiting = new WaitingAppends(settings.maxWaitingAppends);
    this.#durableSequence = ledger.nextSequence;
    this.#notedSequence = ledger.firstSequence;
    log.onDurable((position) => this.#noteDurable(position));
    log.onDrain(() => this.#admit());
    log.onFailure((error) => this.#fail(spoolError(error, settings.directory)));
  }

  get firstSequence(): number {
    return this.#ledger.firstSequence;
  }

  get nextSequence(): number {
    return this.#ledger.nextSequence;
  }

  get depth(): SpoolDepth {
    return { records: this.#ledger.recordCount, bytes: this.#ledger.recordBytes };
  }

  get droppedRecords(): number {
    return this.#droppedRecords;
  }

  append(record: Uint8Array, slot: number): Promise<number> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    try {
      checkRecord(record, slot, this.#options.settings.maxRecordBytes);
      if (this.#waiting.count > 0 || this.#isDiskBehind()) return this.#waiting.wait(record, slot);
      if (!this.#makeRoom(record.byteLength)) {
        if (this.#options.settings.whenFull === "block") return this.#waiting.wait(record, slot);
        return Promise.reject(this.#fullError());
      }
      return new Promise<number>((resolve, reject) => this.#take(record, slot, resolve, reject));
    } catch (error) {
      return Promise.reject(spoolError(error, this.#options.settings.directory));
    }
  }

  async *read(fromSequence: number): AsyncGenerator<SpooledRecord, void, void> {
    let next = integerInRange("fromSequence", fromSequence, 0, Number.MAX_SAFE_INTEGER);
    let reader: LogReader | undefined;
    for (;;) {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      next = Math.max(next, this.firstSequence);
      if (next >= this.#durableSequence) return;
      const record = this.#tail.get(next);
      if (record !== undefined) {
        next += 1;
        yield record;
        continue;
      }
      reader ??= this.#log.reader(this.#ledger.positionBefore(next));
      const chunk = await this.#readChunk(reader);
      if (chunk.length === 0 && next >= this.firstSequence) throw this.#missingError(next);
      for (const found of chunk) {
        // Copies that a crash cut short, and what was trimmed meanwhile, are passed over.
        if (found.sequence !== Math.max(next, this.firstSequence)) continue;
        next = found.sequence + 1;
        yield found;
      }
    }
  }

  trim(sequence: number): void {
    const through = integerInRange("sequence", sequence, 0, Number.MAX_SAFE_INTEGER);
    // What a full spool dropped may not have been durable yet.
    if (through > Math.max(this.#durableSequence, this.firstSequence)) {
      throw new ZerobusError(
        "invalid_argument",
        `The spool cannot be trimmed up to ${through}; it is durable up to ${this.#durableSequence}`,
      );
    }
    if (this.#state !== "open" || through <= this.firstSequence) return;
    this.#settle(through);
    this.#admit();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#noteSettled();
    this.#state = SPOOL_TRANSITIONS[this.#state].close;
    this.#noteTimer?.cancel();
    this.#waiting.rejectAll(this.#failure ?? spoolClosedError());
    try {
      await this.#log.close();
    } catch (error) {
      throw spoolError(error, this.#options.settings.directory);
    } finally {
      this.#rejectPending(this.#failure ?? spoolClosedError());
      this.#state = SPOOL_TRANSITIONS[this.#state].release;
    }
  }

  #refusal(): ZerobusError | undefined {
    if (this.#state === "open") return undefined;
    return this.#failure ?? spoolClosedError();
  }

  /** A spool that fails keeps the promises of none, whichever way it fails. */
  #fail(error: ZerobusError): void {
    this.#failure ??= error;
    this.#state = SPOOL_TRANSITIONS[this.#state].fail;
    this.#noteTimer?.cancel();
    this.#waiting.rejectAll(this.#failure);
    this.#rejectPending(this.#failure);
  }

  #rejectPending(error: ZerobusError): void {
    let append = this.#pending.shift();
    for (; append !== undefined; append = this.#pending.shift()) append.reject(error);
  }

  #isDiskBehind(): boolean {
    return this.#log.stagedBytes >= this.#log.maxStagedBytes;
  }

  #fullError(): ZerobusError {
    const { records, bytes } = this.depth;
    return new ZerobusError(
      "resource_exhausted",
      `The spool in ${this.#options.settings.directory} is full with ${records} records of ${bytes} bytes; wait until some are delivered or raise maxBytes`,
    );
  }

  #missingError(sequence: number): ZerobusError {
    return new ZerobusError(
      "data_loss",
      `Record ${sequence} of the spool in ${this.#options.settings.directory} is missing from its files; keep the directory to look into`,
      { retryable: false },
    );
  }

  /** Whether a record fits, after dropping older ones where that is what a full spool does. */
  #makeRoom(recordBytes: number): boolean {
    const { settings } = this.#options;
    const segmentIndex = this.#log.reserve(ENTRY_HEADER_BYTES + recordBytes);
    while (this.#ledger.segmentCountUpTo(segmentIndex) > settings.maxSegmentCount) {
      if (settings.whenFull !== "dropOldest" || !this.#dropOldest()) return false;
    }
    return true;
  }

  #dropOldest(): boolean {
    const { firstSequence, depth } = this;
    const until = this.#ledger.secondSegmentSequence;
    if (until === undefined) return false;
    this.#settle(until);
    const drop = {
      firstSequence,
      recordCount: this.firstSequence - firstSequence,
      recordBytes: depth.bytes - this.depth.bytes,
    };
    this.#droppedRecords += drop.recordCount;
    if (drop.recordCount > 0) tellDrop(this.#options.onDropped, drop);
    return true;
  }

  /** Appends a record that fits. */
  #take(
    record: Uint8Array,
    slot: number,
    resolve: (sequence: number) => void,
    reject: (error: ZerobusError) => void,
  ): void {
    const log = this.#log;
    const sequence = this.#ledger.nextSequence;
    writeEntryHeader(this.#header, "record", sequence, slot);
    const end = log.appendParts(this.#header, ENTRY_HEADER_BYTES, record, 0, record.byteLength);
    const entryBytes = ENTRY_HEADER_BYTES + record.byteLength + this.#options.entryOverheadBytes;
    this.#ledger.addRecord(log.segmentIndex, end - entryBytes, end, record.byteLength);
    this.#tail.push(sequence, slot, record);
    this.#pending.push({ position: end, sequence, resolve, reject });
  }

  #admit(): void {
    try {
      while (this.#waiting.next !== undefined && this.#state === "open" && !this.#isDiskBehind()) {
        if (!this.#makeRoom(this.#waiting.next.record.byteLength)) {
          if (this.#options.settings.whenFull === "block") return;
          this.#waiting.shift()?.reject(this.#fullError());
          continue;
        }
        const { record, slot, resolve, reject } = this.#waiting.next;
        this.#take(record, slot, resolve, reject);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#fail(spoolError(error, this.#options.settings.directory));
    }
  }

  #noteDurable(position: number): void {
    let append = this.#pending.peek();
    while (append !== undefined && append.position <= position) {
      this.#pending.shift();
      this.#durableSequence = append.sequence + 1;
      append.resolve(append.sequence);
      append = this.#pending.peek();
    }
    if (this.#freePosition > 0) this.#trimLog();
  }

  #settle(sequence: number): void {
    const freePosition = this.#ledger.settle(sequence);
    this.#tail.dropBefore(this.firstSequence);
    if (freePosition !== undefined) {
      this.#freePosition = freePosition;
      this.#trimLog();
    }
    this.#noteTimer ??= this.#options.clock.startTimer(
      this.#options.settings.settledNoteIntervalMs,
      () => this.#noteSettled(),
    );
  }

  #trimLog(): void {
    if (this.#freePosition > this.#log.durablePosition) return;
    // A trim that fails is a failure of the log, which tells it to its listener.
    this.#log.trim(this.#freePosition).catch(() => undefined);
    this.#freePosition = 0;
  }

  /** Writes down what is settled, for the next start. */
  #noteSettled(): void {
    this.#noteTimer?.cancel();
    this.#noteTimer = undefined;
    if (this.#state !== "open" || this.#notedSequence === this.firstSequence) return;
    try {
      const log = this.#log;
      writeEntryHeader(this.#header, "settled", this.firstSequence);
      const end = log.appendParts(this.#header, ENTRY_HEADER_BYTES, EMPTY, 0, 0);
      const entryBytes = ENTRY_HEADER_BYTES + this.#options.entryOverheadBytes;
      this.#ledger.addNote(log.segmentIndex, end - entryBytes, end);
      this.#notedSequence = this.firstSequence;
    } catch (error) {
      this.#fail(spoolError(error, this.#options.settings.directory));
    }
  }

  /** The next records on disk; none only at the durable end. */
  async #readChunk(reader: LogReader): Promise<SpooledRecord[]> {
    const records: SpooledRecord[] = [];
    try {
      while (records.length === 0) {
        const entries = await reader.next(READ_BYTES);
        if (entries.length === 0) break;
        for (const { bytes } of entries) {
          const header = readEntryHeader(bytes);
          if (header?.kind !== "record") continue;
          const { sequence, slot } = header;
          records.push({ sequence, slot, record: bytes.subarray(ENTRY_HEADER_BYTES) });
        }
      }
      return records;
    } catch (error) {
      throw this.#refusal() ?? spoolError(error, this.#options.settings.directory);
    }
  }
}

/** A listener that throws must not fail the append that came after the drop; the drop is counted all the same. */
function tellDrop(listener: ((drop: SpoolDrop) => void) | undefined, drop: SpoolDrop): void {
  try {
    listener?.(drop);
  } catch {
    return;
  }
}

function checkRecord(record: Uint8Array, slot: number, maxRecordBytes: number): void {
  if (!(record instanceof Uint8Array)) {
    throw new ZerobusError("invalid_argument", "A spooled record must be bytes");
  }
  if (record.byteLength > maxRecordBytes) {
    throw new ZerobusError(
      "invalid_argument",
      `The record has ${record.byteLength} bytes; the spool takes up to ${maxRecordBytes}`,
    );
  }
  integerInRange("slot", slot, 0, MAX_SLOT);
}
