// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
} from "@bufbuild/protobuf/wkt";
import {
  BlockBuilder,
  CHAR_VARCHAR_METADATA_KEY,
  columnSpecsOf,
  type DataType,
  type StructField,
  type StructType,
} from "@sluice/delta";
import type { DecoderPlan, RecordDecoder, SetupFailure } from "../../../src/columns/decoder.ts";
import type {
  DescriptorModel,
  ProtoScalarType,
} from "../../../src/columns/descriptor/descriptor-model.ts";
import { parseDescriptor } from "../../../src/columns/descriptor/parse-descriptor.ts";

export function column(name: string, type: DataType, nullable = true): StructField {
  return { name, type, nullable, metadata: {} };
}

/** A STRING column declared as VARCHAR(n) or CHAR(n). */
export function boundedColumn(name: string, declared: string, nullable = true): StructField {
  return {
    ...column(name, "string", nullable),
    metadata: { [CHAR_VARCHAR_METADATA_KEY]: declared },
  };
}

export function struct(...fields: StructField[]): StructType {
  return { type: "struct", fields };
}

export interface TestField {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoScalarType;
  /** The index of the oneof that the field is a member of. */
  readonly oneof?: number | undefined;
}

/** A descriptor, by the way that a client's takes: serialized and parsed. */
export function descriptorOf(fields: readonly TestField[]): DescriptorModel {
  const parsed = parseDescriptor(
    toBinary(
      DescriptorProtoSchema,
      create(DescriptorProtoSchema, {
        name: "Record",
        oneofDecl: [{ name: "first" }, { name: "second" }],
        field: fields.map((field) => ({
          name: field.name,
          number: field.number,
          label: FieldDescriptorProto_Label.OPTIONAL,
          ...(field.oneof === undefined ? {} : { oneofIndex: field.oneof }),
          type: FieldDescriptorProto_Type[
            field.type.toUpperCase() as keyof typeof FieldDescriptorProto_Type
          ],
        })),
      }),
    ),
  );
  assert.equal(parsed.kind, "descriptor", parsed.kind === "setupFailure" ? parsed.message : "");
  return parsed;
}

export function planOf(outcome: DecoderPlan | SetupFailure): DecoderPlan {
  assert.equal(outcome.kind, "plan", outcome.kind === "setupFailure" ? outcome.message : "");
  return outcome;
}

export interface Bound {
  readonly builder: BlockBuilder;
  readonly decoder: RecordDecoder;
}

export function bind(plan: DecoderPlan, schema: StructType, rowCapacity = 4): Bound {
  const builder = new BlockBuilder(columnSpecsOf(schema), rowCapacity);
  return { builder, decoder: plan.bind(builder) };
}

export type CellValue = string | number | bigint | boolean | null;

/** The value in one cell; bytes as hexadecimal text. */
export function cellOf(builder: BlockBuilder, columnIndex: number, row: number): CellValue {
  const found = builder.columns[columnIndex];
  assert.ok(found !== undefined);
  assert.ok(found.kind !== "nested", "the values of nested columns are read with nestedValueOf");
  if (found.kind === "bytes") {
    const start = found.startOf(row);
    const end = found.ends[row] as number;
    if (found.validity?.[row] === 0) {
      assert.equal(end, start, "a null value has no bytes");
      return null;
    }
    const view = new DataView(found.data.buffer, found.data.byteOffset);
    assert.equal(view.getUint32(start, true), end - start - 4, "the length prefix is right");
    return Buffer.from(found.data.subarray(start + 4, end)).toString("hex");
  }
  if (found.validity?.[row] === 0) return null;
  if (found.kind === "int128") {
    const word = (index: number): bigint =>
      BigInt((found.values[row * 4 + index] as number) >>> 0) << BigInt(32 * index);
    return BigInt.asIntN(128, word(0) | word(1) | word(2) | word(3));
  }
  if (found.kind === "int64") {
    const low = BigInt((found.values[row * 2] as number) >>> 0);
    return (BigInt(found.values[row * 2 + 1] as number) << 32n) | low;
  }
  return found.values[row] as number;
}

export function rowOf(builder: BlockBuilder, row: number): CellValue[] {
  return builder.columns.map((_, index) => cellOf(builder, index, row));
}

export function hexOf(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}

