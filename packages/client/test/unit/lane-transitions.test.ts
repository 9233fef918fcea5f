// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ZerobusError } from "../../src/core/zerobus-error.ts";
import type {
  LaneEffect,
  LaneEvent,
  LanePolicy,
  LaneState,
} from "../../src/producer/lane-state.ts";
import {
  LANE_TRANSITIONS,
  type LaneEventKind,
  type LaneStateKind,
  laneTransition,
} from "../../src/producer/lane-transitions.ts";

const POLICY: LanePolicy = { maxAuthElapsedMs: 1_000 };
const ERROR = new ZerobusError("invalid_argument", "wrong");
const retry = { attempt: 1, sinceMs: 0 };
const STATES: { readonly [Kind in LaneStateKind]: LaneState } = {
  idle: { kind: "idle" },
  opening: { kind: "opening", retry: undefined },
  running: { kind: "running", retry: undefined },
  reconnecting: { kind: "reconnecting", retry: undefined },
  isolating: { kind: "isolating", groupCount: 1 },
  settingAside: { kind: "settingAside" },
  backingOff: { kind: "backingOff", retry, error: ERROR },
  draining: { kind: "draining" },
  closed: { kind: "closed" },
  failed: { kind: "failed", error: ERROR },
};
const engineFailed = (
  category: Extract<LaneEvent, { kind: "engineFailed" }>["category"],
  suspectCount = 3,
  divisible = false,
  atMs = 0,
  lasted = true,
): LaneEvent => ({
  kind: "engineFailed",
  error: ERROR,
  category,
  suspectCount,
  divisible,
  lasted,
  atMs,
});
const EVENTS: { readonly [Kind in LaneEventKind]: LaneEvent } = {
  start: { kind: "start" },
  opened: { kind: "opened" },
  lost: { kind: "lost" },
  engineFailed: engineFailed("data"),
  groupAcknowledged: { kind: "groupAcknowledged", suspectCount: 4 },
  setAside: { kind: "setAside", suspectCount: 4, settledCount: Number.POSITIVE_INFINITY },
  timerFired: { kind: "timerFired" },
  closeRequested: { kind: "closeRequested" },
  engineEnded: { kind: "engineEnded" },
  aborted: { kind: "aborted", error: ERROR },
};

/** The state each event leads to. */
const NEXT: {
  readonly [Kind in LaneStateKind]: { readonly [Event in LaneEventKind]: LaneStateKind };
} = {
  idle: row("idle", { start: "opening", closeRequested: "closed", aborted: "failed" }),
  opening: row("opening", {
    opened: "running",
    engineFailed: "failed",
    closeRequested: "draining",
    aborted: "failed",
  }),
  running: row("running", {
    lost: "reconnecting",
    engineFailed: "isolating",
    closeRequested: "draining",
    aborted: "failed",
  }),
  reconnecting: row("reconnecting", {
    opened: "running",
    engineFailed: "isolating",
    closeRequested: "draining",
    aborted: "failed",
  }),
  isolating: row("isolating", {
    engineFailed: "settingAside",
    closeRequested: "draining",
    aborted: "failed",
  }),
  settingAside: row("settingAside", {
    setAside: "reconnecting",
    closeRequested: "closed",
    aborted: "failed",
  }),
  backingOff: row("backingOff", {
    timerFired: "opening",
    closeRequested: "closed",
    aborted: "failed",
  }),
  draining: row("draining", { engineFailed: "closed", engineEnded: "closed", aborted: "closed" }),
  closed: row("closed", {}),
  failed: row("failed", { closeRequested: "closed" }),
};

function row(
  stay: LaneStateKind,
  moves: { readonly [Event in LaneEventKind]?: LaneStateKind },
): { readonly [Event in LaneEventKind]: LaneStateKind } {
  const all = Object.keys(EVENTS).map((event) => [event, moves[event as LaneEventKind] ?? stay]);
  return Object.fromEntries(all) as { readonly [Event in LaneEventKind]: LaneStateKind };
}

function kinds(effects: readonly LaneEffect[]): string[] {
  return effects.map((effect) => effect.kind);
}

test("leads from every state by every event to the state of the table", () => {
  for (const stateKind of Object.keys(STATES) as LaneStateKind[]) {
    assert.deepEqual(Object.keys(LANE_TRANSITIONS[stateKind]), Object.keys(EVENTS));
    for (const eventKind of Object.keys(EVENTS) as LaneEventKind[]) {
      const next = laneTransition(STATES[stateKind], EVENTS[eventKind], POLICY);
      assert.equal(next.state.kind, NEXT[stateKind][eventKind], `${stateKind} + ${eventKind}`);
    }
  }
});

test("fails on faults of the configuration and on a spent budget, and keeps what is left", () => {
  for (const kind of ["running", "reconnecting", "isolating"] as const) {
    for (const category of ["configuration", "connection", "throttling", "bug"] as const) {
      const next = laneTransition(STATES[kind], engineFailed(category), POLICY);
      assert.equal(next.state.kind, "failed", `${kind} ${category}`);
      assert.deepEqual(kinds(next.effects), ["takeBack", "finish"]);
    }
  }
});

