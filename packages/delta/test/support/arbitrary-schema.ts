// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import type { DataType, StructField, StructType } from "../../src/schema/types.ts";

/** Schemas of every type, in which arrays and maps may hold nulls, as those that SQL can declare. */
export function arbitrarySchema(): fc.Arbitrary<StructType> {
  return fc.letrec<{ type: DataType; struct: StructType }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: primitive() },
      tie("type").map(
        (elementType): DataType => ({ type: "array", elementType, containsNull: true }),
      ),
      fc.tuple(fc.constantFrom<DataType>("string", "integer", "decimal(5,2)"), tie("type")).map(
        ([keyType, valueType]): DataType => ({
          type: "map",
          keyType,
          valueType,
          valueContainsNull: true,
        }),
      ),
      tie("struct"),
    ),
    struct: fc
      .uniqueArray(field(tie("type")), {
        minLength: 1,
        maxLength: 5,
        selector: ({ name }) => name.toLowerCase(),
      })
      .map((fields) => ({ type: "struct", fields })),
  })).struct;
}

function field(type: fc.Arbitrary<DataType>): fc.Arbitrary<StructField> {
  const comment = fc.option(fc.string({ unit: "grapheme" }), { nil: undefined });
  return fc
    .tuple(columnName(), type, fc.boolean(), comment)
    .map(([name, fieldType, nullable, text]) => ({
      name,
      type: fieldType,
      nullable,
      metadata: text === undefined ? {} : { comment: text },
    }));
}

function columnName(): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.constantFrom("id", "select", "Type", "not", "comment", "a.b", "é", "`", "日本"),
      fc.string({ unit: "grapheme", minLength: 1 }),
    )
    .filter((name) => name !== "" && !/[ ,;{}()\n\t=]/.test(name));
}

function primitive(): fc.Arbitrary<DataType> {
  return fc.constantFrom<DataType>(
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
    "decimal(38,18)",
    "decimal(1,0)",
  );
}
