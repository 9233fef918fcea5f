// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileProtoEncoder, recordIdOf, type TableSchema } from "@sluice/client";

const SCHEMA: TableSchema = {
  table: "main.default.readings",
  columns: [
    { name: "celsius", type: { kind: "double" }, nullable: true },
    { name: "reading_id", type: { kind: "string" }, nullable: true },
  ],
};

test("reads a record's id out of its text or its bytes, where it has one", () => {
  const encoder = compileProtoEncoder<Record<string, unknown>>(SCHEMA);
  const { descriptor } = encoder;
  const proto = (record: Record<string, unknown>): string | undefined =>
    recordIdOf(
      {
        record: Buffer.from(encoder.encode(record)),
        format: "proto",
        ...(descriptor === undefined ? {} : { descriptor }),
      },
      "reading_id",
    );
  const json = (text: string): string | undefined =>
    recordIdOf({ record: Buffer.from(text), format: "json" }, "reading_id");
  assert.equal(proto({ celsius: 20.5, reading_id: "ö-1" }), "ö-1");
  assert.equal(proto({ celsius: 20.5 }), undefined);
  assert.equal(json('{"celsius":20.5,"reading_id":"ö-1"}'), "ö-1");
  for (const text of ['{"celsius":20.5}', '{"reading_id":7}', "null", '"text"', "not json"]) {
    assert.equal(json(text), undefined, text);
  }
  assert.equal(recordIdOf({ record: Buffer.of(0xff), format: "proto" }, "reading_id"), undefined);
});
