// SPDX-License-Identifier: Apache-2.0
import { FIRST_DAY, FIRST_MICRO_HIGH, LAST_DAY, LAST_MICRO_HIGH } from "../calendar.ts";
import {
  fillsNullable,
  type ProtoField,
  type ProtoFieldPlan,
  type ReadOperation,
} from "./proto-field.ts";

/** Statements that read the value at `p` into row `row` and advance `p`, or return `failed`. */
export function readValue(
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
  const validity = fillsNullable(plan, field) ? `${column}.validity[row] = 1;` : "";
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
