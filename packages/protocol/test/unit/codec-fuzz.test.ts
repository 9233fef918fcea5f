// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BatchReader } from "../../src/codec/batch-reader.ts";
import {
  encodeCreateStreamFrame,
  frameOf,
  readCreateStream,
} from "../../src/codec/create-stream.ts";
import { FRAME_HEADER_BYTES } from "../../src/codec/frame-scanner.ts";
import { IngestReader } from "../../src/codec/ingest-reader.ts";
import {
  batchRecordBytes,
  MAX_INGEST_HEADER_BYTES,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
} from "../../src/codec/ingest-writer.ts";
import {
  encodeAckFrame,
  encodeCloseStreamSignalFrame,
  encodeCreateStreamResponseFrame,
  readStreamResponse,
} from "../../src/codec/stream-response.ts";
import { WireReader } from "../../src/codec/wire.ts";
import {
  type EphemeralStreamRequest,
  EphemeralStreamRequestSchema,
  type EphemeralStreamResponse,
  EphemeralStreamResponseSchema,
  RecordType,
} from "../generated/zerobus_pb.ts";
import { below, fuzzSettings, pick, randomOf } from "./support.ts";

type RequestInit = MessageInitShape<typeof EphemeralStreamRequestSchema>;
type Random = () => number;

