// SPDX-License-Identifier: Apache-2.0
import type {
  AuthRetry,
  LaneEffect,
  LaneEvent,
  LanePolicy,
  LaneState,
  LaneTransition,
} from "./lane-state.ts";

export type LaneStateKind = LaneState["kind"];
export type LaneEventKind = LaneEvent["kind"];
type StateOf<Kind extends LaneStateKind> = Extract<LaneState, { kind: Kind }>;
type EventOf<Kind extends LaneEventKind> = Extract<LaneEvent, { kind: Kind }>;
type Handler<State extends LaneStateKind, Event extends LaneEventKind> = (
  state: StateOf<State>,
  event: EventOf<Event>,
  policy: LanePolicy,
) => LaneTransition;
/** A missing cell does not compile. */
export type LaneTransitionTable = {
  readonly [State in LaneStateKind]: { readonly [Event in LaneEventKind]: Handler<State, Event> };
};

const stay = (state: LaneState): LaneTransition => ({ state, effects: [] });
const abort = (_: LaneState, event: EventOf<"aborted">): LaneTransition => ({
  state: { kind: "failed", error: event.error },
  effects: [{ kind: "stopTimer" }, { kind: "endEngine" }, { kind: "finish", error: event.error }],
});
const drain = (): LaneTransition => move({ kind: "draining" }, { kind: "endEngine" });
const closeAtOnce = (): LaneTransition =>
  move({ kind: "closed" }, { kind: "stopTimer" }, { kind: "finish", error: undefined });

export const LANE_TRANSITIONS: LaneTransitionTable = {
  idle: {
    start: () => move({ kind: "opening", retry: undefined }, { kind: "startEngine" }),
    opened: stay,
    lost: stay,
    engineFailed: stay,
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: closeAtOnce,
    engineEnded: stay,
    aborted: abort,
  },
  opening: {
    start: stay,
    opened: (state) => move({ kind: "running", retry: state.retry }, { kind: "sendAll" }),
    lost: stay,
    engineFailed: (state, event, policy) =>
      state.retry !== undefined && event.category === "auth"
        ? backOff(state.retry, event, policy)
        : fail(event),
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: drain,
    engineEnded: stay,
    aborted: abort,
  },
  running: {
    start: stay,
    opened: (state) => move(state, { kind: "sendAll" }),
    lost: (state) => move({ kind: "reconnecting", retry: state.retry }),
    engineFailed: (state, event, policy) => broken(state.retry, event, policy),
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: drain,
    engineEnded: stay,
    aborted: abort,
  },
  reconnecting: {
    start: stay,
    opened: (state) => move({ kind: "running", retry: state.retry }, { kind: "sendAll" }),
    lost: stay,
    engineFailed: (state, event, policy) => broken(state.retry, event, policy),
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: drain,
    engineEnded: stay,
    aborted: abort,
  },
  isolating: {
    start: stay,
    opened: (state) => move(state, { kind: "sendGroup", groupCount: state.groupCount }),
    lost: stay,
    engineFailed: (state, event, policy) =>
      state.groupCount === 1 && event.category === "data" && event.suspectCount > 0
        ? convict(event)
        : broken(undefined, event, policy),
    groupAcknowledged: (state, event) => {
      if (event.suspectCount === 0) {
        return move({ kind: "running", retry: undefined }, { kind: "sendAll" });
      }
      const groupCount = Math.min(state.groupCount * 2, event.suspectCount);
      return move({ kind: "isolating", groupCount }, { kind: "sendGroup", groupCount });
    },
    setAside: stay,
    timerFired: stay,
    closeRequested: drain,
    engineEnded: stay,
    aborted: abort,
  },
  settingAside: {
    start: stay,
    opened: stay,
    lost: stay,
    engineFailed: stay,
    groupAcknowledged: stay,
    setAside: (_, event) => goOn(event),
    timerFired: stay,
    closeRequested: closeAtOnce,
    engineEnded: stay,
    aborted: abort,
  },
  backingOff: {
    start: stay,
    opened: stay,
    lost: stay,
    engineFailed: stay,
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: (state) => move({ kind: "opening", retry: state.retry }, { kind: "startEngine" }),
    closeRequested: closeAtOnce,
    engineEnded: stay,
    aborted: abort,
  },
  draining: {
    start: stay,
    opened: stay,
    lost: stay,
    engineFailed: closeAtOnce,
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: stay,
    engineEnded: closeAtOnce,
    aborted: closeAtOnce,
  },
  closed: {
    start: stay,
    opened: stay,
    lost: stay,
    engineFailed: stay,
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: stay,
    engineEnded: stay,
    aborted: stay,
  },
  failed: {
    start: stay,
    opened: stay,
    lost: stay,
    engineFailed: stay,
    groupAcknowledged: stay,
    setAside: stay,
    timerFired: stay,
    closeRequested: () => move({ kind: "closed" }),
    engineEnded: stay,
    aborted: stay,
  },
};

