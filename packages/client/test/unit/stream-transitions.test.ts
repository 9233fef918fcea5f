// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type {
  StreamEffect,
  StreamEvent,
  StreamPolicy,
  StreamState,
} from "../../src/core/stream-state.ts";
import {
  type EventKind,
  type StateKind,
  STREAM_TRANSITIONS,
  transition,
} from "../../src/core/stream-transitions.ts";
import { ZerobusError } from "../../src/core/zerobus-error.ts";

const POLICY: StreamPolicy = {
  recovery: true,
  maxAttempts: 5,
  attemptTimeoutMs: 15_000,
  maxPauseMs: undefined,
  opensNextEarly: false,
  waitsWhenThrottled: false,
  youngStreamMs: 10_000,
  drainMs: 500,
};
const RETRYABLE = new ZerobusError("unavailable", "gone");
const TERMINAL = new ZerobusError("invalid_argument", "wrong");
const UNAUTHENTICATED = new ZerobusError("unauthenticated", "who");

const recovery = { attempt: 1, youngDeaths: 0, reauthenticated: false };
const stream = { streamId: "s", openedAtMs: 0, progressed: true, youngDeaths: 0 };
const STATES: { readonly [Kind in StateKind]: StreamState } = {
  idle: { kind: "idle" },
  authenticating: { kind: "authenticating", recovery },
  opening: { kind: "opening", recovery },
  streaming: { kind: "streaming", stream },
  paused: { kind: "paused", stream },
  rotating: { kind: "rotating", stream },
  backingOff: { kind: "backingOff", recovery, error: RETRYABLE },
  closing: { kind: "closing" },
  closed: { kind: "closed" },
  failed: { kind: "failed", error: TERMINAL },
};
const EVENTS: { readonly [Kind in EventKind]: StreamEvent } = {
  start: { kind: "start" },
  authenticated: { kind: "authenticated" },
  opened: { kind: "opened", streamId: "s", atMs: 0 },
  ended: { kind: "ended", error: RETRYABLE, atMs: 0 },
  progressed: { kind: "progressed" },
  settled: { kind: "settled", atMs: 0 },
  ackTimedOut: { kind: "ackTimedOut", error: RETRYABLE, atMs: 0 },
  closeSignalled: { kind: "closeSignalled", durationMs: 1000, unsettled: true, atMs: 0 },
  timerFired: { kind: "timerFired", error: RETRYABLE, atMs: 0 },
  reachable: { kind: "reachable" },
  closeRequested: { kind: "closeRequested" },
  aborted: { kind: "aborted", error: TERMINAL },
};

/** The state each event leads to; the events in the order of `EVENTS`. */
const NEXT: { readonly [Kind in StateKind]: { readonly [Event in EventKind]: StateKind } } = {
  idle: row("idle", { start: "authenticating", closeRequested: "closed", aborted: "failed" }),
  authenticating: row("authenticating", {
    authenticated: "opening",
    ended: "backingOff",
    timerFired: "backingOff",
    closeRequested: "closed",
    aborted: "failed",
  }),
  opening: row("opening", {
    opened: "streaming",
    ended: "backingOff",
    timerFired: "backingOff",
    closeRequested: "closed",
    aborted: "failed",
  }),
  streaming: row("streaming", {
    ended: "authenticating",
    ackTimedOut: "authenticating",
    closeSignalled: "paused",
    closeRequested: "closing",
    aborted: "failed",
  }),
  paused: row("paused", {
    ended: "authenticating",
    settled: "authenticating",
    ackTimedOut: "authenticating",
    timerFired: "rotating",
    closeRequested: "closing",
    aborted: "failed",
  }),
  rotating: row("rotating", {
    ended: "authenticating",
    settled: "authenticating",
    timerFired: "authenticating",
    closeRequested: "closing",
    aborted: "failed",
  }),
  backingOff: row("backingOff", {
    timerFired: "authenticating",
    reachable: "authenticating",
    closeRequested: "closed",
    aborted: "failed",
  }),
  closing: row("closing", { ended: "closed", timerFired: "closed", aborted: "closed" }),
  closed: row("closed", {}),
  failed: row("failed", { closeRequested: "closed" }),
};

