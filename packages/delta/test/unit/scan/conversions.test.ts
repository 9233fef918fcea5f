// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SchemaElement } from "hyparquet";
import { isoDateOf, isoDateTimeOf } from "../../../src/scan/calendar.ts";
import { conversionOf } from "../../../src/scan/conversions.ts";
import { leafGetterOf } from "../../../src/scan/leaf-getters.ts";
import type { StoredValues } from "../../../src/scan/parquet/leaf-data.ts";
import type { DataType } from "../../../src/schema/types.ts";

function read(element: Partial<SchemaElement>, stored: StoredValues, type: DataType): unknown {
  const convert = conversionOf({ name: "c", ...element }, type);
  assert.ok(convert !== undefined, `${JSON.stringify(element)} as ${JSON.stringify(type)}`);
  return leafGetterOf(convert(stored), type)(0);
}

function int32(value: number): StoredValues {
  return { kind: "int32", values: Int32Array.of(value) };
}

function int64(value: bigint): StoredValues {
  return { kind: "int64", values: BigInt64Array.of(value) };
}

function fixed(...bytes: number[]): StoredValues {
  return { kind: "fixed", width: bytes.length, data: Uint8Array.from(bytes) };
}

describe("values of a column's type", () => {
  it("come from every type that may be widened to it", () => {
    const integer = { type: "INT32" } as const;
    assert.equal(read(integer, int32(-7), "long"), -7n);
    assert.equal(read(integer, int32(-7), "double"), -7);
    assert.equal(read(integer, int32(-7), "decimal(12,2)"), "-7.00");
    assert.equal(read({ type: "INT64" }, int64(2n ** 62n), "decimal(22,1)"), `${2n ** 62n}.0`);
    const float: StoredValues = { kind: "float", values: Float32Array.of(0.1) };
    assert.equal(read({ type: "FLOAT" }, float, "double"), Math.fround(0.1));
    const date = { type: "INT32", converted_type: "DATE" } as const;
    assert.equal(read(date, int32(-1), "timestamp_ntz"), -86_400_000_000n);
    const price = { type: "INT32", converted_type: "DECIMAL", precision: 5, scale: 2 } as const;
    assert.equal(read(price, int32(-12_345), "decimal(5,2)"), "-123.45");
    assert.equal(read(price, int32(-12_345), "decimal(15,4)"), "-123.4500");
    assert.equal(read(price, int32(-12_345), "decimal(38,10)"), "-123.4500000000");
  });

  it("come from the forms of older writers", () => {
    const micros = { type: "INT64", converted_type: "TIMESTAMP_MICROS" } as const;
    assert.equal(read(micros, int64(-1n), "timestamp"), -1n);
    const millis = { type: "INT64", converted_type: "TIMESTAMP_MILLIS" } as const;
    assert.equal(read(millis, int64(-1n), "timestamp"), -1000n);
    const nanos = {
      type: "INT64",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
    } as const;
    assert.equal(read(nanos, int64(-1n), "timestamp"), -1n);
    // A nanosecond before the end of Julian day 2440587, which is 1969-12-31.
    const int96 = Buffer.alloc(12);
    int96.writeBigInt64LE(86_399_999_999_999n);
    int96.writeInt32LE(2_440_587, 8);
    assert.equal(read({ type: "INT96" }, fixed(...int96), "timestamp"), -1n);
    const decimal = {
      type: "FIXED_LEN_BYTE_ARRAY",
      logical_type: { type: "DECIMAL", precision: 38, scale: 1 },
    } as const;
    assert.equal(read(decimal, fixed(0xff, 0xfe), "decimal(38,1)"), "-0.2");
    const large = fixed(...Array.from({ length: 16 }, () => 1));
    const digits = String(0x01010101010101010101010101010101n);
    assert.equal(
      read(decimal, large, "decimal(38,1)"),
      `${digits.slice(0, -1)}.${digits.slice(-1)}`,
    );
    const small = {
      ...decimal,
      logical_type: { type: "DECIMAL", precision: 5, scale: 1 },
    } as const;
    assert.equal(read(small, fixed(0xff, 0xff, 0xfe), "decimal(5,1)"), "-0.2");
    assert.equal(read(small, fixed(0xff, 0xff, 0xfe), "decimal(18,1)"), "-0.2");
    const bytes: StoredValues = {
      kind: "bytes",
      data: Uint8Array.of(2, 0, 0, 0, 0x01, 0x00),
      ends: Uint32Array.of(6),
      indices: null,
    };
    assert.equal(read({ ...small, type: "BYTE_ARRAY" }, bytes, "decimal(5,1)"), "25.6");
    assert.deepEqual(
      read({ type: "FIXED_LEN_BYTE_ARRAY" }, fixed(1, 2, 3), "binary"),
      Uint8Array.of(1, 2, 3),
    );
  });

  it("do not come from types that would lose something, or mean something else", () => {
    const decimal = (precision: number, scale: number): Partial<SchemaElement> => ({
      type: "INT64",
      converted_type: "DECIMAL",
      precision,
      scale,
    });
    const refused: [Partial<SchemaElement>, DataType][] = [
      [{ type: "INT64" }, "integer"],
      [{ type: "DOUBLE" }, "float"],
      [{ type: "INT64" }, "double"],
      [{ type: "INT64" }, "timestamp"],
      [{ type: "INT32", converted_type: "UINT_32" }, "long"],
      [{ type: "INT32", converted_type: "DATE" }, "integer"],
      [{ type: "INT32", converted_type: "DATE" }, "timestamp"],
      [{ type: "INT32" }, "date"],
      [decimal(10, 3), "decimal(10,2)"],
      [decimal(10, 2), "decimal(10,3)"],
      [decimal(10, 2), "long"],
      [{ type: "INT64" }, "decimal(10,0)"],
      [{ type: "BYTE_ARRAY", converted_type: "DECIMAL", precision: 3, scale: 0 }, "string"],
      [{ type: "INT32" }, "boolean"],
    ];
    for (const [element, type] of refused) {
      assert.equal(
        conversionOf({ name: "c", ...element }, type),
        undefined,
        JSON.stringify([element, type]),
      );
    }
  });
});

describe("dates", () => {
  it("are those of Date, in its range", () => {
    for (let days = -800_000; days <= 3_000_000; days += 997) {
      const text = new Date(days * 86_400_000).toISOString().slice(0, -14);
      assert.equal(isoDateOf(days), text);
    }
    assert.equal(isoDateOf(-2_147_483_648), "-5877641-06-23");
    assert.equal(isoDateTimeOf(-1n), "1969-12-31T23:59:59.999999");
    assert.equal(isoDateTimeOf(1_500_000n), "1970-01-01T00:00:01.5");
  });
});
