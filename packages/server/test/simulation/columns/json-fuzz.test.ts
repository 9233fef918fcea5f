// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { test } from "node:test";
import { type DataType, decimalOf, type StructField, type StructType } from "@sluice/delta";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import {
  below,
  bind,
  type CellValue,
  column,
  decimalFrom,
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
} from "../../unit/columns/support.ts";

const TYPES: readonly DataType[] = [
  "string",
  "binary",
  "boolean",
  "integer",
  "long",
  "float",
  "double",
  "date",
  "timestamp",
  "byte",
  "short",
  "timestamp_ntz",
  "decimal(5,2)",
  "decimal(18,4)",
  "decimal(30,10)",
];
const NAMES = [
  "id",
  "Id",
  'a"b',
  "back\\slash",
  "größe",
  "x",
  "long_column_name",
  "n\n",
  "🚰",
  "aa",
  "ab",
];

/** What the reference makes of a record: a row, or every reason to refuse it. */
type Verdict = { readonly row: CellValue[] } | { readonly reasons: ReadonlySet<string> };

/** Independent of the scanner: `JSON.parse`, and a tokenizer for what `JSON.parse` hides. */
function judge(schema: StructType, bytes: Uint8Array): Verdict {
  if (!isUtf8(bytes)) return { reasons: new Set(["any"]) };
  const text = Buffer.from(bytes).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reasons: new Set(["any"]) };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reasons: new Set(["malformed"]) };
  }
  const reasons = new Set<string>();
  const sources = new Map<string, string>();
  for (const [key, source] of membersOf(text)) {
    if (!isWellFormed(key)) reasons.add("invalid_utf8");
    else if (sources.has(key)) reasons.add("duplicate_field");
    else if (!schema.fields.some((field) => field.name === key)) reasons.add("unknown_field");
    for (const field of schema.fields) {
      const cell = field.name === key ? cellFrom(field, source) : null;
      if (typeof cell === "object" && cell !== null) reasons.add(cell.reason);
    }
    sources.set(key, source);
  }
  const row = schema.fields.map((field) => {
    const source = sources.get(field.name) ?? "null";
    const cell = cellFrom(field, source);
    if (typeof cell === "object" && cell !== null) reasons.add(cell.reason);
    return cell;
  });
  return reasons.size > 0 ? { reasons } : { row: row as CellValue[] };
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text, "utf8").toString("utf8") === text;
}

/** The keys of a valid JSON object with the source text of their values. */
function* membersOf(text: string): Generator<[string, string]> {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  let depth = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] as string;
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && tokens[index + 1] === ":") {
      yield [JSON.parse(token) as string, tokens[index + 2] as string];
      index++;
    }
  }
}