function row(
  stay: StateKind,
  moves: { readonly [Event in EventKind]?: StateKind },
): { readonly [Event in EventKind]: StateKind } {
  const all = Object.keys(EVENTS).map((event) => [event, moves[event as EventKind] ?? stay]);
  return Object.fromEntries(all) as { readonly [Event in EventKind]: StateKind };
}

function kinds(effects: readonly StreamEffect[]): string[] {
  return effects.map((effect) => effect.kind);
}

test("leads from every state by every event to the state of the table", () => {
  for (const stateKind of Object.keys(STATES) as StateKind[]) {
    assert.deepEqual(Object.keys(STREAM_TRANSITIONS[stateKind]), Object.keys(EVENTS));
    for (const eventKind of Object.keys(EVENTS) as EventKind[]) {
      const next = transition(STATES[stateKind], EVENTS[eventKind], POLICY);
      assert.equal(next.state.kind, NEXT[stateKind][eventKind], `${stateKind} + ${eventKind}`);
    }
  }
});

test("fails from every state with a call on a terminal error, and without recovery on any", () => {
  for (const kind of ["authenticating", "opening", "streaming", "paused", "rotating"] as const) {
    const ended: StreamEvent = { kind: "ended", error: TERMINAL, atMs: 0 };
    const terminal = transition(STATES[kind], ended, POLICY);
    assert.equal(terminal.state.kind, "failed", kind);
    assert.deepEqual(kinds(terminal.effects), ["stopTimer", "dropCall", "finish"]);
    const unrecovered = transition(STATES[kind], EVENTS.ended, { ...POLICY, recovery: false });
    assert.equal(unrecovered.state.kind, "failed", kind);
  }
});

test("spends one attempt on new credentials, then fails", () => {
  const refused: StreamEvent = { kind: "ended", error: UNAUTHENTICATED, atMs: 0 };
  const first = transition(STATES.opening, refused, POLICY);
  assert.equal(first.state.kind, "backingOff");
  assert.equal(first.effects[0]?.kind, "invalidateCredentials");
  const waiting = transition(first.state, EVENTS.timerFired, POLICY);
  const opening = transition(waiting.state, EVENTS.authenticated, POLICY);
  const second = transition(opening.state, refused, POLICY);
  assert.equal(second.state.kind, "failed");
});

test("makes as many attempts as the policy allows and no more", () => {
  let state: StreamState = transition(STATES.idle, EVENTS.start, POLICY).state;
  let attempts = 0;
  while (state.kind !== "failed") {
    attempts++;
    assert.equal(state.kind, "authenticating");
    state = transition(state, EVENTS.authenticated, POLICY).state;
    state = transition(state, EVENTS.ended, POLICY).state;
    if (state.kind === "backingOff") state = transition(state, EVENTS.timerFired, POLICY).state;
  }
  assert.equal(attempts, 5);
});

test("reconnects at once after a loss, and backs off when streams keep dying young", () => {
  let state: StreamState = { kind: "streaming", stream: { ...stream, progressed: false } };
  const visited: string[] = [];
  for (let death = 0; death < 3; death++) {
    const lost = transition(state, EVENTS.ended, POLICY);
    visited.push(lost.state.kind);
    state = lost.state;
    if (state.kind === "backingOff") state = transition(state, EVENTS.timerFired, POLICY).state;
    state = transition(state, EVENTS.authenticated, POLICY).state;
    state = transition(state, EVENTS.opened, POLICY).state;
  }
  assert.deepEqual(visited, ["authenticating", "backingOff", "backingOff"]);
  const progressed = transition(state, EVENTS.progressed, POLICY).state;
  assert.equal(transition(progressed, EVENTS.ended, POLICY).state.kind, "authenticating");
  const old: StreamEvent = { kind: "ended", error: RETRYABLE, atMs: POLICY.youngStreamMs };
  assert.equal(transition(state, old, POLICY).state.kind, "authenticating");
});

