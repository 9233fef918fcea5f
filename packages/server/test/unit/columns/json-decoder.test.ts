// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StructType } from "@sluice/delta";
import type { RecordFailure } from "../../../src/columns/decoder.ts";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import {
  bind,
  boundedColumn,
  type CellValue,
  column,
  hexOf,
  planOf,
  rowOf,
  struct,
} from "./support.ts";

const TABLE: StructType = struct(
  column("id", "long", false),
  column("name", "string"),
  column("ok", "boolean"),
  column("count", "integer"),
  column("ratio", "double"),
  column("small", "float"),
  column("raw", "binary"),
  column("day", "date"),
  column("at", "timestamp"),
);

function decode(
  text: string | Uint8Array,
  schema: StructType = TABLE,
): CellValue[] | RecordFailure {
  const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  if (decoder.decode(bytes, 0, bytes.length)) return rowOf(builder, 0);
  assert.equal(builder.rowCount, 0);
  assert.ok(decoder.failure !== undefined);
  return decoder.failure;
}

function refused(
  text: string | Uint8Array,
  reason: RecordFailure["reason"],
  field?: string,
): string {
  const failure = decode(text);
  assert.ok(!Array.isArray(failure), `accepted: ${String(text)}`);
  assert.deepEqual([failure.reason, failure.field], [reason, field], failure.message);
  return failure.message;
}