/** The whole behaviour of a lane: pure, total. */
export function laneTransition(
  state: LaneState,
  event: LaneEvent,
  policy: LanePolicy,
): LaneTransition {
  const handler = LANE_TRANSITIONS[state.kind][event.kind] as (
    state: LaneState,
    event: LaneEvent,
    policy: LanePolicy,
  ) => LaneTransition;
  return handler(state, event, policy);
}

function move(state: LaneState, ...effects: readonly LaneEffect[]): LaneTransition {
  return { state, effects };
}

/** The engine of a lane that was open gave up. */
function broken(
  retry: AuthRetry | undefined,
  event: EventOf<"engineFailed">,
  policy: LanePolicy,
): LaneTransition {
  // A stream that opens and dies at once says nothing for its credentials: the waits go on growing.
  const before = (event.lasted ? undefined : retry) ?? { attempt: 0, sinceMs: event.atMs };
  if (event.category === "auth") return backOff(before, event, policy);
  if (event.category !== "data") return fail(event);
  // A refusal of nothing in particular: the records are all acknowledged, so that only the stream is at stake.
  if (event.suspectCount === 0) return backOff(before, event, policy);
  return move({ kind: "isolating", groupCount: 1 }, { kind: "takeBack" }, { kind: "startEngine" });
}

/** One request was sent alone and refused: it is the one at fault. */
function convict(event: EventOf<"engineFailed">): LaneTransition {
  if (event.divisible) {
    return move(
      { kind: "isolating", groupCount: 1 },
      { kind: "takeBack" },
      { kind: "divideFirst" },
      { kind: "startEngine" },
    );
  }
  return move(
    { kind: "settingAside" },
    { kind: "takeBack" },
    { kind: "setFirstAside", error: event.error },
  );
}

/** Fewer requests than this are sent together whatever came before. */
const MIN_GROUP_COUNT = 64;

/**
 * After a refusal everything is sent at once again, unless the next refusal is to be expected before its end: each one has
 * all that was sent behind it sent again.
 */
function goOn({ suspectCount, settledCount }: EventOf<"setAside">): LaneTransition {
  const groupCount = Math.max(MIN_GROUP_COUNT, 2 * settledCount);
  const state: LaneState =
    groupCount < suspectCount
      ? { kind: "isolating", groupCount }
      : { kind: "reconnecting", retry: undefined };
  return move(state, { kind: "startEngine" });
}

function backOff(
  before: AuthRetry,
  event: EventOf<"engineFailed">,
  policy: LanePolicy,
): LaneTransition {
  if (event.atMs - before.sinceMs >= policy.maxAuthElapsedMs) return fail(event);
  const retry = { attempt: before.attempt + 1, sinceMs: before.sinceMs };
  return move(
    { kind: "backingOff", retry, error: event.error },
    { kind: "takeBack" },
    { kind: "startBackoff", attempt: retry.attempt },
  );
}

function fail(event: EventOf<"engineFailed">): LaneTransition {
  return move(
    { kind: "failed", error: event.error },
    { kind: "takeBack" },
    { kind: "finish", error: event.error },
  );
}
