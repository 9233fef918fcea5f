// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_INGEST_PAYLOAD_BYTES } from "@sluice/protocol";
import fc from "fast-check";
import { JsonSplitter } from "../../../src/source/json-splitter.ts";
import { NdjsonSplitter } from "../../../src/source/ndjson-splitter.ts";
import { RecordCollector } from "../../../src/source/record-collector.ts";
import type { SourceRecord } from "../../../src/source/source-record.ts";

type Splitter = typeof JsonSplitter | typeof NdjsonSplitter;

interface Found {
  records: string[];
  fault: string | undefined;
  skipped: string | undefined;
  skippedCount: number;
}

function jsonOf(record: SourceRecord): string {
  return "json" in record ? record.json : "";
}

function split(Kind: Splitter, chunks: readonly Buffer[], skipInvalid = false): Found {
  const collector = new RecordCollector({
    batchRecordCount: 3,
    onInvalid: skipInvalid ? "skip" : "fail",
  });
  const splitter = new Kind(collector);
  const records: string[] = [];
  const take = (): void => {
    for (const batch of collector.take()) records.push(...batch.records.map(jsonOf));
  };
  for (const chunk of chunks) {
    splitter.push(chunk);
    take();
  }
  splitter.end();
  take();
  const place = ({ line, reason }: { line: number; reason: string }): string =>
    `${line}: ${reason}`;
  return {
    records,
    fault: collector.fault && place(collector.fault),
    skipped: collector.firstInvalid && place(collector.firstInvalid),
    skippedCount: collector.skippedCount,
  };
}

function splitText(Kind: Splitter, text: string, skipInvalid = false): Found {
  return split(Kind, [Buffer.from(text)], skipInvalid);
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [...positions]
    .map((position) => position % (bytes.length + 1))
    .sort((a, b) => a - b);
  const bounds = [0, ...sorted, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

const arbitraryRecord = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
const arbitraryCuts = fc.array(fc.nat(), { maxLength: 20 });

describe("JSON", () => {
  test("finds the records of an array, however it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRecord, { maxLength: 8 }),
        arbitraryCuts,
        fc.constantFrom(undefined, 2),
        (records, cuts, indent) => {
          const text = JSON.stringify(records, undefined, indent);
          const found = split(JsonSplitter, cut(Buffer.from(text), cuts));
          assert.equal(found.fault, undefined);
          assert.deepEqual(
            found.records.map((record) => JSON.stringify(JSON.parse(record))),
            records.map((record) => JSON.stringify(record)),
          );
        },
      ),
    );
  });

  test("finds objects one behind the other, and arrays among them", () => {
    const found = splitText(JsonSplitter, '{"a":1}{"a":2}\n{"a":3} [{"a":4}, {"a":5}] []');
    assert.equal(found.fault, undefined);
    assert.deepEqual(found.records, ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}', '{"a":5}']);
  });

  test("passes the text of a record on with every digit", () => {
    const text = '{"id": 9007199254740993, "s": "}{\\"[", "n": {"x": [{}]}}';
    assert.deepEqual(splitText(JsonSplitter, `[${text}]`).records, [text]);
  });

  test("says on which line the input cannot be read", () => {
    const cases: readonly (readonly [string, string])[] = [
      ['[\n{"a":1},\n7]', '3: expected a record, which begins with "{", found "7"'],
      ['[{"a":1}\n{"a":2}]', '2: expected "," or "]" after a record, found "{"'],
      ['[{"a":1},]', '1: expected a record, which begins with "{", found "]"'],
      ['[{"a":1}', "1: the input ends inside of the array; `]` is missing"],
      ['\n{"a":\n{"b":1}', "2: the record that begins here is not closed at the end of the input"],
    ];
    for (const [text, fault] of cases) assert.equal(splitText(JsonSplitter, text).fault, fault);
  });

  test("hands out what comes before the fault, and nothing behind it", () => {
    const found = splitText(JsonSplitter, '[{"a":1},{a:2},{"a":3}]');
    assert.deepEqual(found.records, ['{"a":1}']);
    assert.match(found.fault ?? "", /^1: not valid JSON/);
  });

  test("passes over invalid records and counts them where that is asked for", () => {
    const found = splitText(JsonSplitter, '[{"a":1},\n{a:2},{b},{"a":3}]', true);
    assert.deepEqual(found.records, ['{"a":1}', '{"a":3}']);
    assert.equal(found.skippedCount, 2);
    assert.match(found.skipped ?? "", /^2: not valid JSON/);
  });

  test("refuses a record over the limit, and finds the next one", () => {
    const long = `{"a":"${"x".repeat(MAX_INGEST_PAYLOAD_BYTES)}"}`;
    const bytes = Buffer.from(`[${long},{"a":1}]`);
    const found = split(JsonSplitter, cut(bytes, [1_000_000, 5_000_000]), true);
    assert.deepEqual(found.records, ['{"a":1}']);
    assert.match(found.skipped ?? "", /longer than the limit/);
  });
});

describe("NDJSON", () => {
  test("finds the record of each line, however the input is cut", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRecord, { maxLength: 8 }),
        arbitraryCuts,
        fc.constantFrom("\n", "\r\n", "\n\n \n"),
        fc.boolean(),
        (records, cuts, lineEnd, endsWithLine) => {
          const lines = records.map((record) => JSON.stringify(record));
          const text = lines.join(lineEnd) + (endsWithLine ? lineEnd : "");
          const found = split(NdjsonSplitter, cut(Buffer.from(text), cuts));
          assert.equal(found.fault, undefined);
          assert.deepEqual(
            found.records.map((record) => record.trim()),
            lines,
          );
        },
      ),
    );
  });

  test("says on which line the record is invalid", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['{"a":1}\n\n{"a":}\n', /^3: not valid JSON/],
      ["[1]", /^1: a record must be a JSON object/],
      ['{"a":1}\nnull', /^2: a record must be a JSON object/],
    ];
    for (const [text, fault] of cases) {
      assert.match(splitText(NdjsonSplitter, text).fault ?? "", fault);
    }
  });

  test("refuses text that is not UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    assert.match(split(NdjsonSplitter, [bytes]).fault ?? "", /^1: the text is not UTF-8/);
  });

  test("refuses a line over the limit, and finds the next one", () => {
    const long = `{"a":"${"x".repeat(MAX_INGEST_PAYLOAD_BYTES)}"}`;
    const bytes = Buffer.from(`${long}\n{"a":1}\n`);
    const found = split(NdjsonSplitter, cut(bytes, [1_000_000, 5_000_000]), true);
    assert.deepEqual(found.records, ['{"a":1}']);
    assert.equal(found.skipped, `1: ${found.skipped?.slice(3)}`);
    assert.match(found.skipped ?? "", /longer than the limit/);
  });
});

test("closes a batch at its count, and counts the lines of its records", () => {
  const collector = new RecordCollector({ batchRecordCount: 2, onInvalid: "fail" });
  const splitter = new NdjsonSplitter(collector);
  splitter.push(Buffer.from('{"a":1}\n\n{"a":2}\n{"a":3}\n'));
  const record = (line: number, a: number): SourceRecord => ({
    line,
    json: `{"a":${a}}`,
    parsed: { a },
  });
  assert.deepEqual(collector.take(), [
    { records: [record(1, 1), record(3, 2)], firstLine: 1, lastLine: 3 },
    { records: [record(4, 3)], firstLine: 4, lastLine: 4 },
  ]);
  assert.deepEqual(collector.take(), []);
});
