// SPDX-License-Identifier: Apache-2.0
// Of several members of a oneof in one record all were stored, where protobuf keeps the last one only.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { type NestedColumn, parseColumnList } from "@sluice/delta";
import { parseDescriptor } from "../../src/columns/descriptor/parse-descriptor.ts";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import { bind, cellOf, planOf } from "../unit/columns/support.ts";

const SCHEMA = parseColumnList("id INT, label STRING, part STRUCT<x: INT, y: STRING>");

function descriptor(): Uint8Array {
  const field = (name: string, number: number, type: Type, oneofIndex: number) => ({
    name,
    number,
    type,
    label: Label.OPTIONAL,
    oneofIndex,
  });
  return toBinary(
    DescriptorProtoSchema,
    create(DescriptorProtoSchema, {
      name: "Record",
      oneofDecl: [{ name: "choice" }],
      field: [
        field("id", 1, Type.INT32, 0),
        field("label", 2, Type.STRING, 0),
        { ...field("part", 3, Type.MESSAGE, 0), typeName: "Part" },
      ],
      nestedType: [
        {
          name: "Part",
          oneofDecl: [{ name: "inner" }],
          field: [field("x", 1, Type.INT32, 0), field("y", 2, Type.STRING, 0)],
        },
      ],
    }),
  );
}

const ID = [0x08, 7];
const LABEL = [0x12, 2, 0x68, 0x69];
const BAD_LABEL = [0x12, 2, 0x68, 0xc3];
const PART_X = [0x1a, 2, 0x08, 5];
const PART_Y = [0x1a, 3, 0x12, 1, 0x79];
const PART_BOTH = [0x1a, 5, 0x12, 1, 0x79, 0x08, 5];

/** Fields in the order of a record, and what id, label and part are then; `refused` where none is taken. */
const CASES: readonly (readonly [string, readonly number[], unknown])[] = [
  ["id", ID, [7, null, null]],
  ["id, label", [...ID, ...LABEL], [null, "6869", null]],
  ["label, id", [...LABEL, ...ID], [7, null, null]],
  ["label, id, label", [...LABEL, ...ID, ...LABEL], [null, "6869", null]],
  ["id, part", [...ID, ...PART_X], [null, null, "x"]],
  ["part, id", [...PART_X, ...ID], [7, null, null]],
  ["part, part", [...PART_X, ...PART_Y], [null, null, "y"]],
  ["part, id, part", [...PART_X, ...ID, ...PART_Y], [null, null, "y"]],
  ["part of both", PART_BOTH, [null, null, "x"]],
  ["label that is not UTF-8, id", [...BAD_LABEL, ...ID], "refused"],
];

/** The fields of the STRUCT that have a value: definition level 2. */
function partsOf({ leaves }: NestedColumn): string | null {
  const names = ["x", "y"].filter((_, index) => leaves[index]?.definitions[0] === 2);
  return names.length === 0 ? null : names.join(" ");
}

describe("a record with several members of a oneof", () => {
  for (const [name, fields, expected] of CASES) {
    it(`keeps the last one: ${name}`, () => {
      const model = parseDescriptor(descriptor());
      assert.equal(model.kind, "descriptor");
      const record = Buffer.from(fields);
      for (const mode of ["auto", "interpreted"] as const) {
        const { builder, decoder } = bind(
          planOf(compileProtoDecoder(SCHEMA, model, { mode })),
          SCHEMA,
        );
        const { run } = decoder;
        const decodeAlone = (): boolean => decoder.decode(record, 0, record.length);
        const decodeRun = (): boolean =>
          run === undefined ? decodeAlone() : run.decode(record, 0, record.length) && run.finish(0);
        for (const decode of [decodeAlone, decodeRun]) {
          builder.truncate(0);
          assert.equal(decode(), expected !== "refused");
          if (expected === "refused") continue;
          const row = [
            cellOf(builder, 0, 0),
            cellOf(builder, 1, 0),
            partsOf(builder.columns[2] as NestedColumn),
          ];
          assert.deepEqual(row, expected);
        }
      }
    });
  }
});
