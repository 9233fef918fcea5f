// SPDX-License-Identifier: Apache-2.0
import type { SpooledRecord } from "../producer/spool.ts";

/** What a record in memory costs beside its bytes, roughly. */
const RECORD_OVERHEAD_BYTES = 160;

/** The newest records in memory, without a gap, for readers that follow closely. Bounded in bytes. */
export class RecordTail {
  readonly #maxBytes: number;
  #records: (SpooledRecord | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #firstSequence: number;

  constructor(maxBytes: number, nextSequence: number) {
    this.#maxBytes = maxBytes;
    this.#firstSequence = nextSequence;
  }

  /** Everything from here on is in memory. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  get(sequence: number): SpooledRecord | undefined {
    if (sequence < this.#firstSequence) return undefined;
    return this.#records[this.#head + sequence - this.#firstSequence];
  }

  /** Adds a copy of the next record. */
  push(sequence: number, slot: number, record: Uint8Array): void {
    this.#bytes += record.byteLength + RECORD_OVERHEAD_BYTES;
    this.#records.push({ sequence, slot, record: Buffer.from(record) });
    while (this.#bytes > this.#maxBytes && this.#head < this.#records.length) this.#dropOne();
  }

  dropBefore(sequence: number): void {
    while (this.#firstSequence < sequence && this.#head < this.#records.length) this.#dropOne();
  }

  #dropOne(): void {
    const byteLength = this.#records[this.#head]?.record.byteLength ?? 0;
    this.#bytes -= byteLength + RECORD_OVERHEAD_BYTES;
    this.#records[this.#head] = undefined;
    this.#head += 1;
    this.#firstSequence += 1;
    if (this.#head >= 1024 && this.#head * 2 >= this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }
}
