// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isWidening } from "../../../src/schema/type-widening.ts";
import type { PrimitiveTypeName } from "../../../src/schema/types.ts";

const TYPES: readonly PrimitiveTypeName[] = [
  "string",
  "boolean",
  "byte",
  "short",
  "integer",
  "long",
  "float",
  "double",
  "binary",
  "date",
  "timestamp",
  "timestamp_ntz",
  "variant",
];

/** Beside those of DECIMAL, as "Type Widening" of the protocol lists them. */
const ALLOWED = new Set(
  [
    ["byte", "short", "integer", "long", "double"],
    ["short", "integer", "long", "double"],
    ["integer", "long", "double"],
    ["float", "double"],
    ["date", "timestamp_ntz"],
  ].flatMap(([from, ...wider]) => wider.map((to) => `${from} ${to}`)),
);

function decimal(): fc.Arbitrary<{ readonly precision: number; readonly scale: number }> {
  return fc
    .record({ precision: fc.integer({ min: 1, max: 38 }), scale: fc.integer({ min: 0, max: 38 }) })
    .filter(({ precision, scale }) => scale <= precision);
}

describe("wider types", () => {
  test("are those of the protocol", () => {
    for (const from of TYPES) {
      for (const to of TYPES) {
        const change = `${from} ${to}`;
        assert.equal(isWidening(from, to), ALLOWED.has(change), change);
      }
    }
  });

  test("are DECIMALs that have as many digits before and behind the point", () => {
    fc.assert(
      fc.property(decimal(), decimal(), (from, to) => {
        const isWider =
          to.scale >= from.scale &&
          to.precision - to.scale >= from.precision - from.scale &&
          (to.scale !== from.scale || to.precision !== from.precision);
        assert.equal(
          isWidening(
            `decimal(${from.precision},${from.scale})`,
            `decimal(${to.precision},${to.scale})`,
          ),
          isWider,
        );
      }),
    );
  });

  test("are DECIMALs with room for every integer", () => {
    fc.assert(
      fc.property(decimal(), ({ precision, scale }) => {
        const digits = precision - scale;
        const type = `decimal(${precision},${scale})` as const;
        for (const from of ["byte", "short", "integer"] as const) {
          assert.equal(isWidening(from, type), digits >= 10, `${from} to ${type}`);
        }
        assert.equal(isWidening("long", type), digits >= 20, `long to ${type}`);
        for (const from of ["float", "double", "string", "date"] as const) {
          assert.equal(isWidening(from, type), false);
        }
      }),
    );
  });
});
