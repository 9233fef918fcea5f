// SPDX-License-Identifier: Apache-2.0
// Resolving one type name went through every declared type, and a descriptor over a limit was resolved all the same: a
// descriptor of some hundred kilobytes stopped the event loop for seconds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { DescriptorProtoSchema, FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import { MAX_COLUMNS } from "@sluice/protocol";
import { parseDescriptor } from "../../src/columns/descriptor/parse-descriptor.ts";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import { column, struct } from "../unit/columns/support.ts";

type Init = MessageInitShape<typeof DescriptorProtoSchema>;
type Fields = NonNullable<Init["field"]>;

function bytesOf(init: Init): Uint8Array {
  return toBinary(DescriptorProtoSchema, create(DescriptorProtoSchema, init));
}

function refusalOf(init: Init): string {
  const parsed = parseDescriptor(bytesOf(init));
  return parsed.kind === "setupFailure" ? parsed.message : "accepted";
}

/** Fields of message types that nothing declares, each name of many parts. */
function unresolvableFields(count: number): Fields {
  const parts = "a.".repeat(20);
  return Array.from({ length: count }, (_, index) => ({
    name: `f${index}`,
    number: index + 1,
    type: Type.MESSAGE,
    typeName: `.${parts}x${index}`,
  }));
}

/** Fields of types that are declared, each written with a long package. */
function suffixedFields(count: number): Fields {
  return unresolvableFields(count).map((field, index) => ({
    ...field,
    typeName: `.${"a.".repeat(20)}T${index}`,
  }));
}

function namedTypes(count: number): NonNullable<Init["nestedType"]> {
  return Array.from({ length: count }, (_, index) => ({ name: `T${index}` }));
}

function scalarFields(count: number): Fields {
  return Array.from({ length: count }, (_, index) => ({
    name: `f${index}`,
    number: index + 1,
    type: Type.INT32,
  }));
}

type Method = (this: { readonly size: number }, ...values: unknown[]) => unknown;

/** How many entries of sets and maps are visited, looked up or added while the descriptor is parsed. */
function visitsOf(bytes: Uint8Array): number {
  let visits = 0;
  const restores: (() => void)[] = [];
  const count = (target: object, name: PropertyKey, isWhole: boolean): void => {
    const original = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
    const method = original.value as Method;
    restores.push(() => Object.defineProperty(target, name, original));
    const counted: Method = function (...values) {
      visits += isWhole ? this.size : 1;
      return method.apply(this, values);
    };
    Object.defineProperty(target, name, { ...original, value: counted });
  };
  for (const prototype of [Set.prototype, Map.prototype]) {
    count(prototype, "has", false);
    count(prototype, Symbol.iterator, true);
  }
  count(Map.prototype, "get", false);
  count(Map.prototype, "set", false);
  count(Set.prototype, "add", false);
  try {
    parseDescriptor(bytes);
  } finally {
    for (const restore of restores) restore();
  }
  return visits;
}

describe("a hostile descriptor", () => {
  it("is resolved with work that grows with its size only", () => {
    const descriptor = (scale: number): Uint8Array =>
      bytesOf({
        name: "Root",
        nestedType: namedTypes(500 * scale),
        field: suffixedFields(250 * scale),
      });
    const once = visitsOf(descriptor(1));
    const fourTimes = visitsOf(descriptor(4));
    assert.ok(once > 500, `${once}`);
    assert.ok(fourTimes < once * 5, `${once} visits became ${fourTimes}`);
    const perDeclaration = fourTimes / 3000;
    assert.ok(perDeclaration < 60, `${perDeclaration} visits for each type or field`);
  });

  it("is refused by its size before it is read", () => {
    const name = "n".repeat(1024 * 1024);
    assert.match(refusalOf({ name }), /has 10485\d\d bytes.*at most 1048576/);
  });

  it("is refused for too many types without its fields being resolved", () => {
    const message = refusalOf({
      name: "Root",
      nestedType: namedTypes(10_001),
      field: unresolvableFields(10),
    });
    assert.equal(message, "the descriptor declares more than 10000 types");
    const enumType = Array.from({ length: 10_001 }, (_, index) => ({ name: `E${index}` }));
    assert.match(refusalOf({ name: "Root", enumType }), /declares more than 10000 types/);
  });

  it("is refused for too many fields, in one message and in all", () => {
    assert.equal(refusalOf({ name: "Root", field: scalarFields(MAX_COLUMNS) }), "accepted");
    assert.match(
      refusalOf({ name: "Root", field: scalarFields(MAX_COLUMNS + 1) }),
      /"Root" has 2001 fields.*at most 2000/,
    );
    const nestedType = Array.from({ length: 6 }, (_, index) => ({
      name: `T${index}`,
      field: scalarFields(MAX_COLUMNS),
    }));
    assert.match(refusalOf({ name: "Root", nestedType }), /more than 10000 fields/);
  });

  it("is refused for many types that are nested deep", () => {
    let init: Init = { name: "Leaf", nestedType: namedTypes(2_000) };
    for (let depth = 0; depth < 29; depth++) init = { name: "M", nestedType: [init] };
    assert.match(refusalOf(init), /more than 50000 parts in all/);
    assert.equal(refusalOf({ name: "Root", nestedType: namedTypes(9_999) }), "accepted");
  });

  it("is refused with a bounded list of problems", () => {
    const parsed = parseDescriptor(bytesOf({ name: "Root", field: unresolvableFields(1_000) }));
    assert.equal(parsed.kind === "setupFailure" ? parsed.problems.length : 0, 100);
  });

  it("is refused for names that are too long or have too many parts", () => {
    assert.match(refusalOf({ name: "N".repeat(600) }), /longer than 512 characters/);
    assert.match(refusalOf({ name: "a.".repeat(100) }), /more than 64 parts/);
    const field = [
      { name: "m", number: 1, type: Type.MESSAGE, typeName: `${"a.".repeat(100)}Root` },
    ];
    assert.match(refusalOf({ name: "Root", field }), /"m" has type .* does not declare/);
  });

  it("is matched against a table with a bounded list of problems", () => {
    const parsed = parseDescriptor(bytesOf({ name: "Root", field: scalarFields(MAX_COLUMNS) }));
    assert.equal(parsed.kind, "descriptor");
    if (parsed.kind !== "descriptor") return;
    const outcome = compileProtoDecoder(struct(column("other", "integer")), parsed);
    assert.equal(outcome.kind === "setupFailure" ? outcome.problems.length : 0, 100);
  });
});
