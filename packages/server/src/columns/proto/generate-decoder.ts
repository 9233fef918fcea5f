// SPDX-License-Identifier: Apache-2.0
import { FIRST_DAY, FIRST_MICRO_HIGH, LAST_DAY, LAST_MICRO_HIGH } from "../calendar.ts";
import { FIELDS_PER_WORD } from "./generated-runtime.ts";
import {
  isRequired,
  type ProtoColumn,
  type ProtoField,
  type ProtoFieldPlan,
  type ReadOperation,
} from "./proto-field.ts";

/** Whether each record is checked by itself or text by the run: see `RunDecoder`. */
export type DecodingUnit = "record" | "run";

/**
 * Writes the source of a decoder for one plan: the body of a function with the parameters `columns`, `sinks`, `builder`,
 * `runtime`, `viewOf`, `writeNull` and `nested`, which returns `decode(buffer, start, end)`.
 *
 * The source consists of fixed text and of integers taken from the plan. No name from a table or a descriptor enters
 * it: messages get their names from the runtime, by index.
 *
 * The decoder first walks the fields in the order of their numbers, which is the order in which encoders write them;
 * what comes in another order, or is not known, is read by a loop. It reads the columns' arrays anew for each row,
 * since they are replaced when a builder grows or is sealed.
 */
export function generateDecoderSource(plan: ProtoFieldPlan, unit: DecodingUnit): string {
  const { fields } = plan;
  const absentColumns = absentColumnsOf(plan);
  return `"use strict";
${plan.columns.map((_, index) => `const c${index} = columns[${index}], s${index} = sinks[${index}];`).join("\n")}
${fields.map((field, index) => fieldFunction(plan, field, index)).join("\n")}
${words(fields)
  .map((word) => nullsFunction(plan, word))
  .join("\n")}
${oneofs(plan)
  .map((oneof) => leaveFunction(plan, oneof, unit))
  .join("\n")}
return function decode(buffer, start, end) {
const row = builder.rowCount;
if (row === builder.rowCapacity) builder.growRows();
const view = viewOf(buffer);
${plan.nested.length > 0 ? "nested.begin(buffer, view, start);" : ""}
let p = start, at = start, n = 0, tag = 0;
${words(fields)
  .map((word) => `let seen${word} = 0;`)
  .join("\n")}
${oneofs(plan)
  .map((oneof) => `let chosen${oneof} = -1;`)
  .join("\n")}
${fields.map((field, index) => expectedField(plan, field, index)).join("\n")}
while (p < end) {
at = p;
tag = buffer[p++];
if (tag > 127) {
p = runtime.varint(buffer, view, at, end);
if (p < 0) return runtime.failRead(p, -1, at - start) > 0;
if (runtime.high !== 0) return runtime.fail("malformed", -1, at - start) > 0;
tag = runtime.low >>> 0;
}
switch (tag) {
${fields.map((field, index) => fieldCase(plan, field, index, unit)).join("\n")}
default: p = runtime.skipUnknown(buffer, view, p, end, tag, at - start);
}
if (p < 0) return false;
}
${requiredCheck(plan)}
${words(fields)
  .map((word) => `if (seen${word} !== ${allMask(fields, word)}) nulls${word}(row, seen${word});`)
  .join("\n")}
${absentColumns.map((index) => `writeNull(c${index}, row);`).join("\n")}
${plan.nested.length > 0 ? "if (!nested.finish(row, end)) return runtime.failNested(nested);" : ""}
builder.rowCount = row + 1;
return true;
};`;
}

/** A field in its expected place: its tag is compared byte by byte, so a tag written longer than needed is not it. */
function expectedField(plan: ProtoFieldPlan, field: ProtoField, index: number): string {
  const bytes = varintBytes(field.tag);
  const comparison = bytes
    .map((byte, at) => `buffer[p${at === 0 ? "" : ` + ${at}`}] === ${byte}`)
    .join(" && ");
  const room = bytes.length === 1 ? "p < end" : `p + ${bytes.length - 1} < end`;
  return `if (${room} && ${comparison}) {
at = p;
p += ${bytes.length};
${readValue(plan, field, index, "false", "at - start")}
${seenStatement(plan, index)}
}`;
}

/** The same read as a function, for the loop: one copy inlined on the expected way is enough. */
function fieldFunction(plan: ProtoFieldPlan, field: ProtoField, index: number): string {
  return `function read${index}(buffer, p, end, row, offset, view) {
let n = 0;
${readValue(plan, field, index, "-1", "offset")}
return p;
}`;
}