test("waits for credentials that were good before, within their budget, and fails at once else", () => {
  const refused = (atMs: number): LaneEvent => engineFailed("auth", 0, false, atMs);
  const first = laneTransition(STATES.opening, refused(0), POLICY);
  assert.equal(first.state.kind, "failed");
  let state = laneTransition(STATES.running, refused(0), POLICY).state;
  let attempts = 0;
  for (let atMs = 300; state.kind === "backingOff"; atMs += 300) {
    attempts++;
    state = laneTransition(state, EVENTS.timerFired, POLICY).state;
    assert.equal(state.kind, "opening");
    state = laneTransition(state, refused(atMs), POLICY).state;
  }
  assert.equal(state.kind, "failed");
  assert.equal(attempts, 4);
});

test("goes on with the same budget while streams open and have their credentials refused at once", () => {
  const refused = (atMs: number, lasted: boolean): LaneEvent =>
    engineFailed("auth", 0, false, atMs, lasted);
  const openAgain = (state: LaneState): LaneState => {
    const opening = laneTransition(state, EVENTS.timerFired, POLICY).state;
    return laneTransition(opening, EVENTS.opened, POLICY).state;
  };
  let { state } = laneTransition(STATES.running, refused(0, true), POLICY);
  for (const [attempt, atMs] of [
    [2, 400],
    [3, 800],
  ] as const) {
    const running = openAgain(state);
    assert.equal(running.kind, "running");
    const next = laneTransition(running, refused(atMs, false), POLICY);
    assert.deepEqual(next.effects.at(-1), { kind: "startBackoff", attempt });
    state = next.state;
  }
  const fresh = laneTransition(openAgain(state), refused(1_200, true), POLICY);
  assert.deepEqual(fresh.effects.at(-1), { kind: "startBackoff", attempt: 1 });
  assert.equal(
    laneTransition(openAgain(state), refused(1_200, false), POLICY).state.kind,
    "failed",
  );
});

test("sends groups that double while they are acknowledged, and all once no suspect is left", () => {
  let state: LaneState = STATES.isolating;
  const groups: number[] = [];
  for (const suspectCount of [9, 7, 3]) {
    const next = laneTransition(state, { kind: "groupAcknowledged", suspectCount }, POLICY);
    state = next.state;
    const [effect] = next.effects;
    groups.push(effect?.kind === "sendGroup" ? effect.groupCount : 0);
  }
  assert.deepEqual(groups, [2, 4, 3]);
  const done = laneTransition(state, { kind: "groupAcknowledged", suspectCount: 0 }, POLICY);
  assert.deepEqual([done.state.kind, ...kinds(done.effects)], ["running", "sendAll"]);
});

test("sends groups after refusals that come close after each other, and all at once after others", () => {
  const after = (suspectCount: number, settledCount: number): LaneState =>
    laneTransition(STATES.settingAside, { kind: "setAside", suspectCount, settledCount }, POLICY)
      .state;
  assert.equal(after(5_000, Number.POSITIVE_INFINITY).kind, "reconnecting");
  assert.equal(after(5_000, 2_500).kind, "reconnecting");
  assert.deepEqual(after(5_000, 100), { kind: "isolating", groupCount: 200 });
  assert.deepEqual(after(5_000, 1), { kind: "isolating", groupCount: 64 });
  assert.equal(after(64, 1).kind, "reconnecting");
});

test("convicts a request that was refused alone, and begins anew when a group was refused", () => {
  const single = laneTransition(STATES.isolating, engineFailed("data", 1), POLICY);
  assert.deepEqual(kinds(single.effects), ["takeBack", "setFirstAside"]);
  const batch = laneTransition(STATES.isolating, engineFailed("data", 1, true), POLICY);
  assert.deepEqual(kinds(batch.effects), ["takeBack", "divideFirst", "startEngine"]);
  const group = laneTransition({ kind: "isolating", groupCount: 8 }, engineFailed("data"), POLICY);
  assert.deepEqual(group.state, { kind: "isolating", groupCount: 1 });
  assert.deepEqual(kinds(group.effects), ["takeBack", "startEngine"]);
});

test("waits before the next stream when nothing was sent that could be at fault", () => {
  for (const kind of ["running", "isolating"] as const) {
    const next = laneTransition(STATES[kind], engineFailed("data", 0), POLICY);
    assert.equal(next.state.kind, "backingOff", kind);
  }
});

test("finishes exactly once on every path, with no timer left", () => {
  const eventKinds = Object.keys(EVENTS) as LaneEventKind[];
  const events = fc.oneof(
    fc.constantFrom(...eventKinds).map((kind) => EVENTS[kind]),
    fc
      .tuple(
        fc.constantFrom("data", "auth", "configuration", "connection"),
        fc.nat(3),
        fc.boolean(),
        fc.nat(3_000),
      )
      .map(([category, suspectCount, divisible, atMs]) =>
        engineFailed(category as "data", suspectCount, divisible, atMs),
      ),
  );
  fc.assert(
    fc.property(fc.array(events, { maxLength: 80 }), (steps) => {
      let state: LaneState = { kind: "idle" };
      let finished = 0;
      let timer = false;
      for (const event of steps) {
        const next = laneTransition(state, event, POLICY);
        if (event.kind === "timerFired" && state.kind === "backingOff") timer = false;
        for (const effect of next.effects) {
          if (effect.kind === "finish") finished++;
          if (effect.kind === "startBackoff") timer = true;
          if (effect.kind === "stopTimer") timer = false;
        }
        state = next.state;
        const ended = state.kind === "closed" || state.kind === "failed";
        assert.equal(finished, ended ? 1 : 0);
        assert.equal(timer, state.kind === "backingOff");
      }
    }),
  );
});
