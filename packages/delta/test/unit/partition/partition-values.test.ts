// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  partitionValueFromText,
  partitionValueToText,
} from "../../../src/partition/partition-values.ts";
import { partitionDirectory } from "../../../src/partition/partition-directory.ts";
import { decimalText } from "../../../src/schema/decimal.ts";
import { sqlTypeOf } from "../../../src/schema/sql-type.ts";
import type { DataType } from "../../../src/schema/types.ts";

function textOf(type: DataType, value: unknown): string | null {
  return partitionValueToText(value, { name: "c", type });
}

function valueOf(type: DataType, text: string | null): unknown {
  return partitionValueFromText(text, { name: "c", type });
}

const DAY_MICROS = 86_400_000_000n;
const micros = fc.bigInt({ min: -719_162n * DAY_MICROS, max: 2_932_897n * DAY_MICROS - 1n });
const VALUES: readonly (readonly [DataType, fc.Arbitrary<unknown>])[] = [
  ["byte", fc.integer({ min: -128, max: 127 })],
  ["short", fc.integer({ min: -32_768, max: 32_767 })],
  ["integer", fc.integer()],
  ["long", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["float", fc.float()],
  ["double", fc.double()],
  ["boolean", fc.boolean()],
  [
    "decimal(38,5)",
    fc
      .bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })
      .map((value) => decimalText(value, 5)),
  ],
  ["string", fc.string({ unit: "binary", minLength: 1 })],
  [
    "binary",
    fc.string({ unit: "binary", minLength: 1 }).map((text) => new TextEncoder().encode(text)),
  ],
  [
    "date",
    fc
      .integer({ min: -719_162, max: 2_932_896 })
      .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10)),
  ],
  ["timestamp", micros],
  ["timestamp_ntz", micros],
];

describe("partition values", () => {
  for (const [type, values] of VALUES) {
    it(`of type ${sqlTypeOf(type)} come back from their text`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const text = textOf(type, value);
          assert.ok(text !== null && text !== "");
          assert.deepEqual(valueOf(type, text), value);
        }),
      );
    });
  }

  it("have the text that the protocol gives", () => {
    assert.equal(textOf("integer", -7), "-7");
    assert.equal(textOf("boolean", true), "true");
    assert.equal(textOf("date", "1970-01-01"), "1970-01-01");
    assert.equal(textOf("timestamp", 123_456n), "1970-01-01T00:00:00.123456Z");
    assert.equal(textOf("timestamp", -1n), "1969-12-31T23:59:59.999999Z");
    assert.equal(textOf("timestamp_ntz", 0n), "1970-01-01 00:00:00");
    assert.equal(textOf("timestamp_ntz", 123_400n), "1970-01-01 00:00:00.123400");
    assert.equal(textOf("decimal(5,2)", "1.5"), "1.50");
    assert.equal(textOf("double", 1), "1.0");
    assert.equal(textOf("double", -0), "-0.0");
    assert.equal(textOf("double", Number.NaN), "NaN");
    assert.equal(textOf("float", -Infinity), "-Infinity");
    assert.equal(textOf("binary", Uint8Array.of(1, 2, 3)), "\u0001\u0002\u0003");
  });

  it("take an empty text, and nothing, for NULL", () => {
    for (const type of ["string", "binary", "integer"] as const) {
      assert.equal(valueOf(type, ""), null);
      assert.equal(valueOf(type, null), null);
      assert.equal(textOf(type, null), null);
    }
    assert.equal(textOf("string", ""), null);
    assert.equal(textOf("binary", new Uint8Array()), null);
  });

  it("are read as other writers have them", () => {
    assert.equal(valueOf("timestamp", "2024-02-29 10:00:00"), 1_709_200_800_000_000n);
    assert.equal(valueOf("timestamp", "2024-02-29 10:00:00.5"), 1_709_200_800_500_000n);
    assert.equal(valueOf("timestamp", "2024-02-29T10:00:00.000000Z"), 1_709_200_800_000_000n);
    assert.equal(valueOf("timestamp", "2024-02-29T12:00:00+02:00"), 1_709_200_800_000_000n);
    assert.equal(valueOf("double", "1.0E10"), 1e10);
    assert.equal(valueOf("double", "inf"), Infinity);
    assert.equal(valueOf("decimal(5,2)", "1"), "1.00");
    assert.equal(valueOf("decimal(5,2)", "1.5000"), "1.50");
    assert.equal(valueOf("boolean", "True"), true);
    assert.equal(valueOf("integer", "007"), 7);
  });

  it("are refused where the text is no value of the type, naming the column", () => {
    for (const [type, text] of [
      ["integer", "1.5"],
      ["integer", "2147483648"],
      ["byte", "128"],
      ["long", "9223372036854775808"],
      ["double", "one"],
      ["decimal(3,2)", "1.234"],
      ["decimal(3,2)", "10"],
      ["date", "2024-02-30"],
      ["timestamp", "2024-02-29 25:00:00"],
      ["timestamp_ntz", "2024-02-29T10:00:00+01:00"],
      ["boolean", "1"],
    ] as const) {
      assert.throws(() => valueOf(type, text), {
        code: "data_loss",
        message: /of column "c" is no /,
      });
    }
  });

  it("are refused where no text is right", () => {
    for (const [type, value] of [
      ["string", "\ud800"],
      ["string", 1],
      ["binary", Uint8Array.of(0xff)],
      ["integer", 1.5],
      ["integer", 2 ** 31],
      ["long", 1],
      ["float", 0.1],
      ["decimal(3,2)", "10.00"],
      ["date", "+010000-01-01"],
      ["timestamp", 2n ** 62n],
    ] as const) {
      assert.throws(() => textOf(type, value), {
        code: "invalid_argument",
        message: /of column "c"/,
      });
    }
    assert.throws(() => textOf({ type: "struct", fields: [] }, {}), { code: "unsupported" });
    assert.throws(() => valueOf("variant", "x"), { code: "unsupported", message: /VARIANT/ });
  });
});