function fieldCase(
  plan: ProtoFieldPlan,
  field: ProtoField,
  index: number,
  unit: DecodingUnit,
): string {
  const { tag, otherTag, nestedIndex, operation, columnIndex } = field;
  // Text that is to be replaced would not be checked with the run.
  const before =
    unit === "run" && operation === "string"
      ? `if ((seen${wordOf(index)} & ${bitOf(index)}) !== 0 && !s${columnIndex}.isText(row)) return false;\n`
      : "";
  const read = `${before}p = read${index}(buffer, p, end, row, at - start, view); ${seenStatement(plan, index)} break;`;
  if (otherTag === 0) return `case ${tag}: ${read}`;
  const other = `p = nested.read(${nestedIndex}, ${otherTag}, p, end); if (p < 0) return runtime.failNested(nested); ${seenStatement(plan, index)} break;`;
  return `case ${tag}: ${read}\ncase ${otherTag}: ${other}`;
}

/** Statements that read the value at `p` into row `row` and advance `p`, or return `failed`. */
function readValue(
  plan: ProtoFieldPlan,
  field: ProtoField,
  index: number,
  failed: string,
  byteOffset: string,
): string {
  const column = `c${field.columnIndex}`;
  const sink = `s${field.columnIndex}`;
  const fail = (fault: string): string =>
    `{ runtime.fail("${fault}", ${index}, ${byteOffset}); return ${failed}; }`;
  const varint = `p = runtime.varint(buffer, view, p, end);
if (p < 0) { runtime.failRead(p, ${index}, ${byteOffset}); return ${failed}; }`;
  /** A varint as `low` and `high`, read in place where it takes one byte or five to eight, as times do. */
  const longVarint = `let low = 0, high = 0;
if (p < end && buffer[p] < 128) low = buffer[p++];
else if (end - p >= 8 && ((n = view.getInt32(p, true)) & ${CONTINUATION_BITS}) === ${CONTINUATION_BITS} && (low = ~(high = view.getInt32(p + 4, true)) & ${CONTINUATION_BITS}) !== 0) {
p += 5 + (31 - Math.clz32(low & -low) >>> 3);
high &= low ^ low - 1;
high = high & 127 | high >>> 1 & 16256 | high >>> 2 & 2080768 | high >>> 3 & 266338304;
low = n & 127 | n >>> 1 & 16256 | n >>> 2 & 2080768 | n >>> 3 & 266338304 | high << 28;
high >>>= 4;
} else {
${varint}
low = runtime.low; high = runtime.high;
}`;
  const validity = isNullable(plan, field) ? `${column}.validity[row] = 1;` : "";
  const fixed = (byteCount: number, assignment: string): string =>
    `if (end - p < ${byteCount}) ${fail("truncated")}
${assignment}
p += ${byteCount};`;
  const store = (value: string): string => `${column}.values[row] = ${value};`;
  const { integerBits, maxCharacters, calendar } = field.limits;
  const storeHalves = (low: string, high: string): string =>
    `${calendar === "timestamp" ? timestampCheck(low, high, `${index}, ${byteOffset}`, failed) : ""}
n = row * 2;
const values = ${column}.values;
values[n] = ${low};
values[n + 1] = ${high};`;
  const inRange = (value: string): string => {
    if (calendar === "date") {
      return `if (${value} < ${FIRST_DAY} || ${value} > ${LAST_DAY}) ${fail("out_of_range")}`;
    }
    return integerBits === 0
      ? ""
      : `if (${value} << ${32 - integerBits} >> ${32 - integerBits} !== ${value}) ${fail("out_of_range")}`;
  };
  /** A varint whose upper half must be as given. */
  const narrowVarint = (high: string): string => `p = runtime.varint(buffer, view, p, end);
if (p < 0 || runtime.high !== ${high}) { runtime.failRead(p, ${index}, ${byteOffset}); return ${failed}; }`;
  const shortVarint = (high: string): string => `if (p < end && buffer[p] < 128) n = buffer[p++];
else if (p + 1 < end && buffer[p + 1] < 128) {
n = buffer[p] & 127 | buffer[p + 1] << 7;
p += 2;
} else if (p + 2 < end && buffer[p + 2] < 128) {
n = buffer[p] & 127 | (buffer[p + 1] & 127) << 7 | buffer[p + 2] << 14;
p += 3;
} else {
${narrowVarint(high)}
n = runtime.low;
}`;
  const body: Record<ReadOperation, () => string> = {
    bool: () => `if (p < end && buffer[p] < 128) n = buffer[p++];
else {
${varint}
n = runtime.low | runtime.high;
}
${store("n === 0 ? 0 : 1")}`,
    int32: () => `${shortVarint(SIGN_EXTENSION)}\n${inRange("n")}\n${store("n")}`,
    sint32: () => `${shortVarint("0")}\nn = (n >>> 1) ^ -(n & 1);\n${inRange("n")}\n${store("n")}`,
    sfixed32: () => fixed(4, `n = view.getInt32(p, true);\n${inRange("n")}\n${store("n")}`),
    float: () => fixed(4, store("view.getFloat32(p, true)")),
    floatAsDouble: () => fixed(4, store("view.getFloat32(p, true)")),
    double: () => fixed(8, store("view.getFloat64(p, true)")),
    int64: () => `${longVarint}\n${storeHalves("low", "high")}`,
    sint64: () => `${longVarint}
n = -(low & 1);
low = (low >>> 1 | high << 31) ^ n;
high = high >>> 1 ^ n;
${storeHalves("low", "high")}`,
    sfixed64: () =>
      fixed(
        8,
        `const low = view.getInt32(p, true), high = view.getInt32(p + 4, true);
${storeHalves("low", "high")}`,
      ),
    int32AsInt64: () =>
      `${narrowVarint(SIGN_EXTENSION)}\n${storeHalves("runtime.low", "runtime.high")}`,
    sint32AsInt64: () => `${narrowVarint("0")}
const value = (runtime.low >>> 1) ^ -(runtime.low & 1);
${storeHalves("value", "value >> 31")}`,
    uint32AsInt64: () => `${narrowVarint("0")}\n${storeHalves("runtime.low", "0")}`,
    sfixed32AsInt64: () =>
      fixed(4, `const value = view.getInt32(p, true);\n${storeHalves("value", "value >> 31")}`),
    fixed32AsInt64: () => fixed(4, storeHalves("view.getInt32(p, true)", "0")),
    string: () => `${lengthOf(varint, fail)}
if (!${sink}.writeText(row, buffer, view, p, n)) ${fail("invalid_utf8")}
${maxCharacters === 0 ? "" : `if (n > ${maxCharacters} && !runtime.hasRoom(buffer, p, n, ${maxCharacters})) ${fail("out_of_range")}`}
p += n;`,
    nested: () => `p = nested.read(${field.nestedIndex}, ${field.tag}, p, end);
if (p < 0) { runtime.failNested(nested); return ${failed}; }`,
    decimal: () => `${lengthOf(varint, fail)}
if (!runtime.readDecimal(buffer, p, n, ${index}, ${byteOffset})) return ${failed};
p += n;
${storeWords(field, column)}`,
    bytes: () => `${lengthOf(varint, fail)}
${sink}.writeBytes(row, buffer, view, p, n);
p += n;`,
  };
  return `${body[field.operation]()}\n${validity}`;
}

