// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "@sluice/testkit";
import { ZerobusError } from "../../../../src/core/zerobus-error.ts";
import {
  createThrottleDetector,
  type ThrottleDetectorOptions,
} from "../../../../src/producer/limits/throttle-detector.ts";
import type {
  ThrottleDetector,
  ThrottleReport,
} from "../../../../src/producer/limits/throttle-report.ts";

const RECORD_BYTES = 200;

/** Feeds a detector one sample per second. */
class Feed {
  readonly reports: ThrottleReport[] = [];
  readonly #detector: ThrottleDetector;
  #nowMs = 0;
  #records = 0;

  constructor(options?: ThrottleDetectorOptions) {
    this.#detector = createThrottleDetector(options);
  }

  /** @param recordsOf - records acknowledged in each second */
  seconds(
    count: number,
    recordsOf: (second: number) => number,
    { full = true, undisturbed = true, stepMs = 1000 } = {},
  ): this {
    for (let second = 0; second < count; second++) {
      this.#nowMs += stepMs;
      this.#records += Math.round((recordsOf(second) * stepMs) / 1000);
      const report = this.#detector.observe({
        nowMs: this.#nowMs,
        acknowledgedRecords: this.#records,
        acknowledgedBytes: this.#records * RECORD_BYTES,
        inflightRecords: full ? 10_000 : 10,
        inflightBytes: full ? 10_000 * RECORD_BYTES : 10 * RECORD_BYTES,
        full,
        undisturbed,
      });
      if (report !== undefined) this.reports.push(report);
    }
    return this;
  }
}

test("reports a flat rate of a full, undisturbed lane once, with the ceiling and advice", () => {
  const random = createRandom(1);
  const feed = new Feed().seconds(120, () => 15_000 * (0.97 + random() * 0.06));
  assert.equal(feed.reports.length, 1);
  const [report] = feed.reports;
  assert.ok(Math.abs((report?.recordsPerSecond ?? 0) - 15_000) < 300);
  assert.ok(Math.abs((report?.bytesPerSecond ?? 0) - 15_000 * RECORD_BYTES) < 60_000);
  assert.match(report?.advice ?? "", /lanes/);
});

test("needs the whole window", () => {
  assert.equal(new Feed().seconds(20, () => 1000).reports.length, 0);
  assert.equal(new Feed().seconds(21, () => 1000).reports.length, 1);
  assert.equal(new Feed({ windowMs: 5000 }).seconds(6, () => 1000).reports.length, 1);
});

test("finds the flat part behind a ramp", () => {
  const feed = new Feed().seconds(10, (second) => 1000 * (second + 1)).seconds(25, () => 10_000);
  assert.deepEqual(
    feed.reports.map(({ recordsPerSecond }) => recordsPerSecond),
    [10_000],
  );
});

test("stays silent while the application is the slow side", () => {
  assert.equal(new Feed().seconds(600, () => 1000, { full: false }).reports.length, 0);
  const feed = new Feed();
  for (let round = 0; round < 50; round++) {
    feed.seconds(15, () => 1000).seconds(1, () => 1000, { full: false });
  }
  assert.equal(feed.reports.length, 0);
});

test("stays silent on a slow disk, bursts and stalls", () => {
  const random = createRandom(2);
  const slowDisk = new Feed().seconds(600, () => 5000 * (0.8 + random() * 0.4));
  assert.equal(slowDisk.reports.length, 0, "a disk that varies by a fifth");
  const bursts = new Feed().seconds(600, (second) => (second % 5 === 0 ? 20_000 : 2000));
  assert.equal(bursts.reports.length, 0, "bursts");
  const stalls = new Feed().seconds(600, (second) => (second % 15 === 0 ? 0 : 5000));
  assert.equal(stalls.reports.length, 0, "stalls");
  const dead = new Feed().seconds(600, () => 0);
  assert.equal(dead.reports.length, 0, "nothing acknowledged at all");
});

test("stays silent while errors explain the rate, and across gaps in time", () => {
  assert.equal(new Feed().seconds(600, () => 1000, { undisturbed: false }).reports.length, 0);
  const gaps = new Feed();
  for (let round = 0; round < 20; round++) {
    gaps.seconds(15, () => 1000).seconds(1, () => 1000, { stepMs: 60_000 });
  }
  assert.equal(gaps.reports.length, 0);
  assert.equal(new Feed().seconds(100, () => 1000, { stepMs: -1000 }).reports.length, 0);
});

test("reports again only after the throttling had ended", () => {
  const feed = new Feed().seconds(60, () => 1000);
  feed.seconds(3, () => 1000, { full: false }).seconds(60, () => 1100);
  assert.equal(feed.reports.length, 1, "a short pause and a little more rate do not end it");
  feed.seconds(10, () => 2000).seconds(60, () => 1000);
  assert.equal(feed.reports.length, 2, "a clearly higher rate does");
  feed.seconds(10, () => 100, { full: false }).seconds(60, () => 1000);
  assert.equal(feed.reports.length, 3, "so does an idle application");
});

test("refuses options out of range", () => {
  for (const options of [{ windowMs: 1 }, { flatness: 0 }, { release: 2 }]) {
    assert.throws(
      () => createThrottleDetector(options),
      (error) => error instanceof ZerobusError && error.code === "invalid_argument",
    );
  }
});
