// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatLatency,
  formatSeconds,
} from "../../../src/terminal/numbers.ts";

test("groups the digits of counts", () => {
  assert.equal(formatCount(200_000), "200,000");
  assert.equal(formatCount(175_889.6), "175,890");
});

test("names one and many", () => {
  assert.equal(formatCounted(1, "record"), "1 record");
  assert.equal(formatCounted(0, "record"), "0 records");
  assert.equal(formatCounted(2_000, "record"), "2,000 records");
});

test("gives bytes the unit that leaves at most three digits", () => {
  const cases = [0, 999, 1_000, 9_863_892, 99_949_999, 999_499, 999_500, 1e15];
  assert.deepEqual(cases.map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "9.9 MB",
    "99.9 MB",
    "999 kB",
    "1.0 MB",
    "1000 TB",
  ]);
});

test("gives spans of time the unit that suits them", () => {
  const cases = [0, 0.43, 0.9996, 2.4149, 59.994, 59.996, 185, 3_599.6, 7_800];
  assert.deepEqual(cases.map(formatSeconds), [
    "0 ms",
    "430 ms",
    "1.00 s",
    "2.41 s",
    "59.99 s",
    "1 min 0 s",
    "3 min 5 s",
    "1 h 0 min",
    "2 h 10 min",
  ]);
});

test("gives latencies three digits at most", () => {
  const cases = [undefined, 0.42, 8.1, 12.34, 150.4, 2_300];
  assert.deepEqual(cases.map(formatLatency), [
    "-",
    "0.42 ms",
    "8.10 ms",
    "12.3 ms",
    "150 ms",
    "2.30 s",
  ]);
});
