// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { InflightLimit } from "../../src/core/inflight-limit.ts";

const MIB = 1_048_576;

/** One round that took `roundMs`, in which somebody was held back. */
function round(limit: InflightLimit, roundMs: number): void {
  limit.taken(1, 0);
  limit.heldBack();
  limit.acknowledged(1, roundMs);
}

test("allows everything without a call and little at the beginning of one", () => {
  const limit = new InflightLimit(64 * MIB);
  assert.equal(limit.bytes, 64 * MIB);
  limit.begin();
  assert.equal(limit.bytes, 4 * MIB);
  limit.end();
  assert.equal(limit.bytes, 64 * MIB);
});

test("never exceeds the maximum", () => {
  const small = new InflightLimit(1000);
  small.begin();
  assert.equal(small.bytes, 1000);
  const large = new InflightLimit(12 * MIB);
  large.begin();
  for (let count = 0; count < 5; count++) round(large, 100);
  assert.equal(large.bytes, 12 * MIB);
});

test("doubles when callers were held back and nothing queued", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  round(limit, 100);
  assert.equal(limit.bytes, 8 * MIB);
  round(limit, 120);
  assert.equal(limit.bytes, 16 * MIB);
  round(limit, 199);
  assert.equal(limit.bytes, 16 * MIB);
});

test("halves when acknowledgements queue, and never below what it began with", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  round(limit, 100);
  round(limit, 120);
  assert.equal(limit.bytes, 16 * MIB);
  for (const bytes of [8, 4, 4]) {
    round(limit, 200);
    assert.equal(limit.bytes, bytes * MIB);
  }
});

test("does not double again when the last doubling made nothing faster", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  round(limit, 100);
  round(limit, 199);
  round(limit, 180);
  assert.equal(limit.bytes, 8 * MIB);
  round(limit, 150);
  assert.equal(limit.bytes, 16 * MIB);
});

test("does not grow while nobody is held back, and forgets who was in the round before", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  for (let count = 0; count < 3; count++) {
    limit.taken(1, 0);
    limit.acknowledged(1, 10);
  }
  assert.equal(limit.bytes, 4 * MIB);
  round(limit, 30);
  limit.taken(1, 0);
  limit.acknowledged(1, 10);
  assert.equal(limit.bytes, 4 * MIB);
});

test("measures one round at a time, until all of it is acknowledged", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  limit.taken(10, 0);
  limit.taken(20, 90);
  limit.heldBack();
  limit.acknowledged(9, 100);
  assert.equal(limit.bytes, 4 * MIB);
  limit.acknowledged(10, 100);
  assert.equal(limit.bytes, 8 * MIB);
  round(limit, 190);
  assert.equal(limit.bytes, 8 * MIB);
});

test("learns each call anew", () => {
  const limit = new InflightLimit(64 * MIB);
  limit.begin();
  round(limit, 1);
  limit.taken(5, 0);
  limit.end();
  limit.begin();
  assert.equal(limit.bytes, 4 * MIB);
  limit.acknowledged(5, 1);
  round(limit, 500);
  assert.equal(limit.bytes, 8 * MIB);
});
