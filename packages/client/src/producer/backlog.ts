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
}

/** Requests of a lane that wait to be handed to an engine, in order. */
export class Backlog {
  #entries = new Fifo<BacklogEntry>();
  byteCount = 0;

  get length(): number {
    return this.#entries.length;
  }

  peek(): BacklogEntry | undefined {
    return this.#entries.peek();
  }

  push(entry: BacklogEntry): void {
    this.#entries.push(entry);
    this.byteCount += entry.byteCount;
  }

  shift(): BacklogEntry | undefined {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.byteCount -= entry.byteCount;
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
    const half = entry.records.length >> 1;
    this.putBack([
      makeEntry(entry.records.slice(0, half), false),
      makeEntry(entry.records.slice(half), entry.closes),
    ]);
  }

  /** Joins the parts of a batch that stand in front into one entry. */
  joinParts(): void {
    if (this.peek()?.closes !== false) return;
    const records: RecordPayload[] = [];
    let closes = false;
    while (!closes) {
      const part = this.shift();
      if (part === undefined) break;
      records.push(...part.records);
      closes = part.closes;
    }
    this.putBack([makeEntry(records, true)]);
  }
}

export function makeEntry(records: readonly RecordPayload[], closes: boolean): BacklogEntry {
  let byteCount = 0;
  for (const record of records) byteCount += payloadBytes(record);
  return { records, byteCount, closes };
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
  );
}

export function payloadBytes(payload: RecordPayload): number {
  return typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
}
