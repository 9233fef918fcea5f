// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { parseDescriptor } from "../../../src/columns/descriptor/parse-descriptor.ts";
import { TypeNames } from "../../../src/columns/descriptor/type-names.ts";

type Init = MessageInitShape<typeof DescriptorProtoSchema>;

function parse(init: Init) {
  return parseDescriptor(toBinary(DescriptorProtoSchema, create(DescriptorProtoSchema, init)));
}

function messageOf(init: Init): string {
  const parsed = parse(init);
  return parsed.kind === "setupFailure" ? parsed.message : "accepted";
}

const NESTED: Init["nestedType"] = [
  { name: "Item", field: [{ name: "sku", number: 1, label: Label.OPTIONAL, type: Type.STRING }] },
];

describe("descriptor parser", () => {
  test("reads scalar fields", () => {
    const parsed = parse({
      name: "Order",
      oneofDecl: [{ name: "_id" }, { name: "choice" }],
      field: [
        {
          name: "id",
          number: 1,
          type: Type.INT64,
          label: Label.OPTIONAL,
          oneofIndex: 0,
          proto3Optional: true,
        },
        { name: "tags", number: 2, type: Type.STRING, label: Label.REPEATED },
        { name: "must", number: 3, type: Type.BOOL, label: Label.REQUIRED },
        { name: "one", number: 4, type: Type.BYTES, label: Label.OPTIONAL, oneofIndex: 1 },
      ],
    });
    assert.equal(parsed.kind, "descriptor");
    const fields = parsed.kind === "descriptor" ? parsed.root.fields : [];
    assert.deepEqual(
      fields.map((field) => [
        field.name,
        field.number,
        field.isRepeated,
        field.isRequired,
        field.oneofIndex,
      ]),
      [
        ["id", 1, false, false, undefined],
        ["tags", 2, true, false, undefined],
        ["must", 3, false, true, undefined],
        ["one", 4, false, false, 1],
      ],
    );
  });

  for (const typeName of [
    ".shop.v1.Order.Item",
    ".Order.Item",
    "Item",
    "Order.Item",
    "shop.Order.Item",
  ]) {
    test(`resolves a nested type written as ${typeName}`, () => {
      const parsed = parse({
        name: "Order",
        nestedType: NESTED,
        field: [{ name: "item", number: 1, label: Label.OPTIONAL, type: Type.MESSAGE, typeName }],
      });
      assert.equal(parsed.kind, "descriptor");
      const type = parsed.kind === "descriptor" ? parsed.root.fields[0]?.type : undefined;
      assert.equal(type?.kind === "message" ? type.message.name : undefined, "Order.Item");
      assert.equal(type?.kind === "message" ? type.message.fields.length : undefined, 1);
    });
  }

  test("reads map entries, enums and messages that contain themselves", () => {
    const parsed = parse({
      name: "Node",
      enumType: [{ name: "Color" }],
      nestedType: [
        {
          name: "ChildrenEntry",
          options: { mapEntry: true },
          field: [
            { name: "key", number: 1, label: Label.OPTIONAL, type: Type.STRING },
            {
              name: "value",
              number: 2,
              label: Label.OPTIONAL,
              type: Type.MESSAGE,
              typeName: ".x.Node",
            },
          ],
        },
      ],
      field: [
        {
          name: "children",
          number: 1,
          label: Label.REPEATED,
          type: Type.MESSAGE,
          typeName: "ChildrenEntry",
        },
        {
          name: "color",
          number: 2,
          label: Label.OPTIONAL,
          type: Type.ENUM,
          typeName: ".x.Node.Color",
        },
      ],
    });
    assert.equal(parsed.kind, "descriptor");
    if (parsed.kind !== "descriptor") return;
    const [children, color] = parsed.root.fields;
    assert.equal(color?.type.kind, "enum");
    const entry = children?.type.kind === "message" ? children.type.message : undefined;
    assert.equal(entry?.isMapEntry, true);
    const value = entry?.fields[1]?.type;
    assert.equal(value?.kind === "message" ? value.message : undefined, parsed.root);
  });

  test("refuses what is no descriptor", () => {
    for (const bytes of ["ff", "0a05", "", "0801"]) {
      const parsed = parseDescriptor(Buffer.from(bytes, "hex"));
      assert.equal(parsed.kind, "setupFailure", bytes);
    }
  });

  test("refuses unusable fields, with their names", () => {
    const field = (name: string, number: number, type = Type.INT32) => ({
      name,
      number,
      type,
      label: Label.OPTIONAL,
    });
    assert.match(messageOf({ name: "R", field: [field("a", 0)] }), /"a" has number 0/);
    assert.match(
      messageOf({ name: "R", field: [field("a", 1), field("b", 1)] }),
      /"b" has number 1/,
    );
    assert.match(
      messageOf({ name: "R", field: [field("a", 1), field("a", 2)] }),
      /"a" is declared twice/,
    );
    assert.match(messageOf({ name: "R", field: [field("g", 1, Type.GROUP)] }), /"g" is a group/);
    assert.match(
      messageOf({
        name: "R",
        field: [{ ...field("m", 1, Type.MESSAGE), typeName: ".google.protobuf.Timestamp" }],
      }),
      /"m" has type ".google.protobuf.Timestamp", which the descriptor does not declare/,
    );
  });

  test("refuses types that nest without end", () => {
    let init: Init = { name: "Leaf" };
    for (let depth = 0; depth < 60; depth++) init = { name: "M", nestedType: [init] };
    assert.match(messageOf(init), /more than 32 deep/);
  });
});

describe("type name resolution", () => {
  const names = new TypeNames("Root");
  for (const path of ["Root", "Root.A", "Root.A.B", "Root.B", "Root.C", "Root.A.C.D"]) {
    names.add(path);
  }

  test("looks in the inner scope first", () => {
    assert.equal(names.resolve("B", "Root.A"), "Root.A.B");
    assert.equal(names.resolve("B", "Root"), "Root.B");
    assert.equal(names.resolve("C", "Root.A.B"), "Root.C");
  });

  test("matches the end of a path only when it is unambiguous", () => {
    assert.equal(names.resolve(".other.D", "Root"), "Root.A.C.D");
    assert.equal(names.resolve(".other.B", "Root"), undefined);
    assert.equal(names.resolve(".google.protobuf.D", "Root"), undefined);
  });

  test("takes the longest end of a name that a path has", () => {
    const ends = new TypeNames("Root");
    for (const path of ["Root", "Root.A", "Root.A.X", "Root.B", "Root.B.X"]) ends.add(path);
    assert.equal(ends.resolve(".other.A.X", "Root"), "Root.A.X");
    assert.equal(ends.resolve(".other.Y.X", "Root"), undefined);
    assert.equal(ends.resolve(".other.Y", "Root"), undefined);
    assert.equal(ends.resolve(".other..A", "Root"), undefined);
  });
});
