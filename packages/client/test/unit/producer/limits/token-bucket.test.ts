// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "@sluice/testkit";
import { ZerobusError } from "../../../../src/core/zerobus-error.ts";
import {
  type TokenBucketOptions,
  tokenBucketLimiter,
} from "../../../../src/producer/limits/token-bucket.ts";

test("lets a burst through at once and makes the rest wait for their share", () => {
  const limiter = tokenBucketLimiter({ recordsPerSecond: 1000, burstSeconds: 0.1 })();
  assert.equal(limiter.tryTake(100, 1e9, 0), 0);
  assert.equal(limiter.tryTake(1, 1, 0), 1);
  assert.equal(limiter.tryTake(50, 1, 0), 50);
  assert.equal(limiter.tryTake(50, 1, 49), 1);
  assert.equal(limiter.tryTake(50, 1, 50), 0);
});

test("waits for the slower of records and bytes, and takes neither before", () => {
  const limiter = tokenBucketLimiter({
    recordsPerSecond: 1000,
    bytesPerSecond: 1000,
    burstSeconds: 1,
  })();
  assert.equal(limiter.tryTake(1, 1000, 0), 0);
  assert.equal(limiter.tryTake(999, 200, 0), 200);
  assert.equal(limiter.tryTake(999, 0, 0), 0);
});

test("lets through what is larger than a bucket, and makes the rate good afterwards", () => {
  const limiter = tokenBucketLimiter({ bytesPerSecond: 1000, burstSeconds: 0.1 })();
  assert.equal(limiter.tryTake(1, 5000, 0), 0);
  assert.equal(limiter.tryTake(1, 1, 0), 4901);
  assert.equal(limiter.tryTake(1, 1, 4901), 0);
});

test("gives each lane buckets of its own, and nothing for a clock that goes back", () => {
  const factory = tokenBucketLimiter({ recordsPerSecond: 10, burstSeconds: 1 });
  const [first, second] = [factory(), factory()];
  assert.equal(first.tryTake(10, 0, 1000), 0);
  assert.equal(second.tryTake(10, 0, 1000), 0);
  assert.equal(first.tryTake(1, 0, 0), 100);
  assert.equal(first.tryTake(1, 0, 1000), 100);
  assert.equal(first.tryTake(1, 0, 1100), 0);
});

test("holds the rate over any stretch of time, whatever the requests", () => {
  const random = createRandom(7);
  const limiter = tokenBucketLimiter("zerobus")();
  let nowMs = 0;
  let records = 0;
  let bytes = 0;
  for (let request = 0; request < 20_000; request++) {
    const recordCount = 1 + Math.floor(random() * 500);
    const byteCount = recordCount * (1 + Math.floor(random() * 3000));
    for (let waitMs = limiter.tryTake(recordCount, byteCount, nowMs); waitMs > 0; ) {
      nowMs += waitMs;
      waitMs = limiter.tryTake(recordCount, byteCount, nowMs);
    }
    records += recordCount;
    bytes += byteCount;
  }
  const seconds = nowMs / 1000;
  assert.ok(records <= 100_000 * (seconds + 0.1) + 500);
  assert.ok(bytes <= 100_000_000 * (seconds + 0.1) + 1_500_000);
  // One of the two is nearly used up: waiting is no longer than it must be.
  assert.ok(Math.max(records / 100_000, bytes / 100_000_000) > seconds * 0.9);
});

test("refuses rates that are none", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /name no rate/],
    [{ recordsPerSecond: 0 }, /`recordsPerSecond` is 0/],
    [{ bytesPerSecond: Number.NaN }, /`bytesPerSecond` is NaN/],
    [{ recordsPerSecond: 1, burstSeconds: 0 }, /`burstSeconds` is 0/],
    [{ recordPerSecond: 1 }, /Unknown limit `recordPerSecond`/],
    ["none", /"zerobus" or an object/],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => tokenBucketLimiter(options as TokenBucketOptions),
      (error) =>
        error instanceof ZerobusError &&
        error.code === "invalid_argument" &&
        message.test(error.message),
    );
  }
});
