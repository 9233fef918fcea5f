// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, columnSpecsOf, parseColumnList, type StructType } from "@sluice/delta";
import { compileDecoder, recordRulesOf } from "../../../src/ingest/compile-decoder.ts";
import { descriptorOf, hexOf, rowOf } from "./support.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import { withDefaults } from "../../../src/columns/default-values.ts";

/** Columns of a table, some with defaults. */
function schemaWith(columns: string, defaults: Readonly<Record<string, string>>): StructType {
  const schema = parseColumnList(columns);
  const fields = schema.fields.map((field) => {
    const text = defaults[field.name];
    return text === undefined ? field : { ...field, metadata: { CURRENT_DEFAULT: text } };
  });
  return { ...schema, fields };
}

const FIXED = schemaWith("id BIGINT NOT NULL, n INT NOT NULL, big DECIMAL(38,2), at TIMESTAMP", {
  n: "-7",
  big: "-12345678901234567890.25",
  at: "TIMESTAMP '1969-12-31T23:59:59.999999Z'",
});
const TEXT = schemaWith("s STRING NOT NULL, id INT", { s: "'dé'" });
/** As the columns hold them. */
const FIXED_DEFAULTS = [-7, -1_234_567_890_123_456_789_025n, -1n];

describe("defaults of columns", () => {
  it("stand where JSON leaves a column out, and nowhere else", () => {
    const rules = recordRulesOf(FIXED, "t");
    const builder = new BlockBuilder(columnSpecsOf(rules.schema), 2);
    const plan = compileDecoder(rules, "json", new Uint8Array(0), "t", {});
    const decoder = plan.bind(builder);
    for (const text of ['{"id":1}', '{"id":2,"n":5,"big":"1.00","at":0}', '{"id":3,"big":null}']) {
      const bytes = Buffer.from(text);
      assert.ok(decoder.decode(bytes, 0, bytes.length), decoder.failure?.message);
    }
    const rows = [0, 1, 2].map((row) => rowOf(builder, row).slice(1));
    const [n, , at] = FIXED_DEFAULTS;
    assert.deepEqual(rows, [FIXED_DEFAULTS, [5, 100n, 0n], [n, null, at]]);
  });

  it("stand where a protobuf record leaves a field out, by the record and in runs", () => {
    const rules = recordRulesOf(FIXED, "t");
    const descriptor = descriptorOf([
      { name: "id", number: 1, type: "int64" },
      { name: "n", number: 2, type: "int32" },
    ]);
    const compiled = compileProtoDecoder(rules.schema, descriptor);
    assert.ok(compiled.kind === "plan");
    for (const inRun of [false, true]) {
      const builder = new BlockBuilder(columnSpecsOf(rules.schema), 2);
      const decoder = withDefaults(compiled, rules.defaults).bind(builder);
      const { run } = decoder;
      assert.ok(run !== undefined);
      for (const bytes of [Buffer.from([8, 1]), Buffer.from([8, 2, 16, 9]), Buffer.from([8, 3])]) {
        assert.ok((inRun ? run : decoder).decode(bytes, 0, bytes.length));
      }
      if (inRun) assert.ok(run.finish(0));
      const rows = [0, 1, 2].map((row) => rowOf(builder, row).slice(1));
      const [, big, at] = FIXED_DEFAULTS;
      assert.deepEqual(rows, [FIXED_DEFAULTS, [9, big, at], FIXED_DEFAULTS], `inRun ${inRun}`);
    }
  });

  it("may be texts, and then records are not decoded in runs", () => {
    const rules = recordRulesOf(TEXT, "t");
    const compiled = compileProtoDecoder(
      rules.schema,
      descriptorOf([{ name: "id", number: 1, type: "int32" }]),
    );
    assert.ok(compiled.kind === "plan");
    const builder = new BlockBuilder(columnSpecsOf(rules.schema), 2);
    const decoder = withDefaults(compiled, rules.defaults).bind(builder);
    assert.equal(decoder.run, undefined);
    for (let id = 0; id < 5; id++) assert.ok(decoder.decode(Buffer.from([8, id]), 0, 2));
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((row) => rowOf(builder, row)),
      [0, 1, 2, 3, 4].map((id) => [hexOf("dé"), id]),
    );
  });

  it("are refused where they cannot be worked out, naming the column", () => {
    const schema = schemaWith("id INT, at TIMESTAMP", { at: "current_timestamp()" });
    assert.throws(() => recordRulesOf(schema, "a.b.c"), {
      code: "unimplemented",
      message: /table a\.b\.c.*current_timestamp.*"at"/,
    });
  });
});
