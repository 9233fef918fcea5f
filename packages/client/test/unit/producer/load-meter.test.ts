// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadMeter, type LoadSample } from "../../../src/producer/load-meter.ts";

const LIMITS = { minLanes: 1, maxLanes: 3, maxInflightBytes: 1_000, maxInflightRecords: 100 };
const BUSY: LoadSample = {
  laneCount: 1,
  allRunning: true,
  waited: true,
  throttled: false,
  heldBytes: 1_000,
  heldRecords: 100,
};

/** What is decided after so many samples like this one. */
function decideAfter(count: number, change: Partial<LoadSample>): string {
  const meter = new LoadMeter(LIMITS);
  let decision = "stay";
  for (let index = 0; index < count; index++) decision = meter.decide({ ...BUSY, ...change });
  return decision;
}

const idle = { laneCount: 2, waited: false, heldBytes: 0, heldRecords: 0 };
const cases: readonly (readonly [string, number, Partial<LoadSample>, string])[] = [
  ["one full second", 1, {}, "stay"],
  ["two full seconds", 2, {}, "full"],
  ["two full seconds with all lanes there may be", 2, { laneCount: 3 }, "stay"],
  ["a lane that is away", 2, { allRunning: false }, "stay"],
  ["a stream that is throttled", 2, { throttled: true }, "throttled"],
  ["one throttled, another away", 2, { throttled: true, allRunning: false }, "throttled"],
  ["throttled, with all lanes there may be", 2, { throttled: true, laneCount: 3 }, "stay"],
  ["throttled, but nobody waits any more", 2, { throttled: true, waited: false }, "stay"],
  ["little to do for a while", 29, idle, "stay"],
  ["little to do for long", 30, idle, "idle"],
  ["little to do with the fewest lanes", 30, { ...idle, laneCount: 1 }, "stay"],
];
for (const [what, count, change, decision] of cases) {
  test(`decides on lanes for ${what}: ${decision}`, () => {
    assert.equal(decideAfter(count, change), decision);
  });
}
