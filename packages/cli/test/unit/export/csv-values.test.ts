// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseColumnList } from "@sluice/delta";
import fc from "fast-check";
import { parse } from "csv-parse/sync";
import { csvHeaderOf, csvLineWriterOf } from "../../../src/export/csv-values.ts";

test("tells NULL from an empty text and quotes what must be", () => {
  const { fields } = parseColumnList(
    "a STRING, `b-c` BINARY, d ARRAY<STRING>, e TIMESTAMP, f DOUBLE",
  );
  assert.equal(csvHeaderOf(fields), "a,b-c,d,e,f\n");
  const line = csvLineWriterOf(fields);
  assert.equal(
    line({ a: "", "b-c": null, d: ["x"], e: 0n, f: -0 }),
    '"",,"[""x""]",1970-01-01T00:00:00Z,-0.0\n',
  );
  assert.equal(line({ a: ' x"', "b-c": Uint8Array.of(255) }), '" x""",/w==,,,\n');
});

test("leaves no line empty", () => {
  assert.equal(csvLineWriterOf(parseColumnList("a INT").fields)({ a: null }), '""\n');
});

test("writes texts that a reader of CSV gets back", () => {
  const { fields } = parseColumnList("a STRING, b STRING");
  const line = csvLineWriterOf(fields);
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.deepEqual(parse(line({ a, b }), { record_delimiter: "\n" }), [[a, b]]);
    }),
  );
});