describe("JSON decoder", () => {
  test("takes a value of every type", () => {
    const text = `{"id": 9007199254740993, "name": "gr\u00f6\\u00dfe \\ud83d\\udeb0\\n", "ok": true, "count": -5,
      "ratio": 0.1, "small": 0.1, "raw": "AQI=", "day": 19000, "at": 1700000000000001}`;
    assert.deepEqual(decode(text), [
      9007199254740993n,
      hexOf("größe 🚰\n"),
      1,
      -5,
      0.1,
      Math.fround(0.1),
      "0102",
      19000,
      1700000000000001n,
    ]);
  });

  test("makes absent and null columns null", () => {
    const nulls = [null, null, null, null, null, null, null, null];
    assert.deepEqual(decode('{"id":1}'), [1n, ...nulls]);
    assert.deepEqual(decode('{"at":null,"name":null,"id":1}'), [1n, ...nulls]);
  });

  test("takes keys in any order, with escapes and white space", () => {
    const row = decode(' { "ratio" :\t1 , "na\\u006de":"x",\r\n"id":2 } ');
    assert.ok(Array.isArray(row));
    assert.deepEqual(row.slice(0, 5), [2n, hexOf("x"), null, null, 1]);
  });

  test("refuses a missing or null NOT NULL column", () => {
    assert.match(refused("{}", "missing_required", "id"), /"id" \(BIGINT\).*NOT NULL/);
    refused('{"id":null}', "missing_required", "id");
  });

  test("refuses unknown and repeated keys", () => {
    assert.match(refused('{"id":1,"ID":2}', "unknown_field", "ID"), /it has "id"/);
    refused('{"other":{"deep":[1]}}', "unknown_field", "other");
    refused('{"id":1,"id":1}', "duplicate_field", "id");
    refused('{"id":1,"\\u0069d":1}', "duplicate_field", "id");
  });

  test("refuses values of another type", () => {
    refused('{"id":"1"}', "wrong_type", "id");
    refused('{"id":1,"name":2}', "wrong_type", "name");
    refused('{"id":1,"ok":1}', "wrong_type", "ok");
    refused('{"id":{}}', "wrong_type", "id");
    refused('{"id":1.5}', "wrong_type", "id");
    refused('{"id":1,"raw":"A"}', "wrong_type", "raw");
    assert.match(
      refused('{"id":1,"at":"2024-01-01T00:00:00Z"}', "wrong_type", "at"),
      /2024-01-01T00:00:00Z.*microseconds since 1970/,
    );
  });

  test("takes whole numbers however they are written", () => {
    for (const text of ["1000", "1e3", "1000.0", "1.0E+3", "100000e-2"]) {
      const row = decode(`{"id":${text}}`);
      assert.equal(Array.isArray(row) ? row[0] : row.message, 1000n, text);
    }
  });

  test("holds integers to their range", () => {
    refused('{"id":9223372036854775808}', "out_of_range", "id");
    refused('{"id":-9223372036854775809}', "out_of_range", "id");
    refused('{"id":1,"count":2147483648}', "out_of_range", "count");
    refused('{"id":1,"ratio":1e999}', "out_of_range", "ratio");
    refused('{"id":1,"small":1e39}', "out_of_range", "small");
    const row = decode('{"id":-9223372036854775808,"count":-2147483648}');
    assert.ok(Array.isArray(row));
    assert.deepEqual([row[0], row[3]], [-(2n ** 63n), -2147483648]);
  });

  test("takes decimals exactly, as numbers and as strings", () => {
    const schema = struct(column("a", "decimal(5,2)"), column("b", "decimal(38,4)"));
    const row = decode('{"a":-123.4500,"b":"9999999999999999999999999999999999.9999"}', schema);
    assert.deepEqual(row, [-12345, 10n ** 38n - 1n]);
    assert.deepEqual(decode('{"a":"1e2","b":-0.0001}', schema), [10000, -1n]);
  });

  test("refuses decimals that do not fit, naming precision and scale", () => {
    const schema = struct(column("a", "decimal(5,2)"));
    for (const text of ["1000", "0.001", '"999.999"', "1e3"]) {
      const failure = decode(`{"a":${text}}`, schema);
      assert.ok(!Array.isArray(failure), text);
      assert.equal(failure.reason, "out_of_range");
      assert.match(failure.message, /"a" \(DECIMAL\(5,2\)\).*3 digits before the point and 2/);
    }
    for (const text of ['"1,5"', '""', '"."', "true", '"NaN"']) {
      const failure = decode(`{"a":${text}}`, schema);
      assert.ok(!Array.isArray(failure), text);
      assert.equal(failure.reason, "wrong_type", failure.message);
    }
  });

  test("holds TINYINT, SMALLINT and VARCHAR to their limits", () => {
    const schema = struct(
      column("t", "byte"),
      column("s", "short"),
      boundedColumn("v", "varchar(2)"),
    );
    assert.deepEqual(decode('{"t":-128,"s":32767,"v":"\u{1f600}é"}', schema), [
      -128,
      32767,
      hexOf("\u{1f600}é"),
    ]);
    for (const text of ['{"t":128}', '{"s":-32769}', '{"v":"abc"}', '{"v":"a\\u0062c"}']) {
      const failure = decode(text, schema);
      assert.ok(!Array.isArray(failure), text);
      assert.equal(failure.reason, "out_of_range", failure.message);
    }
  });

  test("takes ISO 8601 texts where the table asks for them", () => {
    const schema = struct(
      column("d", "date"),
      column("t", "timestamp"),
      column("n", "timestamp_ntz"),
    );
    const plan = planOf(compileJsonDecoder(schema, { acceptIsoTexts: true }));
    const { builder, decoder } = bind(plan, schema, 1);
    const take = (text: string): boolean => decoder.decode(Buffer.from(text), 0, text.length);
    for (const millis of [0, -1, 1_709_208_000_123, -62_135_596_800_000, 253_402_300_799_999]) {
      const iso = new Date(millis).toISOString();
      const text = `{"d":"${iso.slice(0, 10)}","t":"${iso}","n":"${iso.slice(0, -1)}"}`;
      assert.ok(take(text), `${text}: ${decoder.failure?.message}`);
      const micros = BigInt(millis) * 1000n;
      const row = rowOf(builder, builder.rowCount - 1);
      assert.deepEqual(row, [Math.floor(millis / 86_400_000), micros, micros], text);
    }
    assert.ok(take('{"t":"2024-02-29 10:00:00.123456+05:30","d":19782}'));
    const at = BigInt(Date.UTC(2024, 1, 29, 4, 30)) * 1000n + 123_456n;
    assert.deepEqual(rowOf(builder, builder.rowCount - 1), [19782, at, null]);
    for (const text of [
      '{"d":"2023-02-29"}',
      '{"d":"2024-1-01"}',
      '{"d":"0000-01-01"}',
      '{"d":"2024-01-01T00:00:00Z"}',
      '{"t":"2024-01-01T00:00:00"}',
      '{"t":"2024-01-01T24:00:00Z"}',
      '{"t":"2024-01-01T00:00:60Z"}',
      '{"t":"2024-01-01T00:00:00.1234567Z"}',
      '{"t":"2024-01-01T00:00:00.Z"}',
      '{"n":"2024-01-01T00:00:00Z"}',
      '{"n":""}',
    ]) {
      assert.ok(!take(text), text);
      assert.equal(decoder.failure?.reason, "wrong_type");
    }
  });

  test("refuses text that is not UTF-8 and halves of surrogate pairs", () => {
    refused(Buffer.from('{"id":1,"name":"\xff"}', "latin1"), "invalid_utf8", "name");
    refused(Buffer.from('{"\xff":1}', "latin1"), "invalid_utf8");
    refused('{"id":1,"name":"\\ud800"}', "invalid_utf8", "name");
  });

  test("takes texts of any length, with the odd letter anywhere", () => {
    const schema = struct(column("t", "string", false), column("n", "integer"));
    const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema, 1);
    const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 510, 511, 512, 513, 514, 1025];
    for (const length of lengths) {
      for (const odd of ["", "é", "\u{1f600}", '"', "\\", "\u0001", "\u007f"]) {
        for (const at of new Set([0, length >> 1, Math.max(0, length - 3), length])) {
          const text = "x".repeat(at) + odd + "y".repeat(length - at);
          const record = Buffer.from(JSON.stringify({ t: text, n: length }));
          assert.ok(decoder.decode(record, 0, record.length), decoder.failure?.message);
          assert.deepEqual(rowOf(builder, builder.rowCount - 1), [hexOf(text), length]);
        }
      }
      const broken = Buffer.from(`{"t":"${"x".repeat(length)}\xff"}`, "latin1");
      assert.ok(!decoder.decode(broken, 0, broken.length));
      assert.equal(decoder.failure?.reason, "invalid_utf8");
    }
  });

  test("refuses what is not the text of one JSON object", () => {
    for (const text of ["", "  ", "not json", "[1]", '""', "null", "1"]) refused(text, "malformed");
    for (const text of ['{"id":1}x', '{"id":1,}', "{,}", '{"id" 1}', '{"id":01}', '{"id":+1}']) {
      refused(text, "malformed");
    }
    for (const text of ['{"id":NaN}', '{"id":1 "name":2}', '{"id":nul}', "{'id':1}"]) {
      refused(text, "malformed");
    }
    refused('{"id":1,"name":"\n"}', "malformed", "name");
    refused('{"id":1,"name":"\\x"}', "malformed", "name");
  });

  test("says where a record ends too early", () => {
    const text = '{"id":1,"name":"abc"}';
    for (let length = 1; length < text.length; length++) {
      const failure = decode(text.slice(0, length));
      assert.ok(!Array.isArray(failure));
      assert.equal(failure.reason, "truncated", text.slice(0, length));
      assert.ok(failure.byteOffset <= length);
    }
  });

  test("does not spend the stack on nesting", () => {
    refused(`{"id":${"[".repeat(100_000)}`, "wrong_type", "id");
    refused(`{"deep":${'{"a":'.repeat(100_000)}`, "unknown_field", "deep");
  });

  test("shortens what it quotes", () => {
    const message = refused(`{"id":1,"ratio":"${"x".repeat(10_000)}"}`, "wrong_type", "ratio");
    assert.ok(message.length < 400);
  });

  test("leaves the rows before a refused record as they were", () => {
    const { builder, decoder } = bind(planOf(compileJsonDecoder(TABLE)), TABLE, 1);
    const good = Buffer.from('{"id":1,"name":"first"}');
    const bad = Buffer.from('{"id":2,"name":"second","count":"x"}');
    assert.ok(decoder.decode(good, 0, good.length));
    assert.ok(!decoder.decode(bad, 0, bad.length));
    assert.ok(decoder.decode(good, 0, good.length));
    assert.equal(builder.rowCount, 2);
    assert.deepEqual(rowOf(builder, 1), rowOf(builder, 0));
  });

  test("refuses a table with a column that cannot be written", () => {
    const outcome = compileJsonDecoder(struct(column("v", { type: "struct", fields: [] })));
    assert.equal(outcome.kind, "setupFailure");
    assert.match(outcome.kind === "setupFailure" ? outcome.message : "", /"v".*STRUCT/);
  });

  test("binds only to a builder of its schema", () => {
    const other = struct(column("id", "string"));
    assert.throws(() => bind(planOf(compileJsonDecoder(TABLE)), other), TypeError);
  });
});
