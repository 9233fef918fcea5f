// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdaptiveSyncPolicy } from "../../src/core/sync-policy.ts";
import type { SyncPolicy } from "../../src/core/sync-policy.ts";

function record(policy: SyncPolicy, count: number, durationMs: number): void {
  for (let index = 0; index < count; index += 1) policy.record(4096, durationMs, false);
}

/** Commits as the policy says, on a disk of this kind. @returns how many blocked. */
function commit(
  policy: SyncPolicy,
  count: number,
  disk: { readonly pooledMs: number; readonly blockingMs: number },
): number {
  let blockingCount = 0;
  for (let index = 0; index < count; index += 1) {
    const isBlocking = policy.shouldBlock(4096);
    if (isBlocking) blockingCount += 1;
    policy.record(4096, isBlocking ? disk.blockingMs : disk.pooledMs, isBlocking);
  }
  return blockingCount;
}

function commitsUntilBlocking(policy: SyncPolicy): number {
  for (let count = 0; count < 100_000; count += 1) {
    if (policy.shouldBlock(4096)) return count;
    policy.record(4096, 0.1, false);
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

test("never blocks on a disk that is far slower than the thread pool", () => {
  assert.equal(commit(createAdaptiveSyncPolicy(), 10_000, { pooledMs: 3, blockingMs: 3 }), 0);
});

test("blocks on a slow disk only to see now and then whether it is", () => {
  const blockingCount = commit(createAdaptiveSyncPolicy(), 10_000, {
    pooledMs: 0.5,
    blockingMs: 0.5,
  });
  assert.ok(blockingCount <= 10_000 / 64, `${blockingCount} of 10,000`);
});

test("finds a fast disk behind a slow thread pool", () => {
  const policy = createAdaptiveSyncPolicy();
  commit(policy, 200, { pooledMs: 0.8, blockingMs: 0.1 });
  assert.equal(commit(policy, 100, { pooledMs: 0.8, blockingMs: 0.1 }), 100);
});

test("leaves a disk that has become slow to the thread pool", () => {
  const policy = createAdaptiveSyncPolicy();
  commit(policy, 200, { pooledMs: 0.1, blockingMs: 0.1 });
  const blockingCount = commit(policy, 1000, { pooledMs: 1, blockingMs: 1 });
  assert.ok(blockingCount < 50, `${blockingCount} of 1,000`);
});

test("stays off the calling thread longer after each further outlier", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  policy.record(4096, 40, true);
  const first = commitsUntilBlocking(policy);
  policy.record(4096, 40, true);
  const second = commitsUntilBlocking(policy);
  assert.ok(first >= 16, `${first}`);
  assert.ok(second > first, `${second} after ${first}`);
});

test("does not count the thread pool's outliers against blocking", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  policy.record(4096, 40, false);
  const first = commitsUntilBlocking(policy);
  policy.record(4096, 40, false);
  const second = commitsUntilBlocking(policy);
  assert.equal(first, 16);
  assert.equal(second, first);
});

test("takes an outlier of a large commit into account", () => {
  const policy = createAdaptiveSyncPolicy();
  record(policy, 100, 0.1);
  policy.record(8 * 1024 * 1024, 50, false);
  assert.equal(policy.shouldBlock(4096), false);
});
