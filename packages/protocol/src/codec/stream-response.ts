// SPDX-License-Identifier: Apache-2.0
import { bytesField, frameOf, varintField } from "./create-stream.ts";
import { WIRE_LENGTH_DELIMITED, WIRE_VARINT, WireReader } from "./wire.ts";

/** An `EphemeralStreamResponse`. */
export type StreamResponse =
  | { readonly kind: "createStreamResponse"; readonly streamId: string | undefined }
  | { readonly kind: "ack"; readonly upToOffset: number | undefined }
  | { readonly kind: "closeStreamSignal"; readonly durationMs: number }
  | { readonly kind: "empty" };

const FIELD_CREATE_STREAM_RESPONSE = 1;
const FIELD_INGEST_RECORD_RESPONSE = 2;
const FIELD_CLOSE_STREAM_SIGNAL = 3;

/** A framed response with `create_stream_response`. */
export function encodeCreateStreamResponseFrame(streamId: string): Uint8Array {
  return frameOf(bytesField(FIELD_CREATE_STREAM_RESPONSE, bytesField(1, Buffer.from(streamId))));
}

/** A framed response with `ingest_record_response`: everything up to `offset` (0 or more) is durable. */
export function encodeAckFrame(offset: number): Uint8Array {
  return frameOf(bytesField(FIELD_INGEST_RECORD_RESPONSE, varintField(1, offset)));
}

/** A framed response with `close_stream_signal`. */
export function encodeCloseStreamSignalFrame(durationMs: number): Uint8Array {
  const seconds = Math.floor(durationMs / 1000);
  const nanos = Math.round((durationMs - seconds * 1000) * 1_000_000);
  const duration = Buffer.concat([varintField(1, seconds), varintField(2, nanos)]);
  return frameOf(bytesField(FIELD_CLOSE_STREAM_SIGNAL, bytesField(1, duration)));
}

/** Reads a serialized `EphemeralStreamResponse`; `undefined` when it is malformed. */
export function readStreamResponse(
  buffer: Uint8Array,
  start: number,
  end: number,
): StreamResponse | undefined {
  let field = 0;
  let payload: Uint8Array[] = [];
  const valid = walkFields(buffer, start, end, (number, wireType, wire) => {
    const isMember = number >= FIELD_CREATE_STREAM_RESPONSE && number <= FIELD_CLOSE_STREAM_SIGNAL;
    if (!isMember || wireType !== WIRE_LENGTH_DELIMITED) return false;
    if (number !== field) payload = [];
    field = number;
    payload.push(takeBytes(wire));
    return true;
  });
  if (!valid) return undefined;
  const bytes = payload.length === 1 ? (payload[0] as Uint8Array) : Buffer.concat(payload);
  switch (field) {
    case FIELD_CREATE_STREAM_RESPONSE:
      return readCreateStreamResponse(bytes);
    case FIELD_INGEST_RECORD_RESPONSE:
      return readAck(bytes);
    case FIELD_CLOSE_STREAM_SIGNAL:
      return readCloseStreamSignal(bytes);
    default:
      return { kind: "empty" };
  }
}

function readCreateStreamResponse(bytes: Uint8Array): StreamResponse | undefined {
  let streamId: string | undefined;
  const valid = walkFields(bytes, 0, bytes.length, (number, wireType, wire) => {
    if (number !== 1 || wireType !== WIRE_LENGTH_DELIMITED) return false;
    streamId = Buffer.from(takeBytes(wire)).toString("utf8");
    return true;
  });
  return valid ? { kind: "createStreamResponse", streamId } : undefined;
}

function readAck(bytes: Uint8Array): StreamResponse | undefined {
  let upToOffset: number | undefined;
  const valid = walkFields(bytes, 0, bytes.length, (number, wireType, wire) => {
    if (number !== 1 || wireType !== WIRE_VARINT) return false;
    upToOffset = wire.readInt64();
    return true;
  });
  return valid ? { kind: "ack", upToOffset } : undefined;
}

function readCloseStreamSignal(bytes: Uint8Array): StreamResponse | undefined {
  let seconds = 0;
  let nanos = 0;
  const readDuration = (duration: Uint8Array): boolean =>
    walkFields(duration, 0, duration.length, (number, wireType, wire) => {
      if (wireType !== WIRE_VARINT || (number !== 1 && number !== 2)) return false;
      if (number === 1) seconds = wire.readInt64();
      else nanos = wire.readInt64();
      return true;
    });
  let durationValid = true;
  const valid = walkFields(bytes, 0, bytes.length, (number, wireType, wire) => {
    if (number !== 1 || wireType !== WIRE_LENGTH_DELIMITED) return false;
    durationValid = readDuration(takeBytes(wire)) && durationValid;
    return true;
  });
  if (!valid || !durationValid) return undefined;
  return { kind: "closeStreamSignal", durationMs: seconds * 1000 + nanos / 1_000_000 };
}

function takeBytes(wire: WireReader): Uint8Array {
  const length = wire.readLength();
  const bytes = wire.buffer.subarray(wire.position, wire.position + length);
  wire.position += length;
  return bytes;
}

/** Walks the fields of a message; those that `visit` does not take are skipped. False when it is malformed. */
function walkFields(
  buffer: Uint8Array,
  start: number,
  end: number,
  visit: (field: number, wireType: number, wire: WireReader) => boolean,
): boolean {
  const wire = new WireReader();
  wire.reset(buffer, start, end);
  while (wire.position < wire.end && !wire.failed) {
    const tag = wire.readTag();
    if (!visit(Math.floor(tag / 8), tag & 7, wire)) wire.skip(tag & 7);
  }
  return !wire.failed;
}
