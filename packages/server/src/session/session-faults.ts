// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";

export function shuttingDown(): ServerError {
  return new ServerError("unavailable", "the server is shutting down; reconnect");
}

/** The table has changed so that the rows of a large batch cannot be used. */
export function overtakenBatch(streamId: string): ServerError {
  const message =
    "the table was changed while a large batch was being taken; reconnect and send it again";
  return new ServerError("unavailable", message, { streamId });
}

export function failedLog(streamId: string, reason: Error): ServerError {
  const message = `the server's log cannot be written (${reason.message}); records that were not acknowledged may not be stored. The server takes no writes until it is restarted`;
  return new ServerError("unavailable", message, { streamId }, reason);
}

/** Taking records threw. */
export function untakenRecords(streamId: string, reason: unknown): ServerError {
  const text = reason instanceof Error ? reason.message : String(reason);
  const message = `the server could not take the records behind the last acknowledged one (${text}); send them again`;
  return new ServerError("unavailable", message, { streamId }, reason);
}

/** The first message is not one that opens a stream. */
export function badFirstMessage(isCreate: boolean): ServerError {
  const text = isCreate
    ? "create_stream is not a valid CreateIngestStreamRequest"
    : "first message must be CreateStream";
  return new ServerError("invalid_argument", text);
}
