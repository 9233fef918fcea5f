// SPDX-License-Identifier: Apache-2.0
import { FRAME_HEADER_BYTES } from "./frame-scanner.ts";
import {
  WIRE_LENGTH_DELIMITED,
  WIRE_VARINT,
  WireReader,
  varintByteLength,
  writeVarint,
} from "./wire.ts";

/** A `CreateIngestStreamRequest`. A field that was not on the wire is `undefined`. */
export interface CreateStreamRequest {
  readonly tableName?: string | undefined;
  /** Serialized `google.protobuf.DescriptorProto` of the root message. */
  readonly descriptorProto?: Uint8Array | undefined;
  /** A `RECORD_TYPE` value; others can occur. */
  readonly recordType?: number | undefined;
  readonly avroSchemaJson?: string | undefined;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a serialized `CreateIngestStreamRequest`; `undefined` when it is malformed. */
export function readCreateStream(
  buffer: Uint8Array,
  start: number,
  end: number,
): CreateStreamRequest | undefined {
  const wire = new WireReader();
  wire.reset(buffer, start, end);
  const request: { -readonly [Key in keyof CreateStreamRequest]: CreateStreamRequest[Key] } = {};
  while (wire.position < wire.end && !wire.failed) {
    const tag = wire.readTag();
    const field = Math.floor(tag / 8);
    const wireType = tag & 7;
    if (wireType === WIRE_LENGTH_DELIMITED && (field === 1 || field === 3 || field === 5)) {
      const length = wire.readLength();
      const bytes = buffer.subarray(wire.position, wire.position + length);
      wire.position += length;
      if (field === 3) {
        request.descriptorProto = bytes;
        continue;
      }
      const text = decodeUtf8(bytes);
      if (text === undefined) return undefined;
      if (field === 1) request.tableName = text;
      else request.avroSchemaJson = text;
    } else if (wireType === WIRE_VARINT && field === 4) {
      request.recordType = wire.readInt64() | 0;
    } else {
      wire.skip(wireType);
    }
  }
  return wire.failed ? undefined : request;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A framed `EphemeralStreamRequest` with `create_stream`. */
export function encodeCreateStreamFrame(request: CreateStreamRequest): Uint8Array {
  const fields: Uint8Array[] = [];
  if (request.tableName !== undefined) fields.push(bytesField(1, Buffer.from(request.tableName)));
  if (request.descriptorProto !== undefined) fields.push(bytesField(3, request.descriptorProto));
  if (request.recordType !== undefined) fields.push(varintField(4, request.recordType));
  if (request.avroSchemaJson !== undefined) {
    fields.push(bytesField(5, Buffer.from(request.avroSchemaJson)));
  }
  return frameOf(bytesField(1, Buffer.concat(fields)));
}

/** A length-delimited field. */
export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(1 + varintByteLength(bytes.length) + bytes.length);
  target[0] = (field << 3) | WIRE_LENGTH_DELIMITED;
  target.set(bytes, writeVarint(target, 1, bytes.length));
  return target;
}

/** A varint field; `value` is a non-negative safe integer. */
export function varintField(field: number, value: number): Uint8Array {
  const target = new Uint8Array(1 + varintByteLength(value));
  target[0] = (field << 3) | WIRE_VARINT;
  writeVarint(target, 1, value);
  return target;
}

/** A gRPC frame around a message. */
export function frameOf(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, FRAME_HEADER_BYTES);
  return frame;
}
