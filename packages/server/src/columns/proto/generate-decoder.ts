// SPDX-License-Identifier: Apache-2.0
import { FIELDS_PER_WORD } from "./generated-runtime.ts";
import { readValue } from "./generate-reads.ts";
import {
  fillsNullable,
  isRequired,
  type ProtoColumn,
  type ProtoField,
  type ProtoFieldPlan,
} from "./proto-field.ts";

/** Whether each record is checked by itself or text by the run: see `RunDecoder`. */
export type DecodingUnit = "record" | "run";

/**
 * Up to this many fields the expected way is one function. The engine does not optimise functions of the size that more
 * would need.
 */
const MAX_FIELDS_IN_ONE = 60;

/**
 * Writes the source of a decoder for one plan: the body of a function with the parameters `columns`, `sinks`, `builder`,
 * `runtime`, `viewOf`, `writeNull` and `nested`, which returns `decode(buffer, start, end)`.
 *
 * The source consists of fixed text and of integers taken from the plan. No name from a table or a descriptor enters
 * it: messages get their names from the runtime, by index.
 *
 * The decoder first walks the fields in the order of their numbers, which is the order in which encoders write them;
 * what comes in another order, or is not known, is read by a loop. It reads the columns' arrays anew for each row,
 * since they are replaced when a builder grows or is sealed. Of many fields each group whose flags share a word has
 * functions of its own; the flags are variables around them then.
 */
export function generateDecoderSource(plan: ProtoFieldPlan, unit: DecodingUnit): string {
  const { fields } = plan;
  const isGrouped = fields.length > MAX_FIELDS_IN_ONE;
  const absentColumns = chunksOf(absentColumnsOf(plan));
  return `"use strict";
${plan.columns.map((_, index) => `const c${index} = columns[${index}], s${index} = sinks[${index}];`).join("\n")}
${isGrouped ? declarations(plan) : ""}
${fields.map((field, index) => fieldFunction(plan, field, index)).join("\n")}
${words(fields)
  .map((word) => nullsFunction(plan, word))
  .join("\n")}
${absentColumns.map(absentFunction).join("\n")}
${oneofs(plan)
  .map((oneof) => leaveFunction(plan, oneof, unit))
  .join("\n")}
${isGrouped ? groupFunctions(plan, unit) : ""}
return function decode(buffer, start, end) {
const row = builder.rowCount;
if (row === builder.rowCapacity) builder.growRows();
const view = viewOf(buffer);
${plan.nested.length > 0 ? "nested.begin(buffer, view, start);" : ""}
let p = start, at = start, n = 0, tag = 0;
${isGrouped ? resets(plan) : declarations(plan)}
${isGrouped ? expectedCalls(plan) : fields.map((field, index) => expectedField(plan, field, index, "false")).join("\n")}
while (p < end) {
at = p;
tag = buffer[p++];
if (tag > 127) {
p = runtime.varint(buffer, view, at, end);
if (p < 0) return runtime.failRead(p, -1, at - start) > 0;
if (runtime.high !== 0) return runtime.fail("malformed", -1, at - start) > 0;
tag = runtime.low >>> 0;
}
${isGrouped ? "switch (runtime.wordOf(tag)) {" : "const offset = at - start;\nswitch (tag) {"}
${isGrouped ? otherCalls(plan) : fields.map((_, index) => fieldCase(plan, index, unit, "false")).join("\n")}
default: p = runtime.skipUnknown(buffer, view, p, end, tag, at - start);
}
if (p < 0) return false;
}
${requiredCheck(plan)}
${words(fields)
  .map((word) => `if (seen${word} !== ${allMask(fields, word)}) nulls${word}(row, seen${word});`)
  .join("\n")}
${absentColumns.map((_, chunk) => `absent${chunk}(row);`).join("\n")}
${plan.nested.length > 0 ? "if (!nested.finish(row, end)) return runtime.failNested(nested);" : ""}
builder.rowCount = row + 1;
return true;
};`;
}

/** The flags of the fields seen, and of each oneof the member that is set. */
function declarations(plan: ProtoFieldPlan): string {
  const flags = words(plan.fields).map((word) => `let seen${word} = 0;`);
  return [...flags, ...oneofs(plan).map((oneof) => `let chosen${oneof} = -1;`)].join("\n");
}

function resets(plan: ProtoFieldPlan): string {
  const flags = words(plan.fields).map((word) => `seen${word} = 0;`);
  return [...flags, ...oneofs(plan).map((oneof) => `chosen${oneof} = -1;`)].join("\n");
}

