// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decodeEntry,
  encodeDefinition,
  encodeFramesHeader,
  encodeSchema,
} from "../../../src/journal/entry-codec.ts";

describe("log entries", () => {
  it("give back any definition", () => {
    const definitions = fc.record({
      definitionId: fc.integer({ min: 0, max: 0xffffffff }),
      schemaId: fc.integer({ min: 0, max: 0xffffffff }),
      format: fc.constantFrom("proto" as const, "json" as const, "avro" as const),
      tableName: fc.string({ unit: "grapheme", maxLength: 300 }),
      tableId: fc.uuid(),
      descriptor: fc.uint8Array({ maxLength: 500 }),
    });
    fc.assert(
      fc.property(definitions, (definition) => {
        const entry = decodeEntry(encodeDefinition(definition));
        assert.equal(entry?.kind, "definition");
        if (entry?.kind !== "definition") return;
        const descriptor = Uint8Array.from(entry.descriptor);
        assert.deepEqual({ ...entry, descriptor }, { kind: "definition", ...definition });
      }),
    );
  });

  it("give back any schema", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (schemaString) => {
        const schema = { schemaId: 3, schemaString };
        assert.deepEqual(decodeEntry(encodeSchema(schema)), { kind: "schema", ...schema });
      }),
    );
    assert.equal(decodeEntry(Buffer.from([3, 1, 0, 0, 0, 0xff, 0xff])), undefined);
  });

  it("give back frames without a copy", () => {
    const bytes = Buffer.concat([encodeFramesHeader(7), Buffer.from([1, 2, 3])]);
    const entry = decodeEntry(bytes);
    assert.ok(entry?.kind === "frames");
    assert.equal(entry.definitionId, 7);
    assert.equal(entry.frames.buffer, bytes.buffer);
    assert.deepEqual([...entry.frames], [1, 2, 3]);
  });

  it("refuse what is none of ours, and cut definitions", () => {
    assert.equal(decodeEntry(Buffer.from([9, 0, 0, 0, 0])), undefined);
    assert.equal(decodeEntry(Buffer.from([2, 0])), undefined);
    const whole = encodeDefinition({
      definitionId: 1,
      schemaId: 2,
      format: "json",
      tableName: "a.b.c",
      tableId: "id",
      descriptor: new Uint8Array(0),
    });
    for (let length = 0; length < whole.length; length++) {
      assert.equal(decodeEntry(whole.subarray(0, length)), undefined, `cut to ${length}`);
    }
  });
});