describe("partitionDirectory", () => {
  it("escapes as Spark does", () => {
    assert.equal(
      partitionDirectory([
        ["a", "x"],
        ["b", null],
        ["c", ""],
      ]),
      "a=x/b=__HIVE_DEFAULT_PARTITION__/c=__HIVE_DEFAULT_PARTITION__",
    );
    assert.equal(
      partitionDirectory([["at", "2024-02-29T10:00:00.000000Z"]]),
      "at=2024-02-29T10%3A00%3A00.000000Z",
    );
    assert.equal(partitionDirectory([["a=b", "a b/c%=\n\u007f"]]), "a%3Db=a b%2Fc%25%3D%0A%7F");
    assert.equal(partitionDirectory([["größe", "日本"]]), "größe=日本");
    assert.equal(
      partitionDirectory([
        ["a", ".."],
        ["b", "../../x"],
      ]),
      "a=../b=..%2F..%2Fx",
    );
  });

  it("is one directory for each column, whose name file systems take, whatever the values", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.constantFrom("..", "/", "%2F", "\0", "日".repeat(200), "/".repeat(100)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.option(text)), { minLength: 1, maxLength: 3 }),
        (values) => {
          const components = partitionDirectory(values).split("/");
          assert.equal(components.length, values.length);
          for (const component of components) {
            assert.ok(Buffer.byteLength(component) <= 255);
            assert.ok(![".", "..", ""].includes(component) && !component.includes("\0"));
            assert.doesNotThrow(() =>
              decodeURIComponent(component.replaceAll(/%(?![0-9A-F]{2})/g, "%25")),
            );
          }
        },
      ),
    );
  });

  it("can be taken apart again where it was not cut", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const [shownName, shownValue] = partitionDirectory([[name, value]]).split("=");
        const unescaped = (escaped = ""): string =>
          escaped.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          );
        assert.deepEqual([unescaped(shownName), unescaped(shownValue)], [name, value]);
      }),
    );
  });
});