/** The bit of each byte of a word that says whether the varint goes on. */
const CONTINUATION_BITS = 0x8080_8080 | 0;

/** The upper half of a varint that is an int32. */
const SIGN_EXTENSION = "runtime.low >> 31";

/** Leaves a timestamp to the runtime only where the upper half does not show that it is in range. */
function timestampCheck(low: string, high: string, place: string, failed: string): string {
  return `if ((${high} <= ${FIRST_MICRO_HIGH} || ${high} >= ${LAST_MICRO_HIGH}) && !runtime.isTimestamp(${low}, ${high}, ${place})) return ${failed};`;
}

/** Stores the decimal that the runtime has read, in as many words as a value of the column has. */
function storeWords(field: ProtoField, column: string): string {
  const count = field.columnKind === "int32" ? 1 : field.columnKind === "int64" ? 2 : 4;
  const statements = Array.from(
    { length: count },
    (_, word) => `${column}.values[row * ${count} + ${word}] = runtime.words[${word}];`,
  );
  return statements.join("\n");
}

function lengthOf(varint: string, fail: (fault: string) => string): string {
  return `if (p < end && buffer[p] < 128) {
n = buffer[p++];
if (n > end - p) ${fail("truncated")}
} else if (p + 1 < end && buffer[p + 1] < 128) {
n = buffer[p] & 127 | buffer[p + 1] << 7;
p += 2;
if (n > end - p) ${fail("truncated")}
} else {
${varint}
if (!runtime.fits(p, end)) ${fail("truncated")}
n = runtime.low;
}`;
}

