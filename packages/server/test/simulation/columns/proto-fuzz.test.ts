// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { decimalOf, type DataType, type StructField, type StructType } from "@sluice/delta";
import { limitsOf, declaredTypeOf } from "../../../src/columns/value-limits.ts";
import protobuf from "protobufjs";
import type { ProtoScalarType } from "../../../src/columns/descriptor/descriptor-model.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import {
  below,
  bind,
  boundedColumn,
  type CellValue,
  column,
  decimalFrom,
  decodeInRun,
  descriptorOf,
  fuzzSettings,
  isDay,
  pick,
  planOf,
  progressOf,
  randomDay,
  randomDecimal,
  randomMicros,
  randomOf,
  rowOf,
  struct,
  type TestField,
} from "../../unit/columns/support.ts";

const PAIRS: readonly (readonly [DataType, ProtoScalarType])[] = [
  ["string", "string"],
  ["binary", "bytes"],
  ["boolean", "bool"],
  ["integer", "int32"],
  ["integer", "sint32"],
  ["integer", "sfixed32"],
  ["date", "int32"],
  ["long", "int64"],
  ["long", "sint64"],
  ["long", "sfixed64"],
  ["long", "int32"],
  ["long", "sint32"],
  ["long", "sfixed32"],
  ["long", "uint32"],
  ["long", "fixed32"],
  ["timestamp", "int64"],
  ["float", "float"],
  ["double", "double"],
  ["double", "float"],
  ["byte", "int32"],
  ["short", "sint32"],
  ["short", "sfixed32"],
  ["timestamp_ntz", "sint64"],
  ["decimal(5,2)", "string"],
  ["decimal(18,0)", "string"],
  ["decimal(38,10)", "string"],
];

interface Subject {
  readonly schema: StructType;
  readonly fields: readonly TestField[];
  readonly type: protobuf.Type;
}

function randomSubject(random: () => number): Subject {
  const roll = random();
  const count = 1 + below(random, roll < 0.02 ? 200 : roll < 0.06 ? 70 : 10);
  const columns = [];
  const fields: TestField[] = [];
  const type = new protobuf.Type("Record");
  let number = 0;
  const hasOneofs = random() < 0.3;
  for (let index = 0; index < count; index++) {
    const [dataType, scalar] = pick(random, PAIRS);
    const isAbsent = random() < 0.1;
    const name = `column_${index}`;
    const nullable = isAbsent || random() < 0.7;
    const isBounded = dataType === "string" && random() < 0.3;
    columns.push(
      isBounded
        ? boundedColumn(name, `varchar(${1 + below(random, 20)})`, nullable)
        : column(name, dataType, nullable),
    );
    if (isAbsent) continue;
    number += 1 + (random() < 0.2 ? below(random, 3000) : 0);
    const oneof = hasOneofs && random() < 0.5 ? below(random, 2) : undefined;
    fields.push({ name, number, type: scalar, oneof });
    type.add(new protobuf.Field(name, number, scalar, "optional"));
  }
  new protobuf.Root().add(type);
  return { schema: struct(...columns), fields, type };
}

function randomText(random: () => number): string {
  const alphabet = random() < 0.7 ? ["a", "Z", "9", " "] : ["a", "é", "水", "🚰", "\u0000"];
  const length = random() < 0.1 ? below(random, 300) : below(random, 20);
  return Array.from({ length }, () => pick(random, alphabet)).join("");
}