test("pauses for the shorter of the two limits, not at all for 0 or when all is settled", () => {
  const signal = (durationMs: number, unsettled = true): StreamEvent => ({
    kind: "closeSignalled",
    durationMs,
    unsettled,
    atMs: 0,
  });
  const delayOf = (policy: StreamPolicy, event: StreamEvent): number | undefined => {
    const timer = transition(STATES.streaming, event, policy).effects.find(
      (effect) => effect.kind === "startTimer",
    );
    return timer?.kind === "startTimer" ? timer.delayMs : undefined;
  };
  assert.equal(delayOf(POLICY, signal(1000)), 1000);
  assert.equal(delayOf({ ...POLICY, maxPauseMs: 300 }, signal(1000)), 300);
  assert.equal(delayOf({ ...POLICY, maxPauseMs: 3000 }, signal(1000)), 1000);
  assert.equal(transition(STATES.streaming, signal(0), POLICY).state.kind, "rotating");
  const settled = transition(STATES.streaming, signal(1000, false), POLICY);
  assert.equal(settled.state.kind, "authenticating");
  const ignored = transition(STATES.streaming, signal(0), { ...POLICY, recovery: false });
  assert.equal(ignored.state, STATES.streaming);
});

test("opens the next call beside one that was announced to end, if the policy says so", () => {
  const early = { ...POLICY, opensNextEarly: true };
  assert.deepEqual(kinds(transition(STATES.streaming, EVENTS.closeSignalled, early).effects), [
    "stopSending",
    "startTimer",
    "openNext",
  ]);
  const late = transition(STATES.streaming, EVENTS.closeSignalled, POLICY);
  assert.deepEqual(kinds(late.effects), ["stopSending", "startTimer"]);
});

test("abandons the connection of a server that stopped answering", () => {
  for (const [kind, event] of [
    ["opening", EVENTS.timerFired],
    ["streaming", EVENTS.ackTimedOut],
    ["paused", EVENTS.ackTimedOut],
  ] as const) {
    const effects = kinds(transition(STATES[kind], event, POLICY).effects);
    assert.ok(effects.indexOf("abandonConnection") >= 0, kind);
    assert.ok(effects.indexOf("abandonConnection") < effects.indexOf("dropCall"), kind);
  }
});

test("finishes exactly once on every path, with no timer and no call left", () => {
  const eventKinds = Object.keys(EVENTS) as EventKind[];
  const errors = [RETRYABLE, TERMINAL, UNAUTHENTICATED];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...eventKinds), fc.constantFrom(...errors)), {
        maxLength: 60,
      }),
      fc.boolean(),
      (steps, withRecovery) => {
        let state: StreamState = { kind: "idle" };
        let finished = 0;
        let timer = false;
        for (const [kind, error] of steps) {
          const event = { ...EVENTS[kind], ...("error" in EVENTS[kind] ? { error } : {}) };
          const next = transition(state, event, {
            ...POLICY,
            recovery: withRecovery,
          });
          for (const effect of next.effects) {
            if (effect.kind === "finish") finished++;
            if (effect.kind === "startTimer" || effect.kind === "startBackoff") timer = true;
            if (effect.kind === "stopTimer") timer = false;
          }
          if (kind === "timerFired" && next.effects.length === 0) timer = false;
          state = next.state;
          const ended = state.kind === "closed" || state.kind === "failed";
          assert.equal(finished, ended ? 1 : 0);
          if (ended) assert.equal(timer, false);
        }
      },
    ),
  );
});

test("waits before the first attempt when the stream ended for want of capacity, if told to, and longer each time", () => {
  const error = new ZerobusError("resource_exhausted", "slow down");
  const policy = { ...POLICY, waitsWhenThrottled: true };
  const waits = (atMs: number, youngDeaths: number, told: StreamPolicy): number | undefined => {
    const state: StreamState = { kind: "streaming", stream: { ...stream, youngDeaths } };
    const { effects } = transition(state, { kind: "ended", error, atMs }, told);
    const wait = effects.find((effect) => effect.kind === "startBackoff");
    return wait?.kind === "startBackoff" ? wait.youngDeaths : undefined;
  };
  assert.equal(waits(0, 0, POLICY), undefined);
  assert.equal(waits(60_000, 0, policy), 2);
  assert.equal(waits(5_000, 2, policy), 3);
  assert.equal(waits(5_000, 3, policy), 4);
  assert.equal(waits(60_000, 4, policy), 2);
});
