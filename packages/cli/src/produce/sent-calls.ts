// SPDX-License-Identifier: Apache-2.0
import type { EncodedRecord } from "./record-encoding.ts";

/** The batches that were handed to the producer and are not settled, oldest first. */
export class SentCalls {
  readonly #calls = new Set<readonly EncodedRecord[]>();
  readonly #refusals = new WeakSet<object>();

  add(records: readonly EncodedRecord[]): void {
    this.#calls.add(records);
  }

  settle(records: readonly EncodedRecord[]): void {
    this.#calls.delete(records);
  }

  /** Notes why a record was refused. */
  addRefusal(reason: object): void {
    this.#refusals.add(reason);
  }

  /** Whether a call failed for a record that was refused, not for want of an acknowledgement. */
  isRefusal(reason: unknown): boolean {
    return typeof reason === "object" && reason !== null && this.#refusals.has(reason);
  }

  /** The line of the oldest record on its way that was encoded like this. */
  lineOf(payload: Uint8Array): number | undefined {
    for (const records of this.#calls) {
      for (const record of records) {
        if (isSame(record.payload, payload)) return record.line === 0 ? undefined : record.line;
      }
    }
    return undefined;
  }

  /** The line of the oldest record on its way. */
  get oldestLine(): number | undefined {
    const [first] = this.#calls;
    const line = first?.[0]?.line ?? 0;
    return line === 0 ? undefined : line;
  }
}

function isSame(payload: string | Uint8Array, bytes: Uint8Array): boolean {
  if (typeof payload !== "string") return Buffer.compare(payload, bytes) === 0;
  return payload.length <= bytes.length && Buffer.compare(Buffer.from(payload), bytes) === 0;
}