function randomValue(random: () => number, type: ProtoScalarType, dataType: DataType): unknown {
  if (decimalOf(dataType) !== undefined) return randomDecimal(random);
  if (dataType === "date" && random() < 0.98) return randomDay(random);
  if (isTimestamp(dataType) && random() < 0.98) return longOf(randomMicros(random));
  const bits = (): number => (random() < 0.3 ? below(random, 200) : below(random, 2 ** 32)) | 0;
  switch (type) {
    case "string":
      return randomText(random);
    case "bytes":
      return Buffer.from(randomText(random));
    case "bool":
      return random() < 0.5;
    case "float":
    case "double":
      return random() < 0.1 ? Number.NaN : (random() - 0.5) * 10 ** below(random, 30);
    case "int32":
    case "sint32":
    case "sfixed32": {
      const unused = dataType === "byte" ? 24 : dataType === "short" ? 16 : 0;
      return random() < 0.95 ? (bits() << unused) >> unused : bits();
    }
    case "int64":
    case "sint64":
    case "sfixed64":
      return new protobuf.util.LongBits(bits() >>> 0, bits() >>> 0).toLong(false);
    case "uint32":
    case "fixed32":
      return bits() >>> 0;
    default:
      return bits();
  }
}

function isTimestamp(type: DataType): boolean {
  return type === "timestamp" || type === "timestamp_ntz";
}

function longOf(value: bigint): protobuf.Long {
  const bits = BigInt.asUintN(64, value);
  return new protobuf.util.LongBits(Number(bits & 0xffff_ffffn), Number(bits >> 32n)).toLong(false);
}

type Piece = Uint8Array;

const WIRE_TYPES: Readonly<Record<string, number>> = {
  string: 2,
  bytes: 2,
  double: 1,
  sfixed64: 1,
  float: 5,
  fixed32: 5,
  sfixed32: 5,
};

const NARROW_TYPES: ReadonlySet<ProtoScalarType> = new Set(["int32", "sint32", "uint32"]);

interface FoulPiece {
  readonly bytes: Piece;
  readonly reason: "wrong_type" | "out_of_range";
}

/** A known field with another wire type than its own, or with a varint that it cannot hold. */
function foulPiece(random: () => number, subject: Subject): FoulPiece | undefined {
  if (subject.fields.length === 0) return undefined;
  const field = pick(random, subject.fields);
  const writer = protobuf.Writer.create();
  if (NARROW_TYPES.has(field.type) && random() < 0.5) {
    const wide = (BigInt(1 + below(random, 2 ** 31 - 1)) << 32n) | BigInt(below(random, 2 ** 32));
    writer.uint32(field.number * 8).uint64(longOf(wide));
    return { bytes: writer.finish(), reason: "out_of_range" };
  }
  const others = [0, 1, 2, 5].filter((wireType) => wireType !== (WIRE_TYPES[field.type] ?? 0));
  const wireType = pick(random, others);
  writer.uint32(field.number * 8 + wireType);
  if (wireType === 0) writer.uint32(below(random, 2 ** 32));
  else if (wireType === 1) writer.double(random());
  else if (wireType === 2) writer.string(randomText(random));
  else writer.float(random());
  return { bytes: writer.finish(), reason: "wrong_type" };
}

/** One field at a time, so that pieces can be reordered and repeated. */
function randomPieces(random: () => number, subject: Subject): Piece[] {
  const pieces: Piece[] = [];
  for (const field of subject.fields) {
    if (random() < 0.1) continue;
    const repeats = random() < 0.05 ? 2 : 1;
    for (let count = 0; count < repeats; count++) {
      const { type } = subject.schema.fields.find(({ name }) => name === field.name) as StructField;
      const value = { [field.name]: randomValue(random, field.type, type) };
      pieces.push(subject.type.encode(subject.type.create(value)).finish());
    }
  }
  if (random() < 0.2) {
    const unknown = protobuf.Writer.create();
    const number = 5000 * (1 + below(random, 100)) + 1_000_000;
    if (random() < 0.3) unknown.uint32(number * 8 + 2).string("unknown");
    else if (random() < 0.5) unknown.uint32(number * 8 + 1).double(1.5);
    else unknown.uint32(number * 8).uint64(1234567890123);
    pieces.splice(below(random, pieces.length + 1), 0, unknown.finish());
  }
  if (random() < 0.2) pieces.sort(() => random() - 0.5);
  return pieces;
}