/** A seeded source of random numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** 2000 years before 2001, five times the 146,097 days after which the calendar repeats. */
const FIRST_DAY = Date.UTC(2001, 0, 1) / 86_400_000 - 730_485;
const LAST_DAY = Date.UTC(9999, 11, 31) / 86_400_000;

/** Whether a number of days since 1970-01-01 is of the years 1 to 9999. */
export function isDay(days: number): boolean {
  return days >= FIRST_DAY && days <= LAST_DAY;
}

/** A day of the years 1 to 9999, the first and the last among them. */
export function randomDay(random: () => number): number {
  if (random() < 0.1) return pick(random, [FIRST_DAY, LAST_DAY]);
  return FIRST_DAY + below(random, LAST_DAY - FIRST_DAY + 1);
}

/** A time of these years, in microseconds since 1970-01-01. */
export function randomMicros(random: () => number): bigint {
  const micros = random() < 0.1 ? pick(random, [0, 86_400e6 - 1]) : below(random, 86_400e6);
  return BigInt(randomDay(random)) * 86_400_000_000n + BigInt(micros);
}

/** Text of a decimal number: plain, with an exponent, with zeros without value, or too long for its type. */
export function randomDecimal(random: () => number): string {
  const digits = (limit: number): string =>
    Array.from({ length: 1 + below(random, limit) }, () => below(random, 10)).join("");
  const long = random() < 0.1 ? 40 : 3;
  const whole = String(BigInt(digits(long)));
  const fraction = random() < 0.6 ? `.${digits(random() < 0.1 ? 30 : 2)}` : "";
  const zeros = fraction !== "" && random() < 0.2 ? "0".repeat(below(random, 12)) : "";
  const exponent = random() < 0.08 ? `${pick(random, ["e", "E"])}${below(random, 50) - 25}` : "";
  return `${random() < 0.4 ? "-" : ""}${whole}${fraction}${zeros}${exponent}`;
}

/** What the text of a decimal stands for at a scale: an independent statement, on bigints. */
export function decimalFrom(
  text: string,
  precision: number,
  scale: number,
): bigint | "out_of_range" | "wrong_type" {
  const match = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([-+]?\d+))?$/.exec(text);
  if (match === null) return "wrong_type";
  const fraction = match[3] ?? match[4] ?? "";
  let digits = BigInt(`${match[2] ?? ""}${fraction}` || "0");
  if (digits === 0n) return 0n;
  let power = Number(match[5] ?? "0") - fraction.length + scale;
  for (; power < 0 && digits % 10n === 0n; power++) digits /= 10n;
  if (power < 0 || power > 40) return "out_of_range";
  digits *= 10n ** BigInt(power);
  if (digits >= 10n ** BigInt(precision)) return "out_of_range";
  return match[1] === "-" ? -digits : digits;
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[below(random, items.length)] as Item;
}

/** Decodes a record as a run of its own, of which a refusal is explained by the decoder for records. */
export function decodeInRun(
  { decoder, builder }: Bound,
  source: Uint8Array,
  start: number,
  end: number,
): boolean {
  const { run } = decoder;
  assert.ok(run !== undefined);
  const row = builder.rowCount;
  if (run.decode(source, start, end)) {
    if (run.finish(row)) return true;
    builder.truncate(row);
  }
  return decoder.decode(source, start, end);
}

const ROUNDS_PER_REPORT = 20_000;

/** Tells on standard error how far a fuzz test of many rounds has come; to be called before each of its steps. */
export function progressOf(seed: number, rounds: number): (round: number) => void {
  let nextReport = ROUNDS_PER_REPORT;
  return (round) => {
    if (round < nextReport) return;
    nextReport += ROUNDS_PER_REPORT;
    process.stderr.write(`seed ${seed}: ${round} of ${rounds} rounds\n`);
  };
}

/** Seed and rounds of a fuzz test, from SLUICE_FUZZ_SEED and SLUICE_FUZZ_ROUNDS. */
export function fuzzSettings(defaultRounds: number): { seed: number; rounds: number } {
  const { SLUICE_FUZZ_SEED: seed, SLUICE_FUZZ_ROUNDS: rounds } = process.env;
  return {
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed),
    rounds: rounds === undefined ? defaultRounds : Number(rounds),
  };
}
