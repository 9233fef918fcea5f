// SPDX-License-Identifier: Apache-2.0
import type { RecordFormat } from "./record-type.ts";
import { WIRE_LENGTH_DELIMITED, WIRE_VARINT, WireReader } from "./wire.ts";

/** Which member of the request's `payload` oneof is set. */
export type RequestKind = "createStream" | "record" | "batch" | "empty";

const FIELD_CREATE_STREAM = 1;
const FIELD_INGEST_RECORD = 2;
const FIELD_INGEST_RECORD_BATCH = 3;
const FIELD_OFFSET_ID = 1;

const KIND_BY_FIELD: Readonly<Record<number, RequestKind>> = {
  [FIELD_CREATE_STREAM]: "createStream",
  [FIELD_INGEST_RECORD]: "record",
  [FIELD_INGEST_RECORD_BATCH]: "batch",
};

/** Member numbers of the `record` and `batch` oneofs, which agree. */
const FORMAT_BY_FIELD: Readonly<Record<number, RecordFormat>> = {
  2: "proto",
  3: "json",
  4: "avro",
};

/**
 * Reads the envelope of an `EphemeralStreamRequest` in place. The fields describe the message read last; nothing is
 * allocated for a message in the layout that encoders produce. Any other valid layout (unknown fields, fields out of
 * order or repeated) is read too, by the slower way, with protobuf's rules: the last scalar wins, repeated submessages
 * are merged, a oneof keeps its last member.
 */
export class IngestReader {
  kind: RequestKind = "empty";
  /** Encoding of the payload; `undefined` when the message carries none. */
  format: RecordFormat | undefined = undefined;
  /** `offset_id`, exact within 2^53. */
  offsetId = 0;
  hasOffsetId = false;
  /**
   * The payload: the record, or the serialized inner batch message, or the serialized `CreateIngestStreamRequest`.
   * Lies in the buffer given to {@link IngestReader.read}, except for merged submessages.
   */
  buffer: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  readonly #wire: WireReader = new WireReader();

  /** Reads the message in `buffer[start, end)`. Returns false when it is not a valid message. */
  read(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#readCanonical(buffer, start, end) || this.#readAny(buffer, start, end);
  }

  /** The layout of encoders for ingest messages: one field, which fills the message; offset, then payload. */
  #readCanonical(buffer: Uint8Array, start: number, end: number): boolean {
    const tag = buffer[start];
    if (tag !== 0x12 && tag !== 0x1a) return false;
    const wire = this.#wire;
    wire.reset(buffer, start + 1, end);
    if (wire.readVarint() !== end - wire.position || wire.failed) return false;
    if (buffer[wire.position] !== 0x08 || wire.position >= end) return false;
    wire.position++;
    const offsetId = wire.readVarint();
    const format = formatOfTag(wire.position < end ? (buffer[wire.position] as number) : 0);
    if (format === undefined || offsetId > Number.MAX_SAFE_INTEGER) return false;
    wire.position++;
    if (wire.readVarint() !== end - wire.position || wire.failed) return false;
    this.kind = tag === 0x12 ? "record" : "batch";
    this.format = format;
    this.offsetId = offsetId;
    this.hasOffsetId = true;
    this.buffer = buffer;
    this.start = wire.position;
    this.end = end;
    return true;
  }

  #readAny(buffer: Uint8Array, start: number, end: number): boolean {
    const outer = readOneof(buffer, start, end, KIND_BY_FIELD, true);
    if (outer === undefined) return false;
    this.kind = outer.member ?? "empty";
    this.format = undefined;
    this.hasOffsetId = false;
    this.offsetId = 0;
    this.buffer = outer.bytes;
    this.start = 0;
    this.end = outer.bytes.length;
    if (this.kind === "createStream" || this.kind === "empty") return true;
    const inner = readOneof(
      outer.bytes,
      0,
      outer.bytes.length,
      FORMAT_BY_FIELD,
      this.kind === "batch",
    );
    if (inner === undefined) return false;
    this.format = inner.member;
    this.hasOffsetId = inner.offsetId !== undefined;
    this.offsetId = inner.offsetId ?? 0;
    this.buffer = inner.bytes;
    this.end = inner.bytes.length;
    return true;
  }
}

function formatOfTag(tag: number): RecordFormat | undefined {
  switch (tag) {
    case 0x12:
      return "proto";
    case 0x1a:
      return "json";
    case 0x22:
      return "avro";
    default:
      return undefined;
  }
}

interface OneofContent<Member> {
  readonly member: Member | undefined;
  readonly bytes: Uint8Array;
  readonly offsetId: number | undefined;
}

/**
 * Reads a message that consists of a oneof of length-delimited members and perhaps an `offset_id`. Submessage members
 * that occur again are merged: protobuf defines that as equal to parsing their bytes one behind the other.
 */
function readOneof<Member>(
  buffer: Uint8Array,
  start: number,
  end: number,
  members: Readonly<Record<number, Member>>,
  mergeMembers: boolean,
): OneofContent<Member> | undefined {
  const wire = new WireReader();
  wire.reset(buffer, start, end);
  let current = 0;
  let pieces: Uint8Array[] = [];
  let offsetId: number | undefined;
  while (wire.position < wire.end && !wire.failed) {
    const tag = wire.readTag();
    const field = Math.floor(tag / 8);
    const wireType = tag & 7;
    if (members[field] !== undefined && wireType === WIRE_LENGTH_DELIMITED) {
      const length = wire.readLength();
      const piece = buffer.subarray(wire.position, wire.position + length);
      wire.position += length;
      if (field !== current || !mergeMembers) pieces = [];
      current = field;
      pieces.push(piece);
    } else if (field === FIELD_OFFSET_ID && wireType === WIRE_VARINT) {
      offsetId = wire.readInt64();
    } else {
      wire.skip(wireType);
    }
  }
  if (wire.failed) return undefined;
  if (pieces.length > 1 && !pieces.every(isWellFormed)) return undefined;
  return { member: members[current], bytes: joined(pieces), offsetId };
}

/** Whether bytes are whole fields: a value must not begin in one piece of a merged message and end in the next. */
function isWellFormed(bytes: Uint8Array): boolean {
  const wire = new WireReader();
  wire.reset(bytes, 0, bytes.length);
  while (wire.position < wire.end && !wire.failed) wire.skip(wire.readTag() & 7);
  return !wire.failed;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}