function mutated(random: () => number, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const roll = random();
  if (roll < 0.3) return bytes.subarray(0, below(random, bytes.length));
  const copy = Buffer.from(bytes);
  if (roll < 0.8) {
    for (let count = 0; count < 1 + below(random, 3); count++) {
      copy[below(random, copy.length)] = below(random, 256);
    }
    return copy;
  }
  const at = below(random, copy.length);
  const inserted = Buffer.from(
    Array.from({ length: below(random, 12) }, () => 0x80 | below(random, 256)),
  );
  return Buffer.concat([copy.subarray(0, at), inserted, copy.subarray(at)]);
}

test("generated and interpreted decoders agree on random and mutated messages", (context) => {
  const { seed, rounds } = fuzzSettings(8_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  let accepted = 0;
  for (let round = 0; round < rounds; ) {
    progress(round);
    const subject = randomSubject(random);
    const descriptor = descriptorOf(subject.fields);
    const generated = planOf(compileProtoDecoder(subject.schema, descriptor));
    assert.equal(generated.mode, "generated");
    const left = bind(generated, subject.schema);
    const right = bind(
      planOf(compileProtoDecoder(subject.schema, descriptor, { mode: "interpreted" })),
      subject.schema,
    );
    const inRun = random() < 0.5;
    for (let count = 0; count < 200; count++, round++) {
      const pieces = randomPieces(random, subject);
      const foul = random() < 0.1 ? foulPiece(random, subject) : undefined;
      if (foul !== undefined) pieces.splice(below(random, pieces.length + 1), 0, foul.bytes);
      const original = Buffer.concat(pieces);
      const message = random() < 0.5 ? original : mutated(random, original);
      const padding = below(random, 5);
      const buffer = Buffer.concat([
        Buffer.alloc(padding, 0xff),
        message,
        Buffer.alloc(below(random, 12), 0x0a),
      ]);
      const source = random() < 0.5 ? buffer : new Uint8Array(buffer);
      const row = left.builder.rowCount;
      const end = padding + message.length;
      const took = inRun
        ? decodeInRun(left, source, padding, end)
        : left.decoder.decode(source, padding, end);
      const label = `round ${round}, message ${message.toString("hex")}`;
      assert.equal(right.decoder.decode(source, padding, end), took, label);
      assert.equal(left.builder.rowCount, took ? row + 1 : row, label);
      if (took) {
        accepted++;
        assert.deepEqual(rowOf(left.builder, row), rowOf(right.builder, row), label);
      } else {
        assert.deepEqual(left.decoder.failure, right.decoder.failure, label);
      }
      if (random() < 0.02) {
        const kept = below(random, left.builder.rowCount + 1);
        left.builder.truncate(kept);
        right.builder.truncate(kept);
      }
      if (random() < 0.01) {
        left.builder.seal();
        right.builder.seal();
      }
    }
  }
  assert.ok(accepted > rounds / 4, `only ${accepted} of ${rounds} messages were accepted`);
});

test("decodes what protobufjs decodes", (context) => {
  const { seed, rounds } = fuzzSettings(3_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  for (let round = 0; round < rounds; ) {
    progress(round);
    const subject = randomSubject(random);
    const plan = planOf(compileProtoDecoder(subject.schema, descriptorOf(subject.fields)));
    const { builder, decoder } = bind(plan, subject.schema);
    for (let count = 0; count < 100; count++, round++) {
      const pieces = randomPieces(random, subject);
      const message = Buffer.concat(pieces);
      const row = builder.rowCount;
      const expected = expectedRow(subject, Buffer.concat(withoutReplaced(subject, pieces)));
      // A field that occurs twice is held to its column each time; the reference sees the last one only.
      const isRefused =
        expected.includes(REFUSED) ||
        pieces.some((piece) =>
          expectedRow(subject, piece).some(
            (cell, index) => cell === REFUSED && isPresent(subject, piece, index),
          ),
        );
      const took = decoder.decode(message, 0, message.length);
      assert.equal(took, !isRefused, `${message.toString("hex")} ${decoder.failure?.message}`);
      if (took) assert.deepEqual(rowOf(builder, row), expected, message.toString("hex"));
    }
  }
});

test("refuses what protobufjs misreads or cuts: another wire type, and a varint of too many bits", (context) => {
  const { seed, rounds } = fuzzSettings(2_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  for (let round = 0; round < rounds; ) {
    progress(round);
    const subject = randomSubject(random);
    const descriptor = descriptorOf(subject.fields);
    for (const mode of ["auto", "interpreted"] as const) {
      const plan = planOf(compileProtoDecoder(subject.schema, descriptor, { mode }));
      const { builder, decoder } = bind(plan, subject.schema);
      for (let count = 0; count < 20; count++, round++) {
        const foul = foulPiece(random, subject);
        if (foul === undefined) continue;
        const before = randomPieces(random, subject).filter((piece) => {
          const taken = decoder.decode(piece, 0, piece.length);
          builder.truncate(0);
          return taken || decoder.failure?.reason === "missing_required";
        });
        const message = Buffer.concat([...before, foul.bytes, ...randomPieces(random, subject)]);
        assert.equal(decoder.decode(message, 0, message.length), false, message.toString("hex"));
        assert.equal(decoder.failure?.reason, foul.reason, message.toString("hex"));
        assert.equal(decoder.failure?.byteOffset, Buffer.concat(before).length);
      }
    }
  }
});

function decodedBy(subject: Subject, message: Uint8Array): Record<string, unknown> {
  return Object.fromEntries(Object.entries(subject.type.decode(message)));
}

function expectedRow(subject: Subject, message: Uint8Array): CellValue[] {
  const decoded = decodedBy(subject, message);
  return subject.schema.fields.map((field) =>
    expectedCell(field, Object.hasOwn(decoded, field.name) ? decoded[field.name] : null),
  );
}

/** The pieces but for the members of a oneof behind which another one comes, which protobufjs leaves set. */
function withoutReplaced(subject: Subject, pieces: readonly Piece[]): Piece[] {
  const fieldOf = (piece: Piece): TestField | undefined =>
    subject.fields.find(({ name }) => Object.hasOwn(decodedBy(subject, piece), name));
  const members = pieces.map(fieldOf);
  return pieces.filter((_, index) => {
    const member = members[index];
    return !members
      .slice(index + 1)
      .some(
        (other) => member?.oneof !== undefined && other?.oneof === member.oneof && other !== member,
      );
  });
}

function isPresent(subject: Subject, message: Uint8Array, index: number): boolean {
  return Object.hasOwn(decodedBy(subject, message), subject.schema.fields[index]?.name ?? "");
}

const REFUSED = "refused";
const DAY = 86_400_000_000n;

function expectedCell(field: StructField, value: unknown): CellValue {
  const { type, nullable } = field;
  if (value === null) return nullable ? null : REFUSED;
  const { decimal, integerBits, maxCharacters } = limitsOf(type, declaredTypeOf(field));
  if (decimal !== undefined) {
    const unscaled = decimalFrom(value as string, decimal.precision, decimal.scale);
    if (typeof unscaled === "string") return REFUSED;
    return decimal.precision <= 9 ? Number(unscaled) : unscaled;
  }
  if (maxCharacters > 0 && Array.from(value as string).length > maxCharacters) return REFUSED;
  if (
    integerBits > 0 &&
    ((value as number) << (32 - integerBits)) >> (32 - integerBits) !== value
  ) {
    return REFUSED;
  }
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "boolean") return value ? 1 : 0;
  if (type === "date" && !isDay(value as number)) return REFUSED;
  if (type === "long" || isTimestamp(type)) {
    const whole = BigInt((value as { toString(): string }).toString());
    const days = Number((whole - (((whole % DAY) + DAY) % DAY)) / DAY);
    return type === "long" || isDay(days) ? whole : REFUSED;
  }
  return value as number;
}
