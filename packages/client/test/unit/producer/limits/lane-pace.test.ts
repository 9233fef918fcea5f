// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LanePace } from "../../../../src/producer/limits/lane-pace.ts";
import { tokenBucketLimiter } from "../../../../src/producer/limits/token-bucket.ts";

/** Sends as fast as the pace lets it, in requests of so many records of 100 bytes; returns the records sent. */
function sendFor(pace: LanePace, fromMs: number, durationMs: number, requestRecords = 1): number {
  let sent = 0;
  let nowMs = fromMs;
  while (nowMs < fromMs + durationMs) {
    const waitMs = pace.tryTake(requestRecords, requestRecords * 100, nowMs);
    if (waitMs > 0) {
      nowMs += waitMs;
      continue;
    }
    pace.sent(requestRecords, requestRecords * 100, nowMs);
    sent += requestRecords;
  }
  return sent;
}

test("lets everything through until the service refuses", () => {
  const pace = new LanePace(undefined);
  assert.equal(pace.isOpen(0), true);
  assert.equal(pace.tryTake(1_000_000, 1e12, 0), 0);
  pace.refused(0);
  assert.equal(pace.slowedTo(0), undefined, "nothing was sent");
});

test("halves the rate at each refusal, and gains it back in a straight line", () => {
  const pace = new LanePace(undefined);
  pace.sent(10_000, 5_000_000, 0);
  const steps: readonly (readonly [string, number, number | undefined])[] = [
    ["refused", 100, 5_000],
    ["look", 2_100, 6_000],
    ["look", 10_100, 10_000],
    ["look", 30_000, 19_950],
    ["look", 30_100, undefined],
  ];
  for (const [what, nowMs, recordsPerSecond] of steps) {
    if (what === "refused") pace.refused(nowMs);
    const rate = pace.slowedTo(nowMs);
    assert.equal(rate && Math.round(rate.recordsPerSecond), recordsPerSecond, `at ${nowMs}`);
    assert.equal(pace.isOpen(nowMs), recordsPerSecond === undefined);
  }
});

test("counts refusals without anything sent in between as one", () => {
  const pace = new LanePace(undefined);
  pace.sent(8_000, 1, 0);
  pace.refused(0);
  pace.refused(10);
  assert.equal(Math.round(pace.slowedTo(10)?.recordsPerSecond ?? 0), 4_004);
  sendFor(pace, 10, 1_000);
  pace.refused(1_010);
  const again = pace.slowedTo(1_010)?.recordsPerSecond ?? 0;
  assert.ok(again > 1_900 && again < 2_300, String(again));
});

test("slows no lane below the floor", () => {
  const pace = new LanePace(undefined);
  for (let nowMs = 0; nowMs < 100; nowMs++) {
    pace.sent(1, 10, nowMs);
    pace.refused(nowMs);
  }
  assert.deepEqual(pace.slowedTo(100), { recordsPerSecond: 100, bytesPerSecond: 100_000 });
});

test("keeps to the rate it was slowed to, whatever the size of requests", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 400, max: 1_000_000 }),
      fc.integer({ min: 1, max: 5_000 }),
      (sentRecords, requestRecords) => {
        const pace = new LanePace(undefined);
        pace.sent(sentRecords, sentRecords * 100, 0);
        pace.refused(0);
        const sent = sendFor(pace, 0, 10_000, requestRecords);
        // From half of it to the whole of it within ten seconds: three quarters of it, a burst and the last request more.
        const most = sentRecords * 10 * 0.75 + sentRecords * 0.1 + requestRecords;
        assert.ok(sent <= most * 1.02, `${sent} of ${most}`);
        assert.ok(sent >= Math.min(most * 0.6, requestRecords), `${sent} of ${most}`);
      },
    ),
  );
});

test("never lets through what the lane's own limiter holds back, and says that it held back", () => {
  const pace = new LanePace(tokenBucketLimiter({ recordsPerSecond: 1_000, burstSeconds: 0.1 })());
  assert.equal(pace.isOpen(0), false);
  const sent = sendFor(pace, 0, 10_000, 10);
  assert.ok(sent >= 9_900 && sent <= 10_200, String(sent));
  assert.equal(pace.takeHeldBack(), true);
  assert.equal(pace.takeHeldBack(), false);
});
