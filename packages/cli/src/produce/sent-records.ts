// SPDX-License-Identifier: Apache-2.0
import type { InvalidRecord, Producer } from "@sluice/client";
import type { EncodedRecord } from "./record-encoding.ts";

/** Remembers which line of the input a record is from, until it is settled. */
export interface SentRecords {
  /** @returns what waits until the records are settled. Rejects with why they cannot be sent. */
  submit(
    producer: Producer<EncodedRecord>,
    records: readonly EncodedRecord[],
  ): Promise<() => Promise<void>>;
  /** The line of a record that the server refused. */
  lineOf(invalid: InvalidRecord): number | undefined;
  /** Everything up to and including `offset` is settled. */
  settled(offset: bigint): void;
  /** The line of the oldest record on its way. */
  readonly oldestLine: number | undefined;
}

/** Records that go straight to the server: the batches on their way are in memory in any case. */
export function sentBatches(): SentRecords {
  const batches = new Set<readonly EncodedRecord[]>();
  return {
    async submit(producer, records) {
      batches.add(records);
      try {
        const ticket = await producer.submitBatch(records);
        const settled = ticket.ack().finally(() => batches.delete(records));
        settled.catch(() => undefined);
        return () => settled;
      } catch (reason) {
        batches.delete(records);
        throw reason;
      }
    },
    lineOf({ record }) {
      for (const batch of batches) {
        const found = batch.find(({ payload }) => isSame(payload, record));
        if (found !== undefined) return lineOrNone(found.line);
      }
      return undefined;
    },
    settled() {
      // Tickets tell.
    },
    get oldestLine() {
      const [first] = batches;
      return lineOrNone(first?.[0]?.line);
    },
  };
}

/** Lines remembered of records in a spool, which may hold more than memory does. */
const MAX_KNOWN_LINES = 1_000_000;

/** Records that go through a spool: their lines, by their places in it. */
export function spooledRecords(): SentRecords {
  const lines = new Map<number, number>();
  return {
    async submit(producer, records) {
      const ticket = await producer.submitBatch(records);
      // Nobody else appends to the spool.
      const first = Number(ticket.offset) - records.length + 1;
      for (const [index, { line }] of records.entries()) {
        if (lines.size < MAX_KNOWN_LINES) lines.set(first + index, line);
      }
      return () => ticket.ack();
    },
    lineOf: ({ offset }) => lineOrNone(lines.get(Number(offset))),
    settled(offset) {
      for (const sequence of lines.keys()) {
        if (sequence > offset) return;
        lines.delete(sequence);
      }
    },
    get oldestLine() {
      return lineOrNone(lines.values().next().value);
    },
  };
}

function lineOrNone(line: number | undefined): number | undefined {
  return line === 0 ? undefined : line;
}

function isSame(payload: string | Uint8Array, bytes: Uint8Array): boolean {
  if (typeof payload !== "string") return Buffer.compare(payload, bytes) === 0;
  return payload.length <= bytes.length && Buffer.compare(Buffer.from(payload), bytes) === 0;
}
