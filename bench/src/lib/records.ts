// SPDX-License-Identifier: Apache-2.0
import { createRandom } from "@sluice/testkit";

/** The table of the benchmarks: 8 columns, about 200 bytes a record in protobuf. */
export const COLUMNS =
  "device STRING, message STRING, at TIMESTAMP, temperature DOUBLE, humidity DOUBLE, pressure DOUBLE, sequence INT, active BOOLEAN";

export interface Reading {
  readonly device: string;
  readonly message: string;
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly temperature: number;
  readonly humidity: number;
  readonly pressure: number;
  readonly sequence: number;
  readonly active: boolean;
}

const WORDS =
  "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split(
    " ",
  );

/** Readings that look like telemetry: 100 devices, texts that compress as logs do, doubles that hardly do. */
export function makeReadings(count: number, seed = 1): Reading[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    let message = `reading ${index}`;
    while (message.length < 120) message += ` ${WORDS[Math.floor(random() * WORDS.length)]}`;
    return {
      device: `device-${String(Math.floor(random() * 100)).padStart(8, "0")}`,
      message: message.slice(0, 132),
      at: 1_700_000_000_000_000 + index * 1000,
      temperature: 20 + random() * 10,
      humidity: random(),
      pressure: 1013 + random(),
      sequence: index,
      active: random() < 0.5,
    };
  });
}

/** A serialized record of {@link PROTO_DESCRIPTOR}. */
export function encodeReading(reading: Reading): Buffer {
  const device = Buffer.from(reading.device);
  const message = Buffer.from(reading.message);
  const fixed = Buffer.alloc(3 * 9);
  for (const [index, value] of [
    reading.temperature,
    reading.humidity,
    reading.pressure,
  ].entries()) {
    fixed.writeUInt8(((4 + index) << 3) | 1, index * 9);
    fixed.writeDoubleLE(value, index * 9 + 1);
  }
  return Buffer.concat([
    Buffer.from([0x0a, ...varint(device.length)]),
    device,
    Buffer.from([0x12, ...varint(message.length)]),
    message,
    Buffer.from([0x18, ...varint(reading.at)]),
    fixed,
    Buffer.from([0x38, ...varint(reading.sequence), 0x40, reading.active ? 1 : 0]),
  ]);
}

const STRING = 9;
const INT64 = 3;
const DOUBLE = 1;
const INT32 = 5;
const BOOL = 8;

/** Serialized `DescriptorProto` of the readings. */
export const PROTO_DESCRIPTOR: Buffer = descriptorOf("Reading", [
  ["device", STRING],
  ["message", STRING],
  ["at", INT64],
  ["temperature", DOUBLE],
  ["humidity", DOUBLE],
  ["pressure", DOUBLE],
  ["sequence", INT32],
  ["active", BOOL],
]);

function descriptorOf(name: string, fields: readonly (readonly [string, number])[]): Buffer {
  const parts = [lengthDelimited(1, Buffer.from(name))];
  for (const [index, [fieldName, type]] of fields.entries()) {
    const field = Buffer.concat([
      lengthDelimited(1, Buffer.from(fieldName)),
      Buffer.from([0x18, index + 1, 0x20, 1, 0x28, type]),
    ]);
    parts.push(lengthDelimited(2, field));
  }
  return Buffer.concat(parts);
}

function lengthDelimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
