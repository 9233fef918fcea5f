// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import type { PrimitiveTypeName, StructType } from "../../../../src/schema/types.ts";
import { type ColumnValues, field, schemaOf, type Value } from "./blocks.ts";

const ANY_VALUES: readonly (readonly [PrimitiveTypeName, fc.Arbitrary<Value>])[] = [
  ["string", fc.string({ unit: "binary", maxLength: 20 })],
  ["binary", fc.uint8Array({ maxLength: 20 })],
  ["boolean", fc.boolean()],
  ["integer", fc.integer()],
  ["long", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["float", fc.float()],
  ["double", fc.double()],
];

/** Each type once as NOT NULL and once nullable. */
export const ANY_SCHEMA: StructType = schemaOf(
  ...ANY_VALUES.map(([type]) => field(`${type}_required`, type, false)),
  ...ANY_VALUES.map(([type]) => field(`${type}_nullable`, type, true)),
);

/** Up to three row groups of {@link ANY_SCHEMA}. */
export function anyRowGroups(): fc.Arbitrary<ColumnValues[]> {
  const row = fc.tuple(
    ...ANY_VALUES.map(([, value]) => value),
    ...ANY_VALUES.map(([, value]) => fc.option(value, { freq: 3 })),
  );
  const rowGroup = fc
    .array(row, { minLength: 1, maxLength: 100 })
    .map((rows) =>
      ANY_SCHEMA.fields.map((_, index) => rows.map((values) => values[index] ?? null)),
    );
  return fc.array(rowGroup, { maxLength: 3 });
}
