// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { transitionLog } from "../../src/core/log-state.ts";
import type { LogEvent, LogState } from "../../src/core/log-state.ts";

const EXPECTED: Record<LogState, Record<LogEvent, LogState | "impossible">> = {
  open: { close: "closing", fail: "failed", release: "impossible" },
  closing: { close: "closing", fail: "failed", release: "closed" },
  failed: { close: "failed", fail: "failed", release: "closed" },
  closed: { close: "closed", fail: "closed", release: "impossible" },
};

const STATES: LogState[] = ["open", "closing", "failed", "closed"];
const EVENTS: LogEvent[] = ["close", "fail", "release"];

for (const state of STATES) {
  for (const event of EVENTS) {
    const expected = EXPECTED[state][event];
    test(`goes from ${state} by ${event} to ${expected}`, () => {
      if (expected === "impossible") assert.throws(() => transitionLog(state, event), RangeError);
      else assert.equal(transitionLog(state, event), expected);
    });
  }
}

test("never takes entries again once it left open", () => {
  for (const state of STATES.filter((candidate) => candidate !== "open")) {
    for (const event of EVENTS) assert.notEqual(EXPECTED[state][event], "open");
  }
});
