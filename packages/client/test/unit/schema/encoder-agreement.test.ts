// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import type { Column, ColumnType } from "@sluice/client";
import fc from "fast-check";
import { messageOfSchema } from "../../../src/schema/descriptor/message-of-schema.ts";
import { canGenerateCode } from "../../../src/schema/encode/proto-compiler.ts";
import { protoEncoderOf } from "../../../src/schema/encode/proto-encoder.ts";
import { column, decoded, schemaOf, structOf, typeOfDescriptor } from "./support.ts";

const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: "grapheme", maxLength: 200 }),
  boolean: fc.boolean(),
  integer: fc.integer(),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  double: fc.double({ noNaN: true }),
  date: fc.integer({ min: -719_162, max: 2_932_896 }),
  timestamp: fc.maxSafeInteger().map(String).map(BigInt),
};

interface Field {
  readonly column: Column;
  readonly value: fc.Arbitrary<unknown>;
}

/** Columns of random types, each with values of its type in the form that protobufjs reads them back. */
function fieldsOf(depth: number): fc.Arbitrary<readonly Field[]> {
  const scalar = fc.constantFrom(...Object.keys(SCALARS)).map((kind) => ({
    type: { kind } as ColumnType,
    value: SCALARS[kind] as fc.Arbitrary<unknown>,
  }));
  const struct =
    depth === 0
      ? scalar
      : fieldsOf(depth - 1).map((fields) => ({
          type: structOf(...fields.map((field) => field.column)),
          value: recordOf(fields),
        }));
  const element = fc.oneof(scalar, struct);
  const list = element.map(({ type, value }) => ({
    type: { kind: "array", element: type, containsNull: true } as ColumnType,
    value: fc.array(value, { minLength: 1, maxLength: 20 }),
  }));
  const map = element.map(({ type, value }) => ({
    type: {
      kind: "map",
      key: { kind: "string" },
      value: type,
      valueContainsNull: true,
    } as ColumnType,
    value: fc.dictionary(
      fc.string({ maxLength: 5 }).map((key) => `k${key}`),
      value,
      { minKeys: 1, maxKeys: 5, noNullPrototype: true },
    ),
  }));
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: element }, list, map), { minLength: 1, maxLength: 6 })
    .map((parts) =>
      parts.map(({ type, value }, index) => ({ column: column(`c${index}`, type), value })),
    );
}

function recordOf(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.fromEntries(fields.map((field) => [field.column.name, field.value]));
  return fc.record(values, { requiredKeys: [], noNullPrototype: true });
}

/** As protobufjs shows it: 64-bit values as text. */
function shown(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member)]));
}

describe("encoders of any schema", () => {
  it("agree, generated and interpreted, and are read back by another library", () => {
    fc.assert(
      fc.property(
        fieldsOf(2).chain((fields) =>
          fc.tuple(fc.constant(fields), fc.array(recordOf(fields), { minLength: 1, maxLength: 5 })),
        ),
        ([fields, records]) => {
          const message = messageOfSchema(schemaOf(...fields.map((field) => field.column)));
          const generated = protoEncoderOf<unknown>(message, {}, "generated");
          const interpreted = protoEncoderOf<unknown>(message, {}, "interpreted");
          const type = typeOfDescriptor(generated.descriptor as Uint8Array);
          for (const record of records) {
            const bytes = Buffer.from(generated.encode(record));
            assert.deepEqual(Buffer.from(interpreted.encode(record)), bytes);
            assert.deepEqual(decoded(type, bytes), shown(record));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("are interpreted where code may not be generated", () => {
    assert.equal(canGenerateCode(), true);
    const client = import.meta.resolve("@sluice/client");
    const script = `
      import { compileProtoEncoder } from ${JSON.stringify(client)};
      const columns = [{ name: "id", type: { kind: "long" }, nullable: false }];
      const encoder = compileProtoEncoder({ table: "a.b.c", columns });
      process.stdout.write(Buffer.from(encoder.encode({ id: 300 })).toString("hex"));`;
    const flags = [
      "--disallow-code-generation-from-strings",
      "--input-type=module",
      "--eval",
      script,
    ];
    assert.equal(execFileSync(process.execPath, flags, { encoding: "utf8" }), "08ac02");
  });
});
