// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  SESSION_TRANSITIONS,
  type SessionEvent,
  type SessionState,
} from "../../../src/session/session-state.ts";

const STATES = Object.keys(SESSION_TRANSITIONS) as SessionState[];
const EVENTS = Object.keys(SESSION_TRANSITIONS.open) as SessionEvent[];

describe("session transitions", () => {
  it("have a cell for each state and event, which leads to a known state", () => {
    for (const state of STATES) {
      assert.deepEqual(Object.keys(SESSION_TRANSITIONS[state]).sort(), [...EVENTS].sort());
      for (const event of EVENTS) assert.ok(STATES.includes(SESSION_TRANSITIONS[state][event]));
    }
  });

  it("never leave `ended`", () => {
    for (const event of EVENTS) assert.equal(SESSION_TRANSITIONS.ended[event], "ended");
  });

  it("end at once when the client is gone or the log has failed, in every state", () => {
    for (const state of STATES) {
      assert.equal(SESSION_TRANSITIONS[state].gone, "ended");
      assert.equal(SESSION_TRANSITIONS[state].logFailed, "ended");
    }
  });

  it("never turn a refusal into an orderly end, nor an end by the client into a refusal", () => {
    for (const event of EVENTS) {
      assert.ok(["refusing", "ended"].includes(SESSION_TRANSITIONS.refusing[event]));
      assert.ok(["finishing", "ended"].includes(SESSION_TRANSITIONS.finishing[event]));
    }
  });

  it("take records only behind an accepted create_stream", () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        if (SESSION_TRANSITIONS[state][event] !== "open" || state === "open") continue;
        assert.equal(`${state} ${event}`, "creating createAccepted");
      }
    }
  });

  it("reach `ended` from every state", () => {
    for (const start of STATES) {
      const reached = new Set<SessionState>([start]);
      for (const state of reached) {
        for (const event of EVENTS) reached.add(SESSION_TRANSITIONS[state][event]);
      }
      assert.ok(reached.has("ended"), start);
    }
  });
});
