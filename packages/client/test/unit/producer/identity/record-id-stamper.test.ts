// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "@sluice/testkit";
import { ZerobusError } from "../../../../src/core/zerobus-error.ts";
import {
  type RecordIdOptions,
  recordIdStamper,
} from "../../../../src/producer/identity/record-id-stamper.ts";
import { UuidV7Generator } from "../../../../src/producer/identity/uuid-v7.ts";

const AT_MS = Date.UTC(2024, 0, 31, 10, 20, 30, 456);
const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function fillFrom(seed: number): (target: Uint8Array) => void {
  const random = createRandom(seed);
  return (target) => {
    for (let index = 0; index < target.length; index++) target[index] = random() * 256;
  };
}

function timeOf(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

function invalid(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof ZerobusError &&
    error.code === "invalid_argument" &&
    message.test(error.message);
}

test("makes version 7 UUIDs that sort in the order they were made, within and over milliseconds", () => {
  let nowMs = AT_MS;
  const generator = new UuidV7Generator(() => nowMs, fillFrom(1));
  const ids: string[] = [];
  for (let count = 0; count < 20_000; count++) {
    if (count % 9000 === 8999) nowMs += 1;
    ids.push(generator.next());
  }
  assert.ok(ids.every((id) => V7.test(id)));
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(timeOf(ids[0] as string), AT_MS);
});

test("keeps the order when the clock goes back, and follows it when it was wrong before", () => {
  let nowMs = AT_MS;
  const generator = new UuidV7Generator(() => nowMs, fillFrom(2));
  const before = generator.next();
  nowMs -= 50_000;
  const after = generator.next();
  assert.ok(after > before);
  assert.equal(timeOf(after), AT_MS);
  nowMs = AT_MS - 86_400_000;
  assert.equal(timeOf(generator.next()), nowMs);
});

test("uses random bytes once", () => {
  const ids = new Set<string>();
  const generator = new UuidV7Generator(() => AT_MS, fillFrom(3));
  for (let count = 0; count < 5000; count++) ids.add(generator.next().slice(19));
  assert.equal(ids.size, 5000);
});

test("adds an id to a copy, and keeps one that is there", () => {
  const stamper = recordIdStamper({ column: "id" }, { now: () => AT_MS, fillRandom: fillFrom(4) });
  const record = Object.freeze({ name: "a" });
  const stamped = stamper.stamp(record);
  assert.equal(stamped.name, "a");
  assert.match(stamper.idOf(stamped) ?? "", V7);
  assert.equal(stamper.idOf(record), undefined);
  assert.equal(stamper.stamp(stamped), stamped, "a retry has the same id");
  const own = { id: "mine" };
  assert.equal(stamper.stamp(own), own);
  assert.match(stamper.idOf(stamper.stamp({ id: null })) ?? "", V7);
  assert.notEqual(stamper.idOf(stamper.stamp(record)), stamper.idOf(stamped));
});

test("derives the same id from the same fields, whatever else the record has", () => {
  const options: RecordIdOptions = { column: "id", from: ["device", "at", "parts"] };
  const idOf = (record: object): string | undefined => {
    const stamper = recordIdStamper(options);
    return stamper.idOf(stamper.stamp(record));
  };
  const record = { device: 7, at: new Date(AT_MS), parts: [{ b: 1, a: "x" }, null], other: 1 };
  // Fixed for good: applications compare ids over years.
  assert.equal(idOf(record), "1e1df044-7a4a-8034-aa41-4c41c1bfe6e4");
  assert.match(idOf(record) ?? "", V8);
  const same = { parts: [{ a: "x", b: 1, c: undefined }, null], at: record.at, device: 7n };
  assert.equal(idOf(same), idOf(record));
});

test("derives other ids from other fields, also where their texts run together", () => {
  const records: object[] = [
    { a: "1", b: "2" },
    { a: "12", b: "" },
    { a: "", b: "12" },
    { a: 1, b: 2 },
    { a: 1.5, b: 2 },
    { a: "1", b: null },
    { a: "1", b: true },
    { a: "1", b: false },
    { a: ["1"], b: "2" },
    { a: [], b: ["1", "2"] },
    { a: {}, b: "2" },
    { a: { c: 1 }, b: "2" },
    { a: new Uint8Array([49]), b: "2" },
    { a: new Date(1), b: 2 },
    { a: Number.NaN, b: 2 },
    { a: "NaN", b: 2 },
    { a: 12_345_678_901_234_567_890n, b: 2 },
  ];
  const stamper = recordIdStamper({ column: "id", from: ["a", "b"] });
  const ids = records.map((record) => stamper.idOf(stamper.stamp(record)));
  assert.equal(new Set(ids).size, records.length);
  const swapped = recordIdStamper({ column: "id", from: ["b", "a"] });
  assert.notEqual(swapped.idOf(swapped.stamp({ a: "1", b: "2" })), ids[0]);
});

test("refuses records it cannot stamp", () => {
  const stamper = recordIdStamper({ column: "id" });
  class Reading {
    readonly name = "a";
  }
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [new Uint8Array(1), /is bytes cannot get an id in column id; submit plain objects/],
    ['{"a":1}', /is a string/],
    [[], /is an array/],
    [null, /is null/],
    [undefined, /is a undefined/],
    [new Reading(), /is an object of a class/],
  ];
  for (const [record, message] of cases) {
    assert.throws(() => stamper.stamp(record), invalid(message));
  }
  const hashing = recordIdStamper({ column: "id", from: ["a"] });
  const cyclic: Record<string, unknown> = {};
  cyclic["a"] = cyclic;
  const bad: readonly (readonly [object, RegExp])[] = [
    [{}, /field `a`, which is missing/],
    [{ a: () => 1 }, /is a function/],
    [{ a: new Map() }, /neither plain data nor/],
    [{ a: [undefined] }, /has an element that is missing/],
    [{ a: { b: new Date(Number.NaN) } }, /member "b" that is an invalid Date/],
    [cyclic, /nested more than 100 deep/],
  ];
  for (const [record, message] of bad) {
    assert.throws(() => hashing.stamp(record), invalid(message));
  }
});

test("refuses wrong options", () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ column: "" }, /`column` must name a column/],
    [{ column: "id", from: [] }, /one field or more/],
    [{ column: "id", from: ["id"] }, /other than id/],
    [{ column: "id", from: ["a", "a"] }, /twice/],
    [{ column: "id", form: [] }, /Unknown recordId option `form`/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => recordIdStamper(options as RecordIdOptions), invalid(message));
  }
});
