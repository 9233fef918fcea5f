// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { byteExtremes } from "../../../src/parquet/byte-extremes.ts";
import { blockOf, field, schemaOf } from "../../integration/parquet/support/blocks.ts";

const SCHEMA = schemaOf(field("c", "binary", true));

describe("byteExtremes", () => {
  it("finds the first and the last value in the order of unsigned bytes", () => {
    // Few different bytes, so that values share prefixes of every length and are prefixes of one another.
    const value = fc
      .array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 9 })
      .map((bytes) => Uint8Array.from([7, 7, 7, ...bytes].slice(bytes.length >= 5 ? 3 : 0)));
    const values = fc.array(fc.option(value, { freq: 4 }), { maxLength: 40 });
    fc.assert(
      fc.property(value, values, (first, rest) => {
        const rows = [...rest, first];
        const [column] = blockOf(SCHEMA, [rows]).columns;
        assert.ok(column?.kind === "bytes");
        const present = rows.filter((row) => row !== null);
        const sorted = present.toSorted((left, right) => Buffer.compare(left, right));
        const [min, max] = byteExtremes(column, column.validity, rows.length);
        assert.deepEqual([...min], [...(sorted[0] ?? [])]);
        assert.deepEqual([...max], [...(sorted.at(-1) ?? [])]);
      }),
      { numRuns: 3000 },
    );
  });
});
