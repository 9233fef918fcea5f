// SPDX-License-Identifier: Apache-2.0
import { MAX_INGEST_PAYLOAD_BYTES, type WritableFormat } from "@sluice/protocol";
import { ZerobusError } from "./zerobus-error.ts";

/** Text of a JSON record, or bytes of a protobuf record. */
export type RecordPayload = string | Uint8Array;

interface MessageType {
  readonly encode: (message: unknown) => { finish: () => Uint8Array };
}

/**
 * Makes a payload of what a caller may pass: bytes are a protobuf record; text is a JSON record, not looked into; an
 * object whose class has a static `encode(...).finish()`, as protobufjs classes do, is a protobuf record; any other
 * object is a JSON record.
 * @throws ZerobusError `invalid_argument`; TypeError of `JSON.stringify` for a bigint or a cycle
 */
export function toPayload(record: unknown): RecordPayload {
  if (typeof record === "string" || record instanceof Uint8Array) return record;
  if (typeof record !== "object" || record === null) throw unusable();
  const type = record.constructor as unknown as Partial<MessageType> | undefined;
  if (typeof type?.encode === "function") return type.encode(record).finish();
  const text = JSON.stringify(record) as string | undefined;
  if (text === undefined) throw unusable();
  return text;
}

/** Checks that a payload is of the stream's format. */
export function checkFormat(payload: RecordPayload, format: WritableFormat): void {
  if ((typeof payload === "string") !== (format === "json")) {
    throw new ZerobusError(
      "invalid_argument",
      "Invalid argument: Record type does not match stream configuration.",
    );
  }
}

/** Checks one record against the limit of one ingest call. */
export function checkPayloadBytes(payload: RecordPayload): void {
  if (typeof payload === "string" && payload.length * 3 <= MAX_INGEST_PAYLOAD_BYTES) return;
  refuseOver(payloadBytes(payload));
}

/** Checks a batch against the limit of one ingest call. */
export function checkBatchBytes(payloads: readonly RecordPayload[]): void {
  let total = 0;
  for (const payload of payloads) total += payloadBytes(payload);
  refuseOver(total);
}

function payloadBytes(payload: RecordPayload): number {
  return typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
}

function refuseOver(byteCount: number): void {
  if (byteCount <= MAX_INGEST_PAYLOAD_BYTES) return;
  throw new ZerobusError(
    "invalid_argument",
    `Ingest payload too large: ${byteCount} bytes exceeds the configured limit of ${MAX_INGEST_PAYLOAD_BYTES} bytes.`,
  );
}

function unusable(): ZerobusError {
  return new ZerobusError(
    "invalid_argument",
    "Payload must be a Buffer, string, protobuf message object, or plain JavaScript object",
  );
}
