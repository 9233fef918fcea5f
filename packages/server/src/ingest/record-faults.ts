// SPDX-License-Identifier: Apache-2.0
import { MAX_RECORD_BYTES } from "@sluice/protocol";
import type { RecordFailure } from "../columns/decoder.ts";
import { ServerError } from "../errors.ts";

/** Where a record stands: the offset of its message, and its index if that is a batch. */
export interface RecordPlace {
  readonly offset: number;
  readonly batchIndex: number | undefined;
}

/** A record that the table does not take. */
export function refusedRecord(
  tableName: string,
  place: RecordPlace,
  failure: Pick<RecordFailure, "field" | "message"> | undefined,
): ServerError {
  const field = failure?.field;
  const fieldText = field === undefined ? "" : `, field ${JSON.stringify(field)}`;
  const text = `${textOf(place)}${fieldText}: ${failure?.message ?? "cannot be decoded"}`;
  return new ServerError("invalid_argument", text, {
    table: tableName,
    offset: place.offset,
    ...(field === undefined ? {} : { field }),
  });
}

export function tooLargeRecord(place: RecordPlace, recordBytes: number): ServerError {
  const text = `${textOf(place)}: ${recordBytes} bytes exceed the limit of ${MAX_RECORD_BYTES} bytes per record; split the record`;
  return new ServerError("invalid_argument", text, {
    offset: place.offset,
    limit: MAX_RECORD_BYTES,
  });
}

export function malformedBatch(offset: number): ServerError {
  const text = `offset ${offset}: the batch is not a valid message`;
  return new ServerError("invalid_argument", text, { offset });
}

export function tooManyRecords(tableName: string, offset: number, maxRecords: number): ServerError {
  const text = `offset ${offset}: a batch for table ${tableName} can hold ${maxRecords} records; send smaller batches`;
  return new ServerError("invalid_argument", text, { offset, limit: maxRecords });
}

/** Decoding a message threw, as when memory runs out. */
export function untakenMessage(offset: number, reason: unknown): ServerError {
  const text = reason instanceof Error ? reason.message : String(reason);
  const fault = `offset ${offset}: the server could not take the message (${text}); send it again, in smaller batches`;
  return new ServerError("resource_exhausted", fault, { offset }, reason);
}

function textOf({ offset, batchIndex }: RecordPlace): string {
  const inBatch = batchIndex === undefined ? "" : ` (record ${batchIndex} of its batch)`;
  return `record at offset ${offset}${inBatch}`;
}