const RECORD_TYPES = [
  RecordType.RECORD_TYPE_UNSPECIFIED,
  RecordType.PROTO,
  RecordType.JSON,
  RecordType.AVRO,
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (random: Random): Buffer =>
  Buffer.alloc(below(random, random() < 0.1 ? 300 : 12), below(random, 128));
const textOf = (random: Random): string =>
  pick(random, ["", "{}", '{"a":1}', "wasser 水", "x".repeat(200)]);
const offsetOf = (random: Random): bigint =>
  BigInt(
    pick(random, [
      0,
      1,
      127,
      128,
      2 ** 31,
      2 ** 40,
      Number.MAX_SAFE_INTEGER,
      below(random, 10_000),
    ]),
  );

function randomRequest(random: Random): RequestInit {
  const offset = random() < 0.9 ? { offsetId: offsetOf(random) } : {};
  const list = <Item>(make: () => Item): Item[] => Array.from({ length: below(random, 5) }, make);
  switch (below(random, 8)) {
    case 0:
      return {
        payload: {
          case: "createStream",
          value: {
            tableName: textOf(random),
            ...(random() < 0.5 ? { descriptorProto: bytesOf(random) } : {}),
            ...(random() < 0.8 ? { recordType: pick(random, RECORD_TYPES) } : {}),
            ...(random() < 0.2 ? { avroSchemaJson: textOf(random) } : {}),
          },
        },
      };
    case 1:
    case 2: {
      const record = pick(random, [
        { case: "protoEncodedRecord" as const, value: bytesOf(random) },
        { case: "jsonRecord" as const, value: textOf(random) },
        { case: "avroEncodedRecord" as const, value: bytesOf(random) },
        { case: undefined },
      ]);
      return { payload: { case: "ingestRecord", value: { ...offset, record } } };
    }
    case 3:
      return {};
    default: {
      const batch = pick(random, [
        { case: "protoEncodedBatch" as const, value: { records: list(() => bytesOf(random)) } },
        { case: "jsonBatch" as const, value: { records: list(() => textOf(random)) } },
        { case: "avroBatch" as const, value: { records: list(() => bytesOf(random)) } },
        { case: undefined },
      ]);
      return { payload: { case: "ingestRecordBatch", value: { ...offset, batch } } };
    }
  }
}

/** Concatenated messages are merged by every protobuf decoder; unknown fields are skipped. */
function randomBytes(random: Random, encodeOne: () => Uint8Array): Buffer {
  const pieces = [encodeOne()];
  while (random() < 0.15) pieces.push(encodeOne());
  if (random() < 0.15) {
    const unknown = pick(random, [
      "7a0131",
      "7801",
      "7d01020304",
      "7901020304050607ff",
      "f8ffffff0f01",
    ]);
    pieces.splice(below(random, pieces.length + 1), 0, Buffer.from(unknown, "hex"));
  }
  return Buffer.concat(pieces);
}

function mutated(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  if (random() < 0.3) return bytes.subarray(0, below(random, bytes.length));
  const copy = Buffer.from(bytes);
  copy[below(random, copy.length)] = below(random, 256);
  return copy;
}

function parseOrUndefined<Message>(parse: () => Message): Message | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** What the reader says of a message, or `undefined` when it refuses it. */
function requestByReader(bytes: Uint8Array): unknown {
  const reader = new IngestReader();
  const shifted = Buffer.concat([Buffer.alloc(3, 0x12), bytes, Buffer.alloc(3, 0x0a)]);
  if (!reader.read(shifted, 3, 3 + bytes.length)) return undefined;
  const { kind, format, buffer, start, end } = reader;
  if (kind === "empty") return { kind };
  if (kind === "createStream") {
    const request = readCreateStream(buffer, start, end);
    if (request === undefined) return undefined;
    const { descriptorProto, ...rest } = request;
    return { kind, ...rest, descriptorProto: descriptorProto && hex(descriptorProto) };
  }
  const offsetId = reader.hasOffsetId ? reader.offsetId : undefined;
  const recordOf = (from: number, to: number): string => {
    const record = Buffer.from(buffer.subarray(from, to));
    return hex(format === "json" ? Buffer.from(record.toString("utf8")) : record);
  };
  if (kind === "record") return { kind, offsetId, format, record: format && recordOf(start, end) };
  const records: string[] = [];
  const batch = new BatchReader();
  batch.reset(buffer, start, end);
  let event = batch.next();
  for (; event === "record"; event = batch.next()) records.push(recordOf(batch.start, batch.end));
  return event === "malformed" ? undefined : { kind, offsetId, format, records };
}

const FORMATS: Readonly<Record<string, string>> = {
  protoEncodedRecord: "proto",
  jsonRecord: "json",
  avroEncodedRecord: "avro",
  protoEncodedBatch: "proto",
  jsonBatch: "json",
  avroBatch: "avro",
};

function requestByGenerated(message: EphemeralStreamRequest): unknown {
  const { payload } = message;
  const toHex = (record: string | Uint8Array): string => hex(Buffer.from(record as string));
  switch (payload.case) {
    case undefined:
      return { kind: "empty" };
    case "createStream": {
      const { value } = payload;
      const has = (key: string): boolean => Object.hasOwn(value, key);
      return {
        kind: "createStream",
        ...(has("tableName") ? { tableName: value.tableName } : {}),
        ...(has("recordType") ? { recordType: value.recordType } : {}),
        ...(has("avroSchemaJson") ? { avroSchemaJson: value.avroSchemaJson } : {}),
        descriptorProto: has("descriptorProto") ? hex(value.descriptorProto) : undefined,
      };
    }
    case "ingestRecord": {
      const { value } = payload;
      return {
        kind: "record",
        offsetId: Object.hasOwn(value, "offsetId") ? Number(value.offsetId) : undefined,
        format: FORMATS[value.record.case ?? ""],
        record: value.record.case && toHex(value.record.value),
      };
    }
    case "ingestRecordBatch": {
      const { value } = payload;
      return {
        kind: "batch",
        offsetId: Object.hasOwn(value, "offsetId") ? Number(value.offsetId) : undefined,
        format: FORMATS[value.batch.case ?? ""],
        records: value.batch.case === undefined ? [] : value.batch.value.records.map(toHex),
      };
    }
  }
}

function responseByGenerated(message: EphemeralStreamResponse): unknown {
  const { payload } = message;
  switch (payload.case) {
    case undefined:
      return { kind: "empty" };
    case "createStreamResponse": {
      const has = Object.hasOwn(payload.value, "streamId");
      return { kind: "createStreamResponse", streamId: has ? payload.value.streamId : undefined };
    }
    case "ingestRecordResponse": {
      const has = Object.hasOwn(payload.value, "durabilityAckUpToOffset");
      const offset = Number(payload.value.durabilityAckUpToOffset);
      return { kind: "ack", upToOffset: has ? offset : undefined };
    }
    case "closeStreamSignal": {
      const { duration } = payload.value;
      const durationMs =
        Number(duration?.seconds ?? 0n) * 1000 + (duration?.nanos ?? 0) / 1_000_000;
      return { kind: "closeStreamSignal", durationMs };
    }
  }
}

describe("hot-path codec against the generated one", () => {
  test("reads requests with unknown, repeated and merged fields alike", (context) => {
    const { seed, rounds } = fuzzSettings(5_000);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const bytes = randomBytes(random, () =>
        toBinary(
          EphemeralStreamRequestSchema,
          create(EphemeralStreamRequestSchema, randomRequest(random)),
        ),
      );
      const expected = requestByGenerated(fromBinary(EphemeralStreamRequestSchema, bytes));
      assert.deepEqual(requestByReader(bytes), expected, `round ${round}, ${hex(bytes)}`);
    }
  });

  /**
   * Where the two differ on damaged bytes:
   * - a known field whose wire type is not the declared one is skipped by ours, as by most protobuf decoders, and read
   *   as if it were by the generated codec;
   * - a value that reaches over the end of its submessage is read on by the generated codec, and refused by ours;
   * - groups and names that are not UTF-8 are refused by ours, and skipped or repaired by the generated codec;
   * - a record type that the enum does not have is shown by ours and hidden by the generated codec.
   * Text of JSON records is compared as the generated codec repairs it: the record decoder is the one to check it.
   */
  test("reads damaged requests as the generated codec does where both take them", (context) => {
    const { seed, rounds } = fuzzSettings(5_000);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    let bothTook = 0;
    let bothRefused = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = mutated(
        random,
        randomBytes(random, () =>
          toBinary(
            EphemeralStreamRequestSchema,
            create(EphemeralStreamRequestSchema, randomRequest(random)),
          ),
        ),
      );
      const ours = requestByReader(bytes);
      const theirs = parseOrUndefined(() => fromBinary(EphemeralStreamRequestSchema, bytes));
      if (ours === undefined && theirs === undefined) bothRefused++;
      if (ours === undefined || theirs === undefined || hasUnknownRecordType(ours)) continue;
      if (isBeyondComparison(bytes, REQUEST_SHAPE)) continue;
      bothTook++;
      assert.deepEqual(ours, requestByGenerated(theirs), `round ${round}, ${hex(bytes)}`);
    }
    assert.ok(
      bothTook > rounds / 10 && bothRefused > rounds / 10,
      `${bothTook} taken, ${bothRefused} refused`,
    );
  });

  test("reads responses alike", (context) => {
    const { seed, rounds } = fuzzSettings(5_000);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const bytes = randomBytes(random, () => {
        const payload = pick(random, [
          {
            case: "createStreamResponse" as const,
            value: random() < 0.8 ? { streamId: textOf(random) } : {},
          },
          {
            case: "ingestRecordResponse" as const,
            value:
              random() < 0.8
                ? { durabilityAckUpToOffset: random() < 0.2 ? -1n : offsetOf(random) }
                : {},
          },
          {
            case: "closeStreamSignal" as const,
            value:
              random() < 0.8
                ? { duration: { seconds: offsetOf(random) % 100_000n, nanos: below(random, 1e9) } }
                : {},
          },
          { case: undefined },
        ]);
        const response = create(EphemeralStreamResponseSchema, { payload });
        return toBinary(EphemeralStreamResponseSchema, response);
      });
      const expected = responseByGenerated(fromBinary(EphemeralStreamResponseSchema, bytes));
      assert.deepEqual(
        readStreamResponse(bytes, 0, bytes.length),
        expected,
        `round ${round}, ${hex(bytes)}`,
      );
    }
  });

  test("writes what the generated codec reads", (context) => {
    const { seed, rounds } = fuzzSettings(2_000);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const offsetId = Number(offsetOf(random));
      const format = pick(random, ["proto", "json"] as const);
      const records = Array.from({ length: 1 + below(random, 4) }, () => bytesOf(random));
      const first = records[0] as Buffer;
      const single = Buffer.alloc(MAX_INGEST_HEADER_BYTES + first.length);
      const at = writeRecordHeader(single, 0, offsetId, format, first.length);
      assert.ok(at <= MAX_INGEST_HEADER_BYTES);
      single.set(first, at);
      checkFrame(single.subarray(0, at + first.length), {
        kind: "record",
        offsetId,
        format,
        record: hex(first),
      });

      const payloadBytes = records.reduce(
        (total, record) => total + batchRecordBytes(record.length),
        0,
      );
      const batch = Buffer.alloc(MAX_INGEST_HEADER_BYTES + payloadBytes);
      let position = writeBatchHeader(batch, 0, offsetId, format, payloadBytes);
      for (const record of records) {
        position = writeBatchRecordHeader(batch, position, record.length);
        batch.set(record, position);
        position += record.length;
      }
      checkFrame(batch.subarray(0, position), {
        kind: "batch",
        offsetId,
        format,
        records: records.map(hex),
      });
    }
  });

  test("frames control messages that the generated codec reads", () => {
    const responseOf = (frame: Uint8Array): unknown =>
      responseByGenerated(fromBinary(EphemeralStreamResponseSchema, unframed(frame)));
    assert.deepEqual(responseOf(encodeCreateStreamResponseFrame("id-é")), {
      kind: "createStreamResponse",
      streamId: "id-é",
    });
    for (const offset of [0, 1, 300, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(responseOf(encodeAckFrame(offset)), { kind: "ack", upToOffset: offset });
    }
    for (const durationMs of [0, 1, 1500, 60_000, 0.5]) {
      const expected = { kind: "closeStreamSignal", durationMs };
      assert.deepEqual(responseOf(encodeCloseStreamSignalFrame(durationMs)), expected);
    }
    const request = { tableName: "a.b.c", descriptorProto: Buffer.from([1, 2]), recordType: 1 };
    const message = fromBinary(
      EphemeralStreamRequestSchema,
      unframed(encodeCreateStreamFrame(request)),
    );
    assert.deepEqual(requestByGenerated(message), {
      kind: "createStream",
      tableName: "a.b.c",
      recordType: 1,
      descriptorProto: "0102",
    });
  });

  test("refuses a value that begins in one piece of a submessage and ends in the next", () => {
    assert.equal(requestByReader(Buffer.from("1a08c10112040a0279791a020800", "hex")), undefined);
  });

  test("refuses text that is not UTF-8 when a stream is created", () => {
    assert.equal(readCreateStream(Buffer.from("0a01ff", "hex"), 0, 3), undefined);
  });
});