/** For each group, a function that walks its fields in order, and one that reads a field of it wherever it stands. */
function groupFunctions(plan: ProtoFieldPlan, unit: DecodingUnit): string {
  const { fields } = plan;
  const functions = words(fields).map((word) => {
    const group = [...fields.entries()].filter(([index]) => wordOf(index) === word);
    return `function expected${word}(buffer, view, p, end, row, start) {
let at = p, n = 0;
${group.map(([index, field]) => expectedField(plan, field, index, "-1")).join("\n")}
return p;
}
function other${word}(tag, buffer, view, p, end, row, offset) {
switch (tag) {
${group.map(([index]) => fieldCase(plan, index, unit, "-1")).join("\n")}
}
return p;
}`;
  });
  return functions.join("\n");
}

function expectedCalls({ fields }: ProtoFieldPlan): string {
  return words(fields)
    .map((word) => `if ((p = expected${word}(buffer, view, p, end, row, start)) < 0) return false;`)
    .join("\n");
}

function otherCalls({ fields }: ProtoFieldPlan): string {
  return words(fields)
    .map(
      (word) =>
        `case ${word}: p = other${word}(tag, buffer, view, p, end, row, at - start); break;`,
    )
    .join("\n");
}

/** A field in its expected place: its tag is compared byte by byte, so a tag written longer than needed is not it. */
function expectedField(
  plan: ProtoFieldPlan,
  field: ProtoField,
  index: number,
  failed: string,
): string {
  const bytes = varintBytes(field.tag);
  const comparison = bytes
    .map((byte, at) => `buffer[p${at === 0 ? "" : ` + ${at}`}] === ${byte}`)
    .join(" && ");
  const room = bytes.length === 1 ? "p < end" : `p + ${bytes.length - 1} < end`;
  return `if (${room} && ${comparison}) {
at = p;
p += ${bytes.length};
${readValue(plan, field, index, failed, "at - start")}
${seenStatement(plan, index, failed)}
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

/** A case of the switch that reads a field wherever it stands, `offset` bytes into the record. */
function fieldCase(
  plan: ProtoFieldPlan,
  index: number,
  unit: DecodingUnit,
  failed: string,
): string {
  const { tag, otherTag, nestedIndex, operation, columnIndex } = plan.fields[index] as ProtoField;
  // Text that is to be replaced would not be checked with the run.
  const before =
    unit === "run" && operation === "string"
      ? `if ((seen${wordOf(index)} & ${bitOf(index)}) !== 0 && !s${columnIndex}.isText(row)) return ${failed};\n`
      : "";
  const seen = seenStatement(plan, index, failed);
  const read = `${before}p = read${index}(buffer, p, end, row, offset, view); ${seen} break;`;
  if (otherTag === 0) return `case ${tag}: ${read}`;
  const other = `p = nested.read(${nestedIndex}, ${otherTag}, p, end); if (p < 0) { runtime.failNested(nested); return ${failed}; } ${seen} break;`;
  return `case ${tag}: ${read}\ncase ${otherTag}: ${other}`;
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

/** A function that makes columns null that no field fills. */
function absentFunction(columnIndexes: readonly number[], chunk: number): string {
  const statements = columnIndexes.map((index) => `writeNull(c${index}, row);`);
  return `function absent${chunk}(row) {\n${statements.join("\n")}\n}`;
}

/** A function that makes the nullable columns of one word null whose field was not seen. */
function nullsFunction(plan: ProtoFieldPlan, word: number): string {
  const statements = plan.fields.map((field, index) => {
    if (wordOf(index) !== word || !fillsNullable(plan, field)) return "";
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

/** Parts of a list, each small enough for one generated function. */
function chunksOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / FIELDS_PER_WORD) }, (_, chunk) =>
    items.slice(chunk * FIELDS_PER_WORD, (chunk + 1) * FIELDS_PER_WORD),
  );
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
function seenStatement(plan: ProtoFieldPlan, index: number, failed: string): string {
  const { oneof } = plan.fields[index] as ProtoField;
  if (oneof < 0) return setStatement(index);
  const cleared = words(plan.fields)
    .map((word) => ({ word, mask: maskOf(plan, word, (field) => field.oneof === oneof) }))
    .filter(({ mask }) => mask !== 0)
    .map(({ word, mask }) => `seen${word} &= ${~mask};`);
  return `if (chosen${oneof} !== ${index}) {
if (!leave${oneof}(chosen${oneof}, row)) return ${failed};
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
