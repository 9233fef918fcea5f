// SPDX-License-Identifier: Apache-2.0
import { compileJsonEncoder, compileProtoEncoder, type TableSchema } from "@sluice/client";
import protobuf from "protobufjs";
import { messageOfSchema } from "../../src/schema/descriptor/message-of-schema.ts";
import { protoEncoderOf } from "../../src/schema/encode/proto-encoder.ts";

// Encodes records of 8 columns and about 190 bytes:
//   node packages/client/dist/test/performance/encode-records.js [records]
// Reports CPU seconds per million records, the least of three rounds that alternate, and the rate that follows.

const SCHEMA: TableSchema = {
  table: "main.test.readings",
  columns: [
    { name: "device", type: { kind: "string" }, nullable: false },
    { name: "note", type: { kind: "string" }, nullable: true },
    { name: "at", type: { kind: "timestamp" }, nullable: true },
    { name: "x", type: { kind: "double" }, nullable: true },
    { name: "y", type: { kind: "double" }, nullable: true },
    { name: "z", type: { kind: "double" }, nullable: true },
    { name: "count", type: { kind: "integer" }, nullable: true },
    { name: "ok", type: { kind: "boolean" }, nullable: true },
  ],
};

const PROTO = `syntax = "proto2"; message Reading {
  required string device = 1; optional string note = 2; optional int64 at = 3; optional double x = 4;
  optional double y = 5; optional double z = 6; optional int32 count = 7; optional bool ok = 8; }`;

type Reading = Readonly<Record<string, unknown>>;

const recordCount = Number(process.argv[2] ?? 500_000);
const records: readonly Reading[] = Array.from({ length: 1000 }, (_, index) => ({
  device: `device-${index}-abcdefghij`,
  note: `${"a note of ordinary length, ".repeat(4)}${index}`,
  at: 1_732_000_000_000_000 + index,
  x: index * 1.1,
  y: index / 3,
  z: -index * 2.7,
  count: index * 7,
  ok: index % 2 === 0,
}));
const withDates = records.map((record) => ({ ...record, at: new Date(1_732_000_000_000) }));

const message = messageOfSchema(SCHEMA);
const generated = compileProtoEncoder(SCHEMA);
const interpreted = protoEncoderOf<Reading>(message, {}, "interpreted");
const json = compileJsonEncoder(SCHEMA);
const jsonAlone = compileJsonEncoder();
const library = protobuf.parse(PROTO).root.lookupType("Reading");

const contenders: readonly (readonly [
  string,
  readonly Reading[],
  (record: Reading) => Uint8Array,
])[] = [
  ["proto, generated", records, (record) => generated.encode(record)],
  ["proto, generated, Dates", withDates, (record) => generated.encode(record)],
  ["proto, interpreted", records, (record) => interpreted.encode(record)],
  ["protobufjs", records, (record) => library.encode(record).finish()],
  ["JSON with a schema", records, (record) => json.encode(record)],
  ["JSON without a schema", records, (record) => jsonAlone.encode(record)],
  ["JSON.stringify", records, (record) => Buffer.from(JSON.stringify(record))],
];

const least = contenders.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < 3; round++) {
  for (const [index, [, input, encode]] of contenders.entries()) {
    least[index] = Math.min(least[index] as number, cpuSecondsPerMillion(input, encode));
  }
}
for (const [index, [name]] of contenders.entries()) {
  const seconds = least[index] as number;
  const rate = Math.round(1000 / seconds);
  process.stdout.write(`${name.padEnd(26)} ${seconds.toFixed(2)} CPU s/M  ${rate} k/s\n`);
}

function cpuSecondsPerMillion(
  input: readonly Reading[],
  encode: (record: Reading) => Uint8Array,
): number {
  let byteCount = 0;
  const before = process.cpuUsage();
  for (let index = 0; index < recordCount; index++) {
    byteCount += encode(input[index % input.length] as Reading).length;
  }
  const { user, system } = process.cpuUsage(before);
  if (byteCount === 0) throw new Error("nothing was encoded");
  return (user + system) / recordCount;
}