/** Declared fields: `0` for a varint, `2` for bytes or text, a shape for a submessage. */
interface Shape {
  readonly [field: number]: 0 | 2 | Shape;
}

const LIST_SHAPE: Shape = { 1: 2 };
const REQUEST_SHAPE: Shape = {
  1: { 1: 2, 3: 2, 4: 0, 5: 2 },
  2: { 1: 0, 2: 2, 3: 2, 4: 2 },
  3: { 1: 0, 2: LIST_SHAPE, 3: LIST_SHAPE, 4: LIST_SHAPE },
};

/**
 * Whether the message has a known field of another wire type than declared, or a submessage that is malformed by
 * itself.
 */
function isBeyondComparison(bytes: Uint8Array, shape: Shape): boolean {
  const wire = new WireReader();
  wire.reset(bytes, 0, bytes.length);
  while (wire.position < wire.end && !wire.failed) {
    const tag = wire.readTag();
    const declared = shape[Math.floor(tag / 8)];
    const wireType = tag & 7;
    if (declared !== undefined && wireType !== (declared === 0 ? 0 : 2)) return true;
    if (typeof declared !== "object") {
      wire.skip(wireType);
      continue;
    }
    const length = wire.readLength();
    const content = bytes.subarray(wire.position, wire.position + length);
    if (isBeyondComparison(content, declared)) return true;
    wire.position += length;
  }
  return wire.failed;
}

function hasUnknownRecordType(request: unknown): boolean {
  const { recordType } = request as { recordType?: number };
  return recordType !== undefined && ![0, 1, 2, 4].includes(recordType);
}

function checkFrame(frame: Uint8Array, expected: unknown): void {
  const message = unframed(frame);
  const generated = requestByGenerated(fromBinary(EphemeralStreamRequestSchema, message));
  assert.deepEqual(generated, expected);
  assert.deepEqual(requestByReader(message), expected);
}

function unframed(frame: Uint8Array): Uint8Array {
  const message = frame.subarray(FRAME_HEADER_BYTES);
  assert.deepEqual(frameOf(message), new Uint8Array(frame));
  return message;
}
