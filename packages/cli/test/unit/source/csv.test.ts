// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column, ColumnType, SimpleTypeName } from "@sluice/client";
import { CsvSplitter } from "../../../src/source/csv-splitter.ts";
import { csvConverterFor } from "../../../src/source/csv-value.ts";
import { RecordCollector } from "../../../src/source/record-collector.ts";
import type { SourceRecord } from "../../../src/source/source-record.ts";

function convert(type: ColumnType | SimpleTypeName, text: string): string {
  const value = csvConverterFor(typeof type === "string" ? { kind: type } : type)(text);
  return "json" in value ? value.json : value.problem;
}

test("turns fields into the JSON that their column takes", () => {
  const cases: readonly (readonly [ColumnType | SimpleTypeName, string, string])[] = [
    ["long", "-9223372036854775808", "-9223372036854775808"],
    ["long", "+007", "7"],
    ["integer", " 42 ", "42"],
    ["integer", "2147483648", "is out of range; the column takes -2147483648 to 2147483647"],
    ["byte", "-129", "is out of range; the column takes -128 to 127"],
    ["short", "1.5", "is not a whole number"],
    ["double", "1e3", "1000"],
    ["double", ".5", "0.5"],
    ["double", "NaN", '"NaN"'],
    ["double", "1e999", "is out of range"],
    ["float", "0x10", "is not a number"],
    ["boolean", "TRUE", "true"],
    ["boolean", "0", "false"],
    ["boolean", "yes", "is not true or false"],
    ["string", 'a "b"\n', '"a \\"b\\"\\n"'],
    ["string", " 1 ", '" 1 "'],
    ["binary", "AQI=", '"AQI="'],
    [{ kind: "decimal", precision: 10, scale: 2 }, "12.50", '"12.50"'],
    [{ kind: "array", element: { kind: "integer" }, containsNull: true }, "[1, 2]", "[1, 2]"],
  ];
  for (const [type, text, json] of cases) assert.equal(convert(type, text), json, text);
});

test("turns dates into days", () => {
  assert.equal(convert("date", "1970-01-01"), "0");
  assert.equal(convert("date", "2024-02-29"), "19782");
  assert.equal(convert("date", "1969-12-31"), "-1");
  assert.equal(convert("date", "0001-01-01"), "-719162");
  assert.equal(convert("date", "19782"), "19782");
  for (const text of ["2023-02-29", "2024-13-01", "31.01.2024", "2024-1-31"]) {
    assert.equal(convert("date", text), "is not a date such as 2024-01-31");
  }
});

test("turns timestamps into microseconds", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["1970-01-01T00:00:00Z", "0"],
    ["2024-01-31T10:20:30.123456Z", "1706696430123456"],
    ["2024-01-31 10:20:30", "1706696430000000"],
    ["2024-01-31T10:20:30.1+02:00", "1706689230100000"],
    ["2024-01-31T10:20:30-0330", "1706709030000000"],
    ["2024-01-31T10:20Z", "1706696400000000"],
    ["2024-01-31", "1706659200000000"],
    ["1969-12-31T23:59:59.999999Z", "-1"],
    ["9999-12-31T23:59:59.999999Z", "253402300799999999"],
    ["1706696430123456", "1706696430123456"],
  ];
  for (const [text, micros] of cases) assert.equal(convert("timestamp", text), micros, text);
  for (const text of ["2024-01-31T24:00:00Z", "2024-01-31T10:60:00Z", "now", "10:20:30"]) {
    assert.equal(
      convert("timestamp", text),
      "is not a timestamp such as 2024-01-31T10:20:30.123456Z",
    );
  }
});

const COLUMNS: readonly Column[] = [
  { name: "id", type: { kind: "long" }, nullable: false },
  { name: "Name", type: { kind: "string" }, nullable: true },
  { name: "note", type: { kind: "string" }, nullable: false },
];

function jsonOf(record: SourceRecord): string {
  return "json" in record ? record.json : "";
}

function split(
  text: string,
  skipInvalid = false,
): { records: string[]; fault: string; skipped: number } {
  const collector = new RecordCollector({
    batchRecordCount: 100,
    onInvalid: skipInvalid ? "skip" : "fail",
  });
  const splitter = new CsvSplitter(collector, COLUMNS);
  for (const byte of Buffer.from(text)) splitter.push(Buffer.from([byte]));
  splitter.end();
  const { fault, skippedCount: skipped } = collector;
  const records = collector.take().flatMap((batch) => batch.records.map(jsonOf));
  return { records, fault: fault === undefined ? "" : `${fault.line}: ${fault.reason}`, skipped };
}

test("reads quoted fields, empty fields, byte order marks and names in another case", () => {
  const { records, fault } = split('\uFEFFID,name,note\r\n1,"a, ""b""\nc",\r\n2,,x\r\n');
  assert.equal(fault, "");
  assert.deepEqual(records, ['{"id":1,"Name":"a, \\"b\\"\\nc","note":""}', '{"id":2,"note":"x"}']);
});

test("says on which line and in which column a field is wrong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["id,note\n1,x\ntwo,y\n", '3: column id: "two" is not a whole number'],
    ["id,note\n,x\n", "2: column id: empty, but the column is NOT NULL"],
    ["id,note\n1\n", "2: 1 fields where the header names 2"],
    [
      "id,colour\n",
      '1: the header names the column "colour", which the table does not have; it has id, Name, note',
    ],
    ["id,ID,note\n", '1: the header names the column "ID" twice'],
    ["name,note\n", '1: the header lacks the column "id", which is NOT NULL in the table'],
    ["", "1: the file is empty; its first line must name the columns"],
  ];
  for (const [text, expected] of cases) assert.equal(split(text).fault, expected);
  assert.match(split('id,note\n1,"x"y\n').fault, /^2: not valid CSV/);
});

test("passes over invalid rows and counts them where that is asked for", () => {
  const { records, fault, skipped } = split("id,note\n1,x\ntwo,y\n3\n4,x\n", true);
  assert.equal(fault, "");
  assert.deepEqual(records, ['{"id":1,"note":"x"}', '{"id":4,"note":"x"}']);
  assert.equal(skipped, 2);
});

test("ends at a quote that is out of place, even where invalid rows are passed over", () => {
  const { records, fault } = split('id,note\n1,x\n2,"y"y\n3,z\n', true);
  assert.deepEqual(records, ['{"id":1,"note":"x"}']);
  assert.match(fault, /^3: not valid CSV/);
});