function cellFrom(field: StructField, source: string): CellValue | { reason: string } {
  if (source === "null") return field.nullable ? null : { reason: "missing_required" };
  const decimal = decimalOf(field.type);
  if (decimal !== undefined) {
    if (!/^["\-\d]/.test(source)) return { reason: "wrong_type" };
    const text = source.startsWith('"') ? source.slice(1, -1) : source;
    const unscaled = decimalFrom(text, decimal.precision, decimal.scale);
    if (typeof unscaled === "string") return { reason: unscaled };
    return decimal.precision <= 9 ? Number(unscaled) : unscaled;
  }
  switch (field.type) {
    case "string":
    case "binary": {
      if (!source.startsWith('"')) return { reason: "wrong_type" };
      const text = JSON.parse(source) as string;
      if (!isWellFormed(text)) return { reason: "invalid_utf8" };
      if (field.type === "string") return Buffer.from(text).toString("hex");
      return base64From(text);
    }
    case "boolean":
      if (source === "true") return 1;
      return source === "false" ? 0 : { reason: "wrong_type" };
    case "float":
    case "double": {
      if (!/^[-\d]/.test(source)) return { reason: "wrong_type" };
      const value = field.type === "float" ? Math.fround(Number(source)) : Number(source);
      return Number.isFinite(value) ? value : { reason: "out_of_range" };
    }
    default: {
      if (!/^[-\d]/.test(source)) return { reason: "wrong_type" };
      const whole = integerFrom(source, BITS[field.type as string] ?? 64);
      if (typeof whole === "object" || isInCalendar(field.type, whole)) return whole;
      return { reason: "out_of_range" };
    }
  }
}

function isInCalendar(type: DataType, value: CellValue): boolean {
  if (type === "date") return isDay(Number(value));
  if (type !== "timestamp" && type !== "timestamp_ntz") return true;
  const micros = value as bigint;
  return isDay(Number((micros - (((micros % DAY) + DAY) % DAY)) / DAY));
}

const DAY = 86_400_000_000n;
const BITS: Readonly<Record<string, 8 | 16 | 32>> = { byte: 8, short: 16, integer: 32, date: 32 };

function base64From(text: string): CellValue | { reason: string } {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  const matches = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(
    plain,
  );
  return matches ? Buffer.from(plain, "base64").toString("hex") : { reason: "wrong_type" };
}

function integerFrom(source: string, bits: 8 | 16 | 32 | 64): CellValue | { reason: string } {
  const [mantissa, exponentText = "0"] = source.toLowerCase().split("e");
  const [whole, fraction = ""] = (mantissa as string).split(".");
  const digits = BigInt((whole as string).replace("-", "") + fraction);
  const negative = source.startsWith("-");
  let exponent = Number(exponentText) - fraction.length;
  if (digits === 0n) return bits === 64 ? 0n : 0;
  let value = digits;
  while (exponent < 0 && value % 10n === 0n) {
    value /= 10n;
    exponent++;
  }
  if (exponent < 0) return { reason: "wrong_type" };
  if (exponent > 40) return { reason: "out_of_range" };
  value *= 10n ** BigInt(exponent) * (negative ? -1n : 1n);
  if (BigInt.asIntN(bits, value) !== value) return { reason: "out_of_range" };
  return bits === 64 ? value : Number(value);
}

const NUMBER_TEXTS: readonly string[] = [
  "0",
  "-0",
  "1.0",
  "1e3",
  "12.50",
  "1.5",
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "99999999999999999999",
  "1e18",
  "1e19",
  "1e400",
  "-1e-400",
  "4.9e-324",
  "3.4028235677973366e38",
  "01",
  "1.",
  ".5",
  "-",
  "+1",
  "1e",
  "NaN",
  "0x10",
  "100000000000000000000e-20",
];

function randomNumber(random: () => number): string {
  const roll = random();
  if (roll < 0.2) return pick(random, NUMBER_TEXTS);
  if (roll < 0.4) return String(below(random, 2 ** 31));
  if (roll < 0.6) return String((random() - 0.5) * 10 ** (below(random, 40) - 15));
  if (roll < 0.7)
    return (BigInt(below(random, 2 ** 32)) * BigInt(below(random, 2 ** 31))).toString();
  const digits = (): string =>
    Array.from({ length: 1 + below(random, 20) }, () => below(random, 10)).join("");
  const exponent = random() < 0.3 ? `e${below(random, 60) - 30}` : "";
  return `${random() < 0.5 ? "-" : ""}${BigInt(digits())}.${digits()}${exponent}`;
}

function randomString(random: () => number): string {
  const pieces = [
    "a",
    "B",
    " ",
    "é",
    "水",
    "🚰",
    "\\n",
    '\\"',
    "\\\\",
    "\\/",
    "\\u0041",
    "\\ud83d\\udeb0",
  ];
  const rare = ["\\ud800", "\\udc00x", "\\x", "\\u12", "\u0001", "\\u0000"];
  const length = random() < 0.05 ? below(random, 200) : below(random, 12);
  const content = Array.from({ length }, () =>
    random() < 0.005 ? pick(random, rare) : random() < 0.6 ? "abcdefgh" : pick(random, pieces),
  );
  return `"${content.join("")}"`;
}

function randomValue(random: () => number, type: DataType): string {
  if (random() < 0.08) return "null";
  if (random() < 0.04)
    return pick(random, ["{}", "[1]", "true", '"text"', "12", "nul", "True", ""]);
  if (decimalOf(type) !== undefined) {
    const text = random() < 0.9 ? randomDecimal(random) : randomNumber(random);
    return random() < 0.5 ? text : `"${random() < 0.1 ? "+" : ""}${text}"`;
  }
  if (type === "byte" && random() < 0.7) return String(below(random, 260) - 130);
  if (type === "short" && random() < 0.7) return String(below(random, 66_000) - 33_000);
  if (type === "string") return randomString(random);
  if (type === "boolean") return random() < 0.5 ? "true" : "false";
  if (type === "float" || type === "double") return randomNumber(random);
  if (type === "date" && random() < 0.7) return String(randomDay(random));
  if (type === "timestamp" || type === "timestamp_ntz") {
    if (random() < 0.7) return String(randomMicros(random));
  }
  if (type !== "binary")
    return random() < 0.3 ? randomNumber(random) : String(below(random, 2 ** 31));
  const text = Buffer.from(String(random()).slice(0, below(random, 12))).toString("base64");
  const roll = random();
  if (roll < 0.1) return JSON.stringify(text.replaceAll("=", ""));
  if (roll < 0.2) return `"${text.replaceAll("/", "\\/")}="`;
  return JSON.stringify(text);
}

function randomRecord(random: () => number, schema: StructType): Buffer {
  const space = (): string => (random() < 0.1 ? pick(random, [" ", "\n", "\t\r ", "  "]) : "");
  const fields = schema.fields.filter(() => random() < 0.93);
  if (random() < 0.1) fields.sort(() => random() - 0.5);
  if (random() < 0.02 && fields[0] !== undefined) fields.push(fields[0]);
  const members = fields.map((field) => {
    const name =
      random() < 0.05
        ? `"\\u${field.name.charCodeAt(0).toString(16).padStart(4, "0")}${JSON.stringify(field.name.slice(1)).slice(1)}`
        : JSON.stringify(field.name);
    return `${space()}${name}${space()}:${space()}${randomValue(random, field.type)}${space()}`;
  });
  if (random() < 0.02) members.push(pick(random, ['"unknown":1', '"ID":{"a":[1,{}]}', '"":0', ""]));
  const text = `${space()}{${members.join(",")}}${space()}${random() < 0.01 ? "x" : ""}`;
  return Buffer.from(text, "utf8");
}

function mutated(random: () => number, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  if (random() < 0.3) return bytes.subarray(0, below(random, bytes.length));
  const copy = Buffer.from(bytes);
  for (let count = 0; count < 1 + below(random, 2); count++) {
    copy[below(random, copy.length)] = pick(random, [
      below(random, 256),
      0x22,
      0x5c,
      0x7d,
      0x2c,
      0x30,
      0x00,
    ]);
  }
  return copy;
}

test("takes and refuses what a reference on JSON.parse takes and refuses", (context) => {
  const { seed, rounds } = fuzzSettings(10_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  let accepted = 0;
  for (let round = 0; round < rounds; ) {
    progress(round);
    const names = NAMES.filter(() => random() < 0.6);
    const schema = struct(
      ...names.map((name) => column(name, pick(random, TYPES), random() < 0.8)),
    );
    const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
    for (let count = 0; count < 100; count++, round++) {
      const original = randomRecord(random, schema);
      const record = random() < 0.7 ? original : mutated(random, original);
      const padding = below(random, 5);
      const buffer = Buffer.concat([
        Buffer.alloc(padding, 0x22),
        record,
        Buffer.alloc(below(random, 9), 0x7d),
      ]);
      const row = builder.rowCount;
      const took = decoder.decode(buffer, padding, padding + record.length);
      const verdict = judge(schema, record);
      const label = `round ${round}, record ${JSON.stringify(record.toString("utf8"))}, ${record.toString("hex")}, ${JSON.stringify(schema.fields.map((field) => [field.name, field.type, field.nullable]))}, ${decoder.failure?.message}`;
      assert.equal(took, "row" in verdict, label);
      assert.equal(builder.rowCount, took ? row + 1 : row, label);
      if ("row" in verdict) {
        accepted++;
        assert.deepEqual(rowOf(builder, row), verdict.row, label);
      } else {
        const { failure } = decoder;
        assert.ok(failure !== undefined);
        assert.ok(failure.byteOffset >= 0 && failure.byteOffset <= record.length, label);
        const expected = verdict.reasons.has("any") || verdict.reasons.has(failure.reason);
        assert.ok(expected, `${label}: ${[...verdict.reasons].join()}`);
      }
      if (random() < 0.02) builder.truncate(below(random, builder.rowCount + 1));
      if (random() < 0.01) builder.seal();
    }
  }
  assert.ok(accepted > rounds / 8, `only ${accepted} of ${rounds} records were accepted`);
});

/** Texts of doubles: shortest ones, of any length around the point, and with zeros in front. */
function doubleText(random: () => number): string {
  const digits = (count: number): string =>
    Array.from({ length: count }, () => below(random, 10)).join("");
  const sign = random() < 0.3 ? "-" : "";
  const roll = random();
  if (roll < 0.2) return sign + String(random() * 10 ** below(random, 9));
  if (roll < 0.4) return `${sign}0.${"0".repeat(below(random, 9))}${digits(1 + below(random, 20))}`;
  return `${sign}${1 + below(random, 9)}${digits(below(random, 12))}.${digits(1 + below(random, 20))}`;
}

test("reads doubles as Number does", (context) => {
  const { seed, rounds } = fuzzSettings(50_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  const schema = struct(column("v", "double", false));
  const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
  for (let round = 0; round < rounds; round++) {
    progress(round);
    const text = doubleText(random);
    const record = Buffer.from(`{"v":${text}}`);
    assert.ok(decoder.decode(record, 0, record.length), text);
    assert.ok(Object.is(rowOf(builder, 0)[0], Number(text)), text);
    builder.truncate(0);
  }
});

test("reads whole numbers as BigInt does", (context) => {
  const { seed, rounds } = fuzzSettings(20_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  const schema = struct(column("v", "long", false));
  const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
  for (let round = 0; round < rounds; round++) {
    progress(round);
    const digits = Array.from({ length: 1 + below(random, 18) }, () => below(random, 10)).join("");
    const value = BigInt(digits) * (random() < 0.5 ? -1n : 1n);
    const record = Buffer.from(`{"v":${value}}`);
    assert.ok(decoder.decode(record, 0, record.length), String(value));
    assert.equal(rowOf(builder, 0)[0], value);
    builder.truncate(0);
  }
});
