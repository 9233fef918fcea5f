// SPDX-License-Identifier: Apache-2.0
// A field of the descriptor that came with another wire type was skipped, and its column became null.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import type { StructType } from "@sluice/delta";
import { nestedMessageOf } from "../unit/columns/nested-proto.ts";
import { arrayOf, mapOf } from "../unit/columns/nested-support.ts";
import { bind, column, planOf, struct } from "../unit/columns/support.ts";

function outcomeOf(schema: StructType, hex: string, mode: "auto" | "interpreted"): unknown {
  const { descriptor } = nestedMessageOf(schema, true);
  const { decoder } = bind(planOf(compileProtoDecoder(schema, descriptor, { mode })), schema);
  const bytes = Buffer.from(hex, "hex");
  if (decoder.decode(bytes, 0, bytes.length)) return "taken";
  const { failure } = decoder;
  assert.ok(failure !== undefined);
  if (failure.reason === "wrong_type") assert.match(failure.message, /another wire type/);
  return [failure.reason, failure.field, failure.byteOffset];
}

const FLAT = struct(column("id", "long"), column("name", "string"), column("x", "double"));
const PARTS = struct(
  column("p", struct(column("x", "integer"), column("s", "string"))),
  column("a", arrayOf("integer")),
  column("t", arrayOf("string")),
  column("m", mapOf("string", "integer")),
);

for (const mode of ["auto", "interpreted"] as const) {
  describe(`a field with another wire type (${mode})`, () => {
    it("is refused by its name", () => {
      assert.deepEqual(outcomeOf(FLAT, "0801100a", mode), ["wrong_type", "name", 2]);
      assert.deepEqual(outcomeOf(FLAT, "0a020102", mode), ["wrong_type", "id", 0]);
      assert.deepEqual(outcomeOf(FLAT, "1801", mode), ["wrong_type", "x", 0]);
      assert.deepEqual(outcomeOf(FLAT, "0b", mode), ["wrong_type", "id", 0]);
      assert.deepEqual(outcomeOf(FLAT, "0d01020304", mode), ["wrong_type", "id", 0]);
      assert.deepEqual(outcomeOf(FLAT, "090102030405060708", mode), ["wrong_type", "id", 0]);
    });

    it("is skipped where the descriptor has no field of its number", () => {
      assert.equal(
        outcomeOf(FLAT, "0801200a2202010225010203042901020304050607080801", mode),
        "taken",
      );
    });

    it("is refused in a STRUCT, an ARRAY and a MAP, by its path", () => {
      assert.deepEqual(outcomeOf(PARTS, "0801", mode), ["wrong_type", "p", 0]);
      assert.deepEqual(outcomeOf(PARTS, "0a020a00", mode), ["wrong_type", "p.x", 2]);
      assert.deepEqual(outcomeOf(PARTS, "0a021001", mode), ["wrong_type", "p.s", 2]);
      assert.deepEqual(outcomeOf(PARTS, "1501020304", mode), ["wrong_type", "a", 0]);
      assert.deepEqual(outcomeOf(PARTS, "1801", mode), ["wrong_type", "t", 0]);
      assert.deepEqual(outcomeOf(PARTS, "22020801", mode), ["wrong_type", "m", 2]);
      assert.deepEqual(outcomeOf(PARTS, "22021200", mode), ["wrong_type", "m", 2]);
    });

    it("is skipped in a STRUCT and in an entry of a MAP where its number is unknown", () => {
      assert.equal(outcomeOf(PARTS, "0a0418011a00", mode), "taken");
      assert.equal(outcomeOf(PARTS, "220518011a0178", mode), "taken");
    });

    it("is taken as a repeated scalar that is packed or not", () => {
      assert.equal(outcomeOf(PARTS, "120201021003", mode), "taken");
    });
  });
}
