// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdaptiveSyncPolicy } from "../../src/core/sync-policy.ts";
import type { SyncPolicy } from "../../src/core/sync-policy.ts";

function record(policy: SyncPolicy, count: number, durationMs: number): void {
  for (let index = 0; index < count; index += 1) policy.record(4096, durationMs);
}

function commitsUntilBlocking(policy: SyncPolicy): number {
  for (let count = 0; count < 100_000; count += 1) {
    if (policy.shouldBlock(4096)) return count;
    policy.record(4096, 0.1);
  }
  return Number.POSITIVE_INFINITY;
}

test("does not block before it has measured the disk", () => {
  const policy = createAdaptiveSyncPolicy();
  assert.equal(policy.shouldBlock(4096), false);
  assert.ok(commitsUntilBlocking(policy) >= 16);
});

test("blocks for small commits on a fast disk", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  assert.equal(policy.shouldBlock(4096), true);
  assert.equal(policy.shouldBlock(1024 * 1024), false);
});

test("never blocks on a slow disk", () => {
  const policy = createAdaptiveSyncPolicy();
  for (let index = 0; index < 10_000; index += 1) {
    assert.equal(policy.shouldBlock(4096), false);
    policy.record(4096, 0.5);
  }
});

test("stays off the calling thread longer after each further outlier", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  policy.record(4096, 20);
  const first = commitsUntilBlocking(policy);
  policy.record(4096, 20);
  const second = commitsUntilBlocking(policy);
  assert.ok(first >= 16, `${first}`);
  assert.ok(second > first, `${second} after ${first}`);
});

test("takes an outlier of a large commit into account", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  policy.record(8 * 1024 * 1024, 50);
  assert.equal(policy.shouldBlock(4096), false);
});
