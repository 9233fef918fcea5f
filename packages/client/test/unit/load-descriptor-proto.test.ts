// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { toPayload } from "../../src/core/record-payload.ts";
import { loadDescriptorProto } from "../../src/load-descriptor-proto.ts";

function field(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  assert.ok(bytes.length < 128);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

test("finds messages by name, by full name and nested", (context) => {
  const directory = mkdtempSync(join(tmpdir(), "sluice-descriptor-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const inner = field(1, "Inner");
  const outer = Buffer.concat([field(1, "Outer"), field(3, inner)]);
  const file = Buffer.concat([field(1, "dir/a.proto"), field(2, "my.pkg"), field(4, outer)]);
  const descriptorPath = join(directory, "set.bin");
  writeFileSync(descriptorPath, field(1, file));
  const load = (protoFileName: string, messageName: string): Buffer =>
    Buffer.from(loadDescriptorProto({ descriptorPath, protoFileName, messageName }), "base64");
  assert.deepEqual(load("dir/a.proto", "Outer"), outer);
  assert.deepEqual(load("a.proto", "my.pkg.Outer"), outer);
  assert.deepEqual(load("a.proto", "Outer.Inner"), inner);
  assert.throws(() => load("b.proto", "Outer"), {
    code: "invalid_argument",
    message: /dir\/a\.proto/,
  });
  assert.throws(() => load("a.proto", "None"), { code: "invalid_argument", message: /Outer/ });
  writeFileSync(descriptorPath, Buffer.from([0x0a, 0x7f, 1]));
  assert.throws(() => load("a.proto", "Outer"), { code: "invalid_argument" });
});

test("makes payloads of buffers, strings, messages and objects", () => {
  class Message {
    static encode(message: Message): { finish: () => Uint8Array } {
      return { finish: () => Uint8Array.of(message.value) };
    }
    value = 7;
  }
  assert.deepEqual(toPayload(new Message()), Uint8Array.of(7));
  assert.equal(toPayload("not json"), "not json");
  assert.equal(toPayload({ a: [1, null] }), '{"a":[1,null]}');
  assert.equal(toPayload(Object.assign(Object.create(null), { a: 1 })), '{"a":1}');
  const bytes = Uint8Array.of(1, 2);
  assert.equal(toPayload(bytes), bytes);
  for (const value of [1, true, null, undefined, () => 1, Symbol("x"), 1n]) {
    assert.throws(() => toPayload(value), { code: "invalid_argument" });
  }
});
