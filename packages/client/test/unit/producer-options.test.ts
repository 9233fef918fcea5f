// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ZerobusError } from "../../src/core/zerobus-error.ts";
import { strictJsonEncoder } from "../../src/producer/json-encoder.ts";
import { resolveProducerOptions } from "../../src/producer/producer-settings.ts";
import { fullJitterBackoff } from "../../src/producer/full-jitter.ts";

const BASE = { endpoint: "http://localhost:1", table: "a.b.c", auth: "none" } as const;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ZerobusError);
    assert.equal(error.code, "invalid_argument");
    return error.message;
  }
  assert.fail("was taken");
}

test("fills in the defaults and mutates nothing", () => {
  const options = Object.freeze({ ...BASE });
  const settings = resolveProducerOptions(options);
  assert.equal(settings.format, "json");
  assert.equal(settings.minLanes, 1);
  assert.equal(settings.maxLanes, 1);
  assert.equal(settings.maxDelayMs, 30_000);
  assert.equal(settings.maxAttempts, undefined);
  assert.equal(settings.onInvalidRecord, "raise");
  assert.ok(Object.isFrozen(settings));
});

test("refuses wrong options and says which", () => {
  const cases: readonly [object, string][] = [
    [{ endpoint: 5 }, "`endpoint`"],
    [{ endpoint: "ftp://x" }, "endpoint"],
    [{ table: "a.b" }, "table"],
    [{ auth: undefined }, "`auth`"],
    [{ auth: { clientId: "x" } }, "`auth.clientSecret`"],
    [{ auth: { clientId: "x", clientSecret: "y" } }, "`unityCatalogUrl`"],
    [{ auth: { clientId: "x", clientSecret: "y", tokn: 1 } }, "`tokn`"],
    [{ lanes: { min: 0 } }, "`lanes.min`"],
    [{ lanes: { min: 4, max: 2 } }, "`lanes.max`"],
    [{ lanes: { keys: () => 1 } }, "`keys`"],
    [{ lanes: { key: "id" } }, "`lanes.key`"],
    [{ maxInflightRecords: Number.NaN }, "`maxInflightRecords`"],
    [{ maxInflightBytes: "1" }, "`maxInflightBytes`"],
    [{ format: "avro" }, "`format`"],
    [{ format: "proto" }, "`format`"],
    [{ format: "json", descriptor: new Uint8Array(1) }, "`format`"],
    [{ descriptor: "CgFS" }, "`descriptor`"],
    [{ encoder: {} }, "`encoder`"],
    [{ onInvalidRecord: "drop" }, "`onInvalidRecord`"],
    [{ onInvalidRecord: "deadLetter" }, "`deadLetters`"],
    [{ deadLetters: {} }, "`deadLetters`"],
    [{ retry: { maxAttempts: 0 } }, "`retry.maxAttempts`"],
    [{ retry: { firstDelayMs: 50, maxDelayMs: 10 } }, "`retry.maxDelayMs`"],
    [{ retry: { jitter: true } }, "`jitter`"],
    [{ onAck: 1 }, "`onAck`"],
    [{ applicationName: "ü" }, "`applicationName`"],
    [{ connectionPerLane: "yes" }, "`connectionPerLane`"],
    [{ endpiont: "x" }, "`endpiont`"],
    [{ throttleDetection: "off" }, "`throttleDetection`"],
    [{ throttleDetection: { window: 1 } }, "`window`"],
    [{ throttleDetection: { windowMs: 1 } }, "`windowMs`"],
  ];
  for (const [change, expected] of cases) {
    const message = refusal(() => resolveProducerOptions({ ...BASE, ...change }));
    assert.ok(message.includes(expected), `${JSON.stringify(change)}: ${message}`);
  }
  assert.ok(refusal(() => resolveProducerOptions(undefined as never)).includes("object"));
});

test("encodes plain objects and refuses what JSON would lose, naming the field", () => {
  const encoder = strictJsonEncoder<unknown>();
  const encode = (record: unknown): unknown => encoder.encode(record);
  assert.equal(
    encode({ a: 1, b: [null, "x"], c: undefined, d: { e: true } }),
    '{"a":1,"b":[null,"x"],"d":{"e":true}}',
  );
  assert.equal(encode('{"a":1}'), '{"a":1}');
  class Reading {
    celsius = 20.5;
  }
  assert.equal(encode(new Reading()), '{"celsius":20.5}');
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const cases: readonly [unknown, string][] = [
    [{ a: { b: Number.NaN } }, "`a.b` is NaN"],
    [{ a: [1, Number.POSITIVE_INFINITY] }, "`a[1]` is Infinity"],
    [{ a: 1n }, "`a` is a bigint"],
    [{ a: [undefined] }, "`a[0]` is undefined"],
    [{ a: () => 1 }, "`a` is a function"],
    [{ a: Symbol("x") }, "`a` is a symbol"],
    [{ at: new Date(0) }, "microseconds"],
    [{ a: new Map() }, "Object.fromEntries"],
    [{ a: new Set() }, "array"],
    [{ a: new Uint8Array(1) }, "base64"],
    [cycle, "objects deep"],
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    [[], "an array"],
    [new Date(), "Date"],
    [new Uint8Array(1), "Uint8Array"],
  ];
  for (const [record, expected] of cases) {
    const message = refusal(() => encode(record));
    assert.ok(message.includes(expected), `${expected}: ${message}`);
  }
});

test("doubles the bound of waits up to the longest, and waits at least half after young deaths", () => {
  const backoff = fullJitterBackoff(100, 1_000);
  const bounds = [1, 2, 3, 4, 5, 90].map((attempt) => backoff.delayMs(attempt, 0, 1));
  assert.deepEqual(bounds, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(backoff.delayMs(3, 0, 0), 0);
  assert.equal(backoff.delayMs(0, 2, 0), 50);
  assert.equal(backoff.delayMs(0, 5, 0), 400);
});
