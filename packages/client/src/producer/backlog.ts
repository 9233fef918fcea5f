// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "../core/fifo.ts";
import type { RecordPayload } from "../core/record-payload.ts";
import type { Submission } from "../core/room-queue.ts";

/** One request that is not in an engine: a record, or records that go as one batch. */
export interface BacklogEntry {
  readonly records: readonly RecordPayload[];
  readonly byteCount: number;
  /** Whether the entry's sequence is settled with this request; `false` for all but the last part of a batch. */
  readonly closes: boolean;
  /** Where the records were in the batch they were submitted in; `undefined`: nothing of it is missing. */
  readonly indexes: readonly number[] | undefined;
}

/** Requests of a lane that wait to be handed to an engine, in order. */
export class Backlog {
  #entries = new Fifo<BacklogEntry>();
  byteCount = 0;
  recordCount = 0;

  get length(): number {
    return this.#entries.length;
  }

  peek(): BacklogEntry | undefined {
    return this.#entries.peek();
  }

  push(entry: BacklogEntry): void {
    this.#entries.push(entry);
    this.byteCount += entry.byteCount;
    this.recordCount += entry.records.length;
  }

  shift(): BacklogEntry | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    this.byteCount -= entry.byteCount;
    this.recordCount -= entry.records.length;
    return entry;
  }

  /** Puts entries in front of all others. */
  putBack(entries: readonly BacklogEntry[]): void {
    const rest = this.takeAll();
    for (const entry of entries) this.push(entry);
    for (const entry of rest) this.push(entry);
  }

  takeAll(): BacklogEntry[] {
    const all: BacklogEntry[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) all.push(entry);
    return all;
  }

  /** Cuts the first entry, a batch, in two. */
  divideFirst(): void {
    const entry = this.shift();
    if (entry === undefined) return;
    const { records, closes } = entry;
    const indexes = entry.indexes ?? records.map((_, index) => index);
    const half = records.length >> 1;
    this.putBack([
      makeEntry(records.slice(0, half), false, indexes.slice(0, half)),
      makeEntry(records.slice(half), closes, indexes.slice(half)),
    ]);
  }

  /** Joins the parts of a batch that stand in front into one entry. */
  joinParts(): void {
    if (this.peek()?.closes !== false) return;
    const records: RecordPayload[] = [];
    const indexes: number[] = [];
    let closes = false;
    while (!closes) {
      const part = this.shift();
      if (part === undefined) break;
      records.push(...part.records);
      indexes.push(...(part.indexes ?? []));
      closes = part.closes;
    }
    this.putBack([makeEntry(records, true, indexes)]);
  }
}

export function makeEntry(
  records: readonly RecordPayload[],
  closes: boolean,
  indexes: readonly number[] | undefined,
): BacklogEntry {
  let byteCount = 0;
  for (const record of records) byteCount += payloadBytes(record);
  return { records, byteCount, closes, indexes };
}

/** What an engine takes for the entry. */
export function submissionOf(entry: BacklogEntry): Submission {
  const [first] = entry.records;
  return entry.records.length === 1 && first !== undefined ? first : entry.records;
}

/** An entry of its own memory: bytes belong to the caller or the encoder and may change. */
export function copiedEntry(submission: Submission): BacklogEntry {
  const records =
    typeof submission === "string" || submission instanceof Uint8Array ? [submission] : submission;
  return makeEntry(
    records.map((record) => (typeof record === "string" ? record : Buffer.from(record))),
    true,
    undefined,
  );
}

export function payloadBytes(payload: RecordPayload): number {
  return typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
}
