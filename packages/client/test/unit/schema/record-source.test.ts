// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createFileRegistry,
  type DescMessage,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { compileProtoEncoder, type RecordSource } from "@sluice/client";
import protobuf from "protobufjs";
import descriptorExtension from "protobufjs/ext/descriptor.js";
import { decoded, failsWith, typeOfDescriptor } from "./support.ts";

const SOURCE = `syntax = "proto2";
package acme.v1;
message Place { optional double x = 1; enum Kind { UNKNOWN = 0; HOME = 1; BELOW = -1; } }
message Reading {
  required int64 device_id = 1;
  optional string note = 2;
  repeated sint32 deltas = 3 [packed = true];
  repeated string tags = 4;
  map<string, Place> places = 5;
  optional Place here = 6;
  optional Place.Kind kind = 7;
  optional fixed32 f32 = 8;
  optional sfixed64 f64 = 9;
  optional sint64 s64 = 10;
  optional uint64 u64 = 11;
  optional uint32 u32 = 12;
  optional float f = 13;
  optional bytes raw = 14;
  optional Reading before = 15;
  optional bool ok = 16;
  message Place { optional int32 y = 1; }
  optional Place inner = 17;
  optional .acme.v1.Place outer = 18;
}`;

interface Describable {
  toDescriptor(edition: string): protobuf.Message;
}

function protobufJsType(keepCase: boolean): protobuf.Type {
  return protobuf.parse(SOURCE, { keepCase }).root.lookupType("acme.v1.Reading");
}

function descriptorSet(): Uint8Array {
  const { root } = protobuf.parse(SOURCE, { keepCase: true });
  root.resolveAll();
  const message = (root as unknown as Describable).toDescriptor("proto2");
  const set = fromBinary(
    FileDescriptorSetSchema,
    descriptorExtension.FileDescriptorSet.encode(message).finish(),
  );
  const outer = set.file
    .flatMap(({ messageType }) => messageType)
    .flatMap(({ field }) => field)
    .find(({ name }) => name === "outer");
  assert.ok(outer !== undefined);
  // protobufjs writes a short name here, which means the nested type.
  outer.typeName = ".acme.v1.Place";
  return toBinary(FileDescriptorSetSchema, set);
}

/** Made of a descriptor, as generated code does it. */
function protobufEsType(): DescMessage {
  const { descriptor } = compileProtoEncoder(protobufJsType(true));
  const file = create(FileDescriptorProtoSchema, {
    name: "reading.proto",
    syntax: "proto2",
    messageType: [fromBinary(DescriptorProtoSchema, descriptor as Uint8Array)],
  });
  const found = createFileRegistry(file, () => undefined).getMessage("Reading");
  assert.ok(found !== undefined);
  return found;
}

const COMMON = {
  note: "n",
  deltas: [-1, 2 ** 31 - 1, -(2 ** 31)],
  tags: ["a", "b"],
  kind: "BELOW",
  f32: 4_294_967_295,
  f64: -(2n ** 63n),
  s64: -(2n ** 63n),
  u64: 2n ** 64n - 1n,
  u32: 4_294_967_295,
  f: -2.5,
  raw: Uint8Array.of(1, 2),
  ok: true,
};

const EXPECTED = {
  ...COMMON,
  device_id: "5",
  f64: "-9223372036854775808",
  s64: "-9223372036854775808",
  u64: "18446744073709551615",
  kind: -1,
  raw: [1, 2],
  before: { device_id: "4" },
};

describe("the shape of records", () => {
  const sources: readonly (readonly [string, () => RecordSource, string])[] = [
    [
      "a FileDescriptorSet",
      () => ({ fileDescriptorSet: descriptorSet(), messageName: "acme.v1.Reading" }),
      "device_id",
    ],
    [
      "a FileDescriptorSet by the short name",
      () => ({ fileDescriptorSet: descriptorSet(), messageName: "Reading" }),
      "device_id",
    ],
    ["a protobufjs type", () => protobufJsType(false), "deviceId"],
    ["a protobufjs type that keeps the case", () => protobufJsType(true), "device_id"],
    ["a protobuf-es type", () => protobufEsType(), "deviceId"],
  ];
  for (const [what, source, key] of sources) {
    it(`comes from ${what}, with all that it refers to inside of the descriptor`, () => {
      const encoder = compileProtoEncoder<unknown>(source());
      const type = typeOfDescriptor(encoder.descriptor as Uint8Array);
      assert.equal(type.name, "Reading");
      const record = { [key]: 5, ...COMMON, before: { [key]: 4 } };
      assert.deepEqual(decoded(type, encoder.encode(record)), EXPECTED);
      const bytes = encoder.encode({
        [key]: 1,
        places: { p: { y: 1 } },
        inner: { y: 2 },
        outer: { x: 3 },
      });
      const original = protobufJsType(true);
      assert.deepEqual(decoded(original, bytes), {
        device_id: "1",
        places: { p: { y: 1 } },
        inner: { y: 2 },
        outer: { x: 3 },
      });
      assert.deepEqual(decoded(type, encoder.encode({ [key]: 1, outer: { x: 3 } })), {
        device_id: "1",
        outer: { x: 3 },
      });
      assert.throws(
        () => encoder.encode({ [key]: 1, note: 1 }),
        failsWith("invalid_argument", /a string/, "note"),
      );
      assert.throws(() => encoder.encode({}), failsWith("invalid_argument", /NOT NULL/, key));
      const again = compileProtoEncoder<unknown>({
        descriptorProto: encoder.descriptor as Uint8Array,
      });
      assert.deepEqual(again.descriptor, encoder.descriptor);
    });
  }

  it("takes no default that a message class of protobufjs inherits for a value", () => {
    const type = protobufJsType(false);
    const encoder = compileProtoEncoder<unknown>(type);
    const bytes = encoder.encode(type.create({ deviceId: 1 }));
    assert.deepEqual(Buffer.from(bytes), Buffer.from([8, 1]));
  });

  it("is refused where it is none", () => {
    const set = { fileDescriptorSet: descriptorSet(), messageName: "Nothing" };
    assert.throws(
      () => compileProtoEncoder(set),
      failsWith("invalid_argument", /it has acme\.v1\.Place, acme\.v1\.Reading/),
    );
    const ambiguous = { fileDescriptorSet: descriptorSet(), messageName: "Place" };
    assert.throws(
      () => compileProtoEncoder(ambiguous),
      failsWith("invalid_argument", /more than once/),
    );
    const broken = { fileDescriptorSet: Uint8Array.of(10, 200), messageName: "R" };
    assert.throws(
      () => compileProtoEncoder(broken),
      failsWith("invalid_argument", /not a serialized descriptor/),
    );
    assert.throws(
      () => compileProtoEncoder({} as never),
      failsWith("invalid_argument", /must be a table's schema/),
    );
  });
});
