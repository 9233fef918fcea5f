// SPDX-License-Identifier: Apache-2.0
// Dates and timestamps outside of the years 1 to 9999 were written, and readers failed on the whole table.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DataType, StructType } from "@sluice/delta";
import protobuf from "protobufjs";
import { compileJsonDecoder } from "../../src/columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import { nestedMessageOf, protoValueOf } from "../unit/columns/nested-proto.ts";
import { arrayOf, mapOf, type Plain } from "../unit/columns/nested-support.ts";
import {
  bind,
  type Bound,
  cellOf,
  column,
  descriptorOf,
  planOf,
  struct,
} from "../unit/columns/support.ts";

const FIRST_DAY = Date.parse("0001-01-01T00:00:00Z") / 86_400_000;
const LAST_DAY = Date.parse("9999-12-31T00:00:00Z") / 86_400_000;
const FIRST_MICRO = BigInt(FIRST_DAY) * 86_400_000_000n;
const LAST_MICRO = BigInt(LAST_DAY + 1) * 86_400_000_000n - 1n;

const DATES = {
  taken: [FIRST_DAY, LAST_DAY, 0, -1].map(BigInt),
  refused: [FIRST_DAY - 1, LAST_DAY + 1, 2 ** 31 - 1, -(2 ** 31)].map(BigInt),
};
const TIMESTAMPS = {
  taken: [FIRST_MICRO, LAST_MICRO, 0n, -1n],
  refused: [FIRST_MICRO - 1n, LAST_MICRO + 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 60n],
};
const CASES = [
  { type: "date", scalars: ["int32", "sint32", "sfixed32"], ...DATES },
  { type: "timestamp", scalars: ["int64", "sint64", "sfixed64"], ...TIMESTAMPS },
  { type: "timestamp_ntz", scalars: ["int64", "sint64", "sfixed64"], ...TIMESTAMPS },
] as const;

function outcomeOf({ builder, decoder }: Bound, bytes: Uint8Array, read: boolean): unknown {
  if (!decoder.decode(bytes, 0, bytes.length)) return decoder.failure?.reason;
  return read ? BigInt(cellOf(builder, 0, builder.rowCount - 1) as number | bigint) : "taken";
}

function longOf(value: bigint): protobuf.Long {
  const bits = BigInt.asUintN(64, value);
  return new protobuf.util.LongBits(Number(bits & 0xffff_ffffn), Number(bits >> 32n)).toLong(false);
}

for (const { type, scalars, taken, refused } of CASES) {
  describe(`a ${type}`, () => {
    const flat = struct(column("t", type));

    for (const acceptIsoTexts of [false, true]) {
      it(`outside of the years 1 to 9999 is refused from JSON, ISO texts ${acceptIsoTexts}`, () => {
        const bound = bind(planOf(compileJsonDecoder(flat, { acceptIsoTexts })), flat);
        const outcome = (value: bigint): unknown =>
          outcomeOf(bound, Buffer.from(`{"t":${value}}`), true);
        for (const value of taken) assert.equal(outcome(value), value);
        for (const value of refused) assert.equal(outcome(value), "out_of_range", `${value}`);
        assert.match(bound.decoder.failure?.message ?? "", /"t".*0001-01-01.*9999-12-31/);
      });
    }

    for (const scalar of scalars) {
      for (const mode of ["auto", "interpreted"] as const) {
        it(`outside of the years 1 to 9999 is refused from ${scalar} (${mode})`, () => {
          const message = new protobuf.Type("R").add(new protobuf.Field("t", 1, scalar));
          const descriptor = descriptorOf([{ name: "t", number: 1, type: scalar }]);
          const bound = bind(planOf(compileProtoDecoder(flat, descriptor, { mode })), flat);
          const outcome = (value: bigint): unknown => {
            const t = scalar.endsWith("64") ? longOf(value) : Number(value);
            return outcomeOf(bound, message.encode(message.create({ t })).finish(), true);
          };
          for (const value of taken) assert.equal(outcome(value), value);
          for (const value of refused) assert.equal(outcome(value), "out_of_range", `${value}`);
          assert.match(bound.decoder.failure?.message ?? "", /"t".*0001-01-01.*9999-12-31/);
        });
      }
    }

    const shapes: readonly [string, DataType, (value: Plain) => Plain][] = [
      ["STRUCT", struct(column("x", type)), (x) => ({ x })],
      ["ARRAY", arrayOf(type), (x) => [x]],
      ["MAP", mapOf("integer", type), (x) => [[5, x]]],
    ];
    for (const [name, dataType, wrap] of shapes) {
      it(`outside of the years 1 to 9999 is refused in a ${name}`, () => {
        const schema: StructType = struct(column("n", dataType));
        const json = bind(planOf(compileJsonDecoder(schema)), schema);
        const message = nestedMessageOf(schema, true);
        const protos = (["auto", "interpreted"] as const).map((mode) =>
          bind(planOf(compileProtoDecoder(schema, message.descriptor, { mode })), schema),
        );
        const outcomes = (value: bigint): unknown[] => {
          const plain: Plain = wrap(type === "date" ? Number(value) : String(value));
          const text = JSON.stringify({ n: name === "MAP" ? { "5": `${value}` } : plain });
          const record = protoValueOf(schema, { n: plain }) as { [name: string]: unknown };
          const bytes = message.type.encode(message.type.create(record)).finish();
          return [
            outcomeOf(json, Buffer.from(text.replaceAll(`"${value}"`, `${value}`)), false),
            ...protos.map((bound) => outcomeOf(bound, bytes, false)),
          ];
        };
        for (const value of taken) assert.deepEqual(outcomes(value), ["taken", "taken", "taken"]);
        const refusal = ["out_of_range", "out_of_range", "out_of_range"];
        for (const value of refused) assert.deepEqual(outcomes(value), refusal, `${value}`);
      });
    }
  });
}

describe("an ISO text", () => {
  it("is refused when its offset moves it out of the years 1 to 9999, also in a STRUCT", () => {
    for (const [schema, wrap] of [
      [struct(column("t", "timestamp")), (text: string) => `{"t":"${text}"}`],
      [
        struct(column("n", struct(column("t", "timestamp")))),
        (text: string) => `{"n":{"t":"${text}"}}`,
      ],
    ] as const) {
      const bound = bind(planOf(compileJsonDecoder(schema, { acceptIsoTexts: true })), schema);
      const outcome = (text: string): unknown => outcomeOf(bound, Buffer.from(wrap(text)), false);
      assert.equal(outcome("0001-01-01T00:00:00Z"), "taken");
      assert.equal(outcome("0001-01-01T00:00:00+01:00"), "out_of_range");
      assert.equal(outcome("9999-12-31T23:59:59.999999Z"), "taken");
      assert.equal(outcome("9999-12-31T23:59:59-01:00"), "out_of_range");
    }
  });
});

describe("a key of a MAP", () => {
  it("is refused as a DATE outside of the years 1 to 9999", () => {
    const schema = struct(column("m", mapOf("date", "integer")));
    const bound = bind(planOf(compileJsonDecoder(schema)), schema);
    assert.equal(outcomeOf(bound, Buffer.from(`{"m":{"${LAST_DAY}":1}}`), false), "taken");
    const refused = outcomeOf(bound, Buffer.from(`{"m":{"${LAST_DAY + 1}":1}}`), false);
    assert.equal(refused, "wrong_type");
  });
});
