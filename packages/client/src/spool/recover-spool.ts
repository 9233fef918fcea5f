// SPDX-License-Identifier: Apache-2.0
import type { Log } from "@sluice/log";
import { ZerobusError } from "../core/zerobus-error.ts";
import { SegmentLedger } from "./segment-ledger.ts";
import {
  ENTRY_HEADER_BYTES,
  readEntryHeader,
  type SpoolEntry,
  type SpoolEntryKind,
  writeEntryHeader,
} from "./spool-entry.ts";
import type { SpoolSettings } from "./spool-options.ts";

const REWRITE_READ_BYTES = 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** Reads what an earlier process left in the log. @throws ZerobusError `data_loss` */
export async function recoverLedger(
  log: Log,
  directory: string,
  entryOverheadBytes: number,
): Promise<SegmentLedger> {
  let ledger = new SegmentLedger(0);
  let copy: SegmentLedger | undefined;
  let isEmpty = true;
  let settledSequence = 0;
  await log.replay(0, (entry, position, segmentIndex) => {
    const header = readEntryHeader(entry);
    if (header === undefined) throw damaged(directory, `the entry at position ${position}`);
    const start = position - entry.byteLength - entryOverheadBytes;
    const { kind, sequence } = header;
    if (kind === "settled") {
      settledSequence = Math.max(settledSequence, sequence);
    } else if (kind === "copyBegin") {
      copy = new SegmentLedger(sequence);
    } else if (kind === "copyEnd" && copy !== undefined) {
      if (copy.nextSequence === sequence) ledger = copy;
      copy = undefined;
      isEmpty = false;
    }
    if (kind !== "record") {
      ledger.addNote(segmentIndex, start, position);
      return;
    }
    // Copies whose beginning was trimmed stand for originals that were trimmed before.
    const target = header.isCopy && copy !== undefined ? copy : ledger;
    if (isEmpty && target === ledger) ledger.startAt(sequence);
    if (target === ledger) isEmpty = false;
    if (sequence !== target.nextSequence) {
      throw damaged(directory, `record ${target.nextSequence}, in front of record ${sequence},`);
    }
    const recordBytes = entry.byteLength - ENTRY_HEADER_BYTES;
    target.addRecord(segmentIndex, start, position, recordBytes);
  });
  // The records in front of the note may be gone with their segments.
  if (settledSequence > ledger.nextSequence) ledger.startAt(settledSequence);
  ledger.settle(settledSequence);
  return ledger;
}

/**
 * Each start continues in a segment of its own. Where starts have left little in many segments, the records are copied
 * together, so that a process that is restarted over and over does not fill the spool with empty space.
 * @returns the ledger in force afterwards
 */
export async function rewriteSparse(
  log: Log,
  ledger: SegmentLedger,
  settings: SpoolSettings,
  entryOverheadBytes: number,
): Promise<SegmentLedger> {
  if (ledger.recordCount === 0) return ledger;
  const heldCount = ledger.segmentCountUpTo(log.segmentIndex);
  const overheadBytes = ledger.recordCount * (ENTRY_HEADER_BYTES + entryOverheadBytes);
  const copiedBytes = ledger.recordBytes + overheadBytes;
  const isSparse = copiedBytes <= (settings.maxSegmentCount / 4) * settings.segmentBytes;
  if (heldCount <= settings.maxSegmentCount / 2 || !isSparse) return ledger;
  const rewrite = new Rewrite(log, ledger, settings.directory, entryOverheadBytes);
  await rewrite.run();
  return rewrite.copy;
}

class Rewrite {
  readonly copy: SegmentLedger;
  readonly #log: Log;
  readonly #ledger: SegmentLedger;
  readonly #directory: string;
  readonly #entryOverheadBytes: number;
  readonly #header = Buffer.alloc(ENTRY_HEADER_BYTES);

  constructor(log: Log, ledger: SegmentLedger, directory: string, entryOverheadBytes: number) {
    this.#directory = directory;
    this.#log = log;
    this.#ledger = ledger;
    this.#entryOverheadBytes = entryOverheadBytes;
    this.copy = new SegmentLedger(ledger.firstSequence);
  }

  async run(): Promise<void> {
    const { firstSequence, nextSequence } = this.#ledger;
    this.#append("copyBegin", firstSequence, EMPTY);
    const reader = this.#log.reader(this.#ledger.positionBefore(firstSequence));
    while (this.copy.nextSequence < nextSequence) {
      const entries = await reader.next(REWRITE_READ_BYTES);
      if (entries.length === 0) {
        throw damaged(this.#directory, `record ${this.copy.nextSequence}`);
      }
      for (const { bytes } of entries) {
        const header = readEntryHeader(bytes);
        if (header?.sequence !== this.copy.nextSequence || header.kind !== "record") continue;
        if (header.sequence < nextSequence) this.#copyRecord(header, bytes);
      }
      await this.#log.sync();
    }
    this.#append("copyEnd", nextSequence, EMPTY);
    await this.#log.sync();
  }

  #copyRecord({ sequence, slot }: SpoolEntry, bytes: Uint8Array): void {
    const recordBytes = bytes.byteLength - ENTRY_HEADER_BYTES;
    const body = bytes.subarray(ENTRY_HEADER_BYTES);
    const [start, end] = this.#append("record", sequence, body, slot);
    this.copy.addRecord(this.#log.segmentIndex, start, end, recordBytes);
  }

  #append(kind: SpoolEntryKind, sequence: number, body: Uint8Array, slot = 0): [number, number] {
    writeEntryHeader(this.#header, kind, sequence, slot, kind === "record");
    const { byteLength } = body;
    const end = this.#log.appendParts(this.#header, ENTRY_HEADER_BYTES, body, 0, byteLength);
    const start = end - ENTRY_HEADER_BYTES - byteLength - this.#entryOverheadBytes;
    if (kind !== "record") this.copy.addNote(this.#log.segmentIndex, start, end);
    return [start, end];
  }
}

function damaged(directory: string, what: string): ZerobusError {
  return new ZerobusError(
    "data_loss",
    `In the spool in ${directory}, ${what} is missing or damaged; move the directory away to start an empty spool, and keep it to look into`,
    { retryable: false },
  );
}