function requiredCheck(plan: ProtoFieldPlan): string {
  const { fields } = plan;
  const seen = words(fields).map((word) => `seen${word}`);
  return words(fields)
    .map((word) => {
      const mask = maskOf(plan, word, (field) =>
        isRequired(plan.columns[field.columnIndex] as ProtoColumn),
      );
      if (mask === 0) return "";
      return `if ((seen${word} & ${mask}) !== ${mask}) return runtime.failMissing([${seen.join(", ")}], end - start);`;
    })
    .join("\n");
}

/** A function that makes the nullable columns of one word null whose field was not seen. */
function nullsFunction(plan: ProtoFieldPlan, word: number): string {
  const statements = plan.fields.map((field, index) => {
    if (wordOf(index) !== word || !isNullable(plan, field)) return "";
    const column = `c${field.columnIndex}`;
    const ends =
      field.columnKind === "bytes"
        ? ` const ends = ${column}.ends; ends[row] = row === 0 ? 0 : ends[row - 1];`
        : "";
    return `if ((seen & ${bitOf(index)}) === 0) { ${column}.validity[row] = 0;${ends} }`;
  });
  return `function nulls${word}(row, seen) {\n${statements.filter((text) => text !== "").join("\n")}\n}`;
}

function absentColumnsOf(plan: ProtoFieldPlan): number[] {
  const filled = new Set(plan.fields.map((field) => field.columnIndex));
  return plan.columns
    .map((_, index) => index)
    .filter((index) => !filled.has(index) && !(plan.columns[index]?.isNested ?? false));
}

function isNullable(plan: ProtoFieldPlan, field: ProtoField): boolean {
  const column = plan.columns[field.columnIndex];
  return column !== undefined && column.nullable && !column.isNested;
}

function oneofs({ oneofCount }: ProtoFieldPlan): number[] {
  return Array.from({ length: oneofCount }, (_, oneof) => oneof);
}

/** A function that readies row `row` for another member of a oneof than `field`; false where its text is in doubt. */
function leaveFunction(plan: ProtoFieldPlan, oneof: number, unit: DecodingUnit): string {
  const cases = plan.fields.map((field, index) => {
    if (field.oneof !== oneof) return "";
    if (field.nestedIndex >= 0) return `case ${index}: nested.clear(${field.nestedIndex}); break;`;
    // Text that is taken back would not be checked with the run.
    return unit === "run" && field.operation === "string"
      ? `case ${index}: return s${field.columnIndex}.isText(row);`
      : "";
  });
  return `function leave${oneof}(field, row) {
switch (field) {
${cases.filter((text) => text !== "").join("\n")}
}
return true;
}`;
}

/** Notes that a field was read; of a oneof only the last one stays. */
function seenStatement(plan: ProtoFieldPlan, index: number): string {
  const { oneof } = plan.fields[index] as ProtoField;
  if (oneof < 0) return setStatement(index);
  const cleared = words(plan.fields)
    .map((word) => ({ word, mask: maskOf(plan, word, (field) => field.oneof === oneof) }))
    .filter(({ mask }) => mask !== 0)
    .map(({ word, mask }) => `seen${word} &= ${~mask};`);
  return `if (chosen${oneof} !== ${index}) {
if (!leave${oneof}(chosen${oneof}, row)) return false;
${cleared.join(" ")}
chosen${oneof} = ${index};
}
${setStatement(index)}`;
}

function setStatement(index: number): string {
  return `seen${wordOf(index)} |= ${bitOf(index)};`;
}

function words(fields: readonly ProtoField[]): number[] {
  return Array.from({ length: Math.ceil(fields.length / FIELDS_PER_WORD) }, (_, word) => word);
}

function wordOf(index: number): number {
  return Math.floor(index / FIELDS_PER_WORD);
}

function bitOf(index: number): number {
  return 1 << (index % FIELDS_PER_WORD);
}

function allMask(fields: readonly ProtoField[], word: number): number {
  const count = Math.min(FIELDS_PER_WORD, fields.length - word * FIELDS_PER_WORD);
  return 2 ** count - 1;
}

function maskOf(
  plan: ProtoFieldPlan,
  word: number,
  includes: (field: ProtoField) => boolean,
): number {
  let mask = 0;
  for (const [index, field] of plan.fields.entries()) {
    if (wordOf(index) === word && includes(field)) mask |= bitOf(index);
  }
  return mask;
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
