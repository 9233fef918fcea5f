// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  TABLE_TRANSITIONS,
  type TableEvent,
  type TableState,
} from "../../../src/ingest/table-life.ts";

const STATES = Object.keys(TABLE_TRANSITIONS) as TableState[];
const EVENTS = Object.keys(TABLE_TRANSITIONS.open) as TableEvent[];

describe("table transitions", () => {
  it("have a cell for each state and event, which leads to a known state", () => {
    for (const state of STATES) {
      assert.deepEqual(Object.keys(TABLE_TRANSITIONS[state]).sort(), [...EVENTS].sort());
      for (const event of EVENTS) assert.ok(STATES.includes(TABLE_TRANSITIONS[state][event]));
    }
  });

  it("never leave `closed`, and close from every state", () => {
    for (const event of EVENTS) assert.equal(TABLE_TRANSITIONS.closed[event], "closed");
    for (const state of STATES) assert.equal(TABLE_TRANSITIONS[state].closeRequested, "closed");
  });

  it("open a table that has failed only by way of a replay", () => {
    for (const state of ["waiting", "failed", "dropped"] as const) {
      for (const event of EVENTS) assert.notEqual(TABLE_TRANSITIONS[state][event], "open");
    }
    assert.equal(TABLE_TRANSITIONS.waiting.retryDue, "replaying");
    assert.equal(TABLE_TRANSITIONS.replaying.replayed, "open");
  });

  it("never try again what an operator has to decide", () => {
    for (const event of EVENTS) {
      assert.ok(["failed", "dropped", "closed"].includes(TABLE_TRANSITIONS.failed[event]));
    }
  });

  it("take no records while the log is read, whatever happens meanwhile", () => {
    for (const event of EVENTS) {
      const isDone = event === "replayed";
      assert.equal(TABLE_TRANSITIONS.replaying[event] === "open", isDone);
    }
  });
});
