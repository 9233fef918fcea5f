// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder } from "@sluice/delta";
import { BatchReader, MAX_RECORD_BYTES } from "@sluice/protocol";
import type { RecordDecoder } from "../columns/decoder.ts";
import type { ServerError } from "../errors.ts";
import type { RowChecks } from "./row-checks.ts";
import {
  malformedBatch,
  refusedRecord,
  tooLargeRecord,
  tooManyRecords,
  untakenMessage,
} from "./record-faults.ts";

export interface LargeBatchOptions {
  readonly tableName: string;
  /** The batch's offset in its stream. */
  readonly offset: number;
  readonly maxRecords: number;
  /** What rows must be beyond their types. */
  readonly checks: RowChecks | undefined;
  /** Called once, when decoding begins: until then the batch takes no memory but its bytes. */
  readonly open: () => LargeBatchRows;
  /** The bytes stay as they are until the batch is done. */
  readonly buffer: Uint8Array;
  /** Where the batch's frame lies in the buffer. */
  readonly frameStart: number;
  readonly frameEnd: number;
  /** Where its records do, in a buffer that may be another one. */
  readonly payload: { readonly buffer: Uint8Array; readonly start: number; readonly end: number };
}

export interface LargeBatchRows {
  /** Empty, and of no other use than this batch. */
  readonly builder: BlockBuilder;
  /** Bound to the builder. */
  readonly decoder: RecordDecoder;
}

/**
 * A batch that would hold up the event loop for long, decoded in slices. Its rows go into a builder of its own: until
 * all of them are there, other streams write to the table, it is committed, and the batch can be dropped without a trace.
 */
export class LargeBatch {
  readonly options: LargeBatchOptions;
  readonly #batch: BatchReader = new BatchReader();
  #rows: LargeBatchRows | undefined;
  #position: number;
  #recordCount = 0;

  constructor(options: LargeBatchOptions) {
    this.options = options;
    this.#position = options.payload.start;
  }

  get byteLength(): number {
    return this.options.frameEnd - this.options.frameStart;
  }

  /** Holds the rows decoded so far. */
  get builder(): BlockBuilder {
    return this.#open().builder;
  }

  /**
   * Decodes some more records.
   * @param maxWork bytes after which to stop, at the end of a record; each value of a row counts as one at least.
   * @returns `done` when all are decoded, or why the batch cannot be taken: the first fault, as if it had been decoded at once.
   */
  resume(maxWork: number): "more" | "done" | ServerError {
    try {
      return this.#decodeSlice(maxWork);
    } catch (reason) {
      return untakenMessage(this.options.offset, reason);
    }
  }

  #open(): LargeBatchRows {
    this.#rows ??= this.options.open();
    return this.#rows;
  }

  #decodeSlice(maxWork: number): "more" | "done" | ServerError {
    const { builder, decoder } = this.#open();
    const { run } = decoder;
    if (run !== undefined) {
      const firstRow = builder.rowCount;
      const from = this.#position;
      const recordCount = this.#recordCount;
      const outcome = this.#decode(run, maxWork);
      if (typeof outcome === "string" && run.finish(firstRow) && this.#isAllowed(firstRow)) {
        return outcome;
      }
      // The fault may be in an earlier record than the one that was refused.
      builder.truncate(firstRow);
      this.#position = from;
      this.#recordCount = recordCount;
    }
    return this.#decode(decoder, maxWork);
  }

  #isAllowed(firstRow: number): boolean {
    const { builder } = this.#open();
    return this.options.checks?.firstBroken(builder, firstRow, builder.rowCount) === undefined;
  }

  #decode(decoder: Pick<RecordDecoder, "decode">, maxWork: number): "more" | "done" | ServerError {
    const { tableName, offset, maxRecords, payload, checks } = this.options;
    const rows = this.#open();
    const { buffer, end } = payload;
    const batch = this.#batch;
    batch.reset(buffer, this.#position, end);
    for (let work = 0; work < maxWork; ) {
      const event = batch.next();
      if (event === "end") return "done";
      if (event === "malformed") return malformedBatch(offset);
      if (this.#recordCount >= maxRecords) return tooManyRecords(tableName, offset, maxRecords);
      const place = { offset, batchIndex: this.#recordCount };
      const recordBytes = batch.end - batch.start;
      if (recordBytes > MAX_RECORD_BYTES) return tooLargeRecord(place, recordBytes);
      if (!decoder.decode(buffer, batch.start, batch.end)) {
        return refusedRecord(tableName, place, rows.decoder.failure);
      }
      const { rowCount } = rows.builder;
      const broken =
        decoder === rows.decoder
          ? checks?.firstBroken(rows.builder, rowCount - 1, rowCount)
          : undefined;
      if (broken !== undefined) return refusedRecord(tableName, place, broken);
      this.#recordCount++;
      work += Math.max(batch.end - this.#position, rows.builder.columns.length);
      this.#position = batch.end;
    }
    return "more";
  }
}
