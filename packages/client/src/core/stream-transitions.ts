// SPDX-License-Identifier: Apache-2.0
import type {
  OpenStream,
  Recovery,
  StreamEffect,
  StreamEvent,
  StreamPolicy,
  StreamState,
  Transition,
} from "./stream-state.ts";
import { ZerobusError } from "./zerobus-error.ts";

export type StateKind = StreamState["kind"];
export type EventKind = StreamEvent["kind"];
type StateOf<Kind extends StateKind> = Extract<StreamState, { kind: Kind }>;
type EventOf<Kind extends EventKind> = Extract<StreamEvent, { kind: Kind }>;
type Handler<State extends StateKind, Event extends EventKind> = (
  state: StateOf<State>,
  event: EventOf<Event>,
  policy: StreamPolicy,
) => Transition;
/** A missing cell does not compile. */
export type TransitionTable = {
  readonly [State in StateKind]: { readonly [Event in EventKind]: Handler<State, Event> };
};

const stay = (state: StreamState): Transition => ({ state, effects: [] });

/** What every state that can end does with the end. */
const abort = (_: StreamState, event: EventOf<"aborted">): Transition => fail(event.error);

/** Shared by the states without a call: the owner's close needs no half-close. */
const closeAtOnce = (): Transition => close();

export const STREAM_TRANSITIONS: TransitionTable = {
  idle: {
    start: (_state, _event, policy) =>
      attempt({ attempt: 1, youngDeaths: 0, reauthenticated: false }, policy),
    authenticated: stay,
    opened: stay,
    ended: stay,
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: stay,
    reachable: stay,
    closeRequested: closeAtOnce,
    aborted: abort,
  },
  authenticating: {
    start: stay,
    authenticated: (state) => ({
      state: { kind: "opening", recovery: state.recovery },
      effects: [{ kind: "openCall" }],
    }),
    opened: stay,
    ended: (state, event, policy) => retry(state.recovery, event.error, policy),
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: (state, event, policy) => retry(state.recovery, event.error, policy),
    reachable: stay,
    closeRequested: closeAtOnce,
    aborted: abort,
  },
  opening: {
    start: stay,
    authenticated: stay,
    opened: (state, event) => ({
      state: {
        kind: "streaming",
        stream: {
          streamId: event.streamId,
          openedAtMs: event.atMs,
          progressed: false,
          youngDeaths: state.recovery.youngDeaths,
        },
      },
      effects: [{ kind: "stopTimer" }, { kind: "startSending" }],
    }),
    ended: (state, event, policy) => refused(state.recovery, event.error, policy),
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: (state, event, policy) =>
      withEffects([{ kind: "abandonConnection" }], retry(state.recovery, event.error, policy)),
    reachable: stay,
    closeRequested: closeAtOnce,
    aborted: abort,
  },
  streaming: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: (state, event, policy) => lost(state.stream, event.error, event.atMs, policy),
    progressed: (state) => ({
      state: { kind: "streaming", stream: withProgress(state.stream) },
      effects: [],
    }),
    settled: stay,
    ackTimedOut: (state, event, policy) => silent(state.stream, event, policy),
    closeSignalled: (state, event, policy) => pause(state, event, policy),
    timerFired: stay,
    reachable: stay,
    closeRequested: (_state, _event, policy) => halfClose(policy),
    aborted: abort,
  },
  paused: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: (state, event, policy) => lost(state.stream, event.error, event.atMs, policy),
    progressed: (state) => ({
      state: { kind: "paused", stream: withProgress(state.stream) },
      effects: [],
    }),
    settled: (state, event, policy) => reopen(state.stream, event.atMs, policy),
    ackTimedOut: (state, event, policy) => silent(state.stream, event, policy),
    closeSignalled: stay,
    timerFired: (state, _event, policy) => rotate(state.stream, policy),
    reachable: stay,
    closeRequested: (_state, _event, policy) => halfClose(policy),
    aborted: abort,
  },
  rotating: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: (state, event, policy) => lost(state.stream, event.error, event.atMs, policy),
    progressed: (state) => ({
      state: { kind: "rotating", stream: withProgress(state.stream) },
      effects: [],
    }),
    settled: (state, event, policy) => reopen(state.stream, event.atMs, policy),
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: (state, event, policy) => reopen(state.stream, event.atMs, policy),
    reachable: stay,
    closeRequested: (_state, _event, policy) => ({
      state: { kind: "closing" },
      effects: [{ kind: "startTimer", delayMs: policy.drainMs }],
    }),
    aborted: abort,
  },
  backingOff: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: stay,
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: (state, _event, policy) =>
      attempt({ ...state.recovery, attempt: state.recovery.attempt + 1 }, policy),
    reachable: (state, _event, policy) => {
      const { attempt: attemptsMade } = state.recovery;
      return attempt(
        { ...state.recovery, attempt: attemptsMade + 1, reachedAttempt: attemptsMade },
        policy,
      );
    },
    closeRequested: closeAtOnce,
    aborted: abort,
  },
  closing: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: () => close(),
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: () => close(),
    reachable: stay,
    closeRequested: stay,
    aborted: () => close(),
  },
  closed: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: stay,
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: stay,
    reachable: stay,
    closeRequested: stay,
    aborted: stay,
  },
  failed: {
    start: stay,
    authenticated: stay,
    opened: stay,
    ended: stay,
    progressed: stay,
    settled: stay,
    ackTimedOut: stay,
    closeSignalled: stay,
    timerFired: stay,
    reachable: stay,
    closeRequested: () => ({ state: { kind: "closed" }, effects: [] }),
    aborted: stay,
  },
};

/** The whole behaviour of a stream: pure, total. */
export function transition(
  state: StreamState,
  event: StreamEvent,
  policy: StreamPolicy,
): Transition {
  const handler = STREAM_TRANSITIONS[state.kind][event.kind] as (
    state: StreamState,
    event: StreamEvent,
    policy: StreamPolicy,
  ) => Transition;
  return handler(state, event, policy);
}

function attempt(recovery: Recovery, policy: StreamPolicy): Transition {
  return {
    state: { kind: "authenticating", recovery },
    effects: [{ kind: "startTimer", delayMs: policy.attemptTimeoutMs }, { kind: "authenticate" }],
  };
}

function retry(recovery: Recovery, error: ZerobusError, policy: StreamPolicy): Transition {
  const spent = recovery.attempt >= policy.maxAttempts;
  if (!policy.recovery || !error.retryable || spent) return fail(error);
  return backOff(recovery, error);
}

function backOff(recovery: Recovery, error: ZerobusError): Transition {
  const { attempt: attemptsMade, youngDeaths, reachedAttempt = 0 } = recovery;
  const waitNumber = attemptsMade - reachedAttempt;
  return {
    state: { kind: "backingOff", recovery, error },
    effects: [{ kind: "dropCall" }, { kind: "startBackoff", attempt: waitNumber, youngDeaths }],
  };
}

/** An attempt the server or the network refused. Refused credentials get one more attempt with new ones. */
function refused(recovery: Recovery, error: ZerobusError, policy: StreamPolicy): Transition {
  if (!isCredentialError(error)) return retry(recovery, error, policy);
  const next =
    policy.recovery && !recovery.reauthenticated
      ? backOff({ ...recovery, reauthenticated: true }, error)
      : fail(error);
  return withEffects([{ kind: "invalidateCredentials" }], next);
}

/** An open stream that ended. */
function lost(
  stream: OpenStream,
  error: ZerobusError,
  atMs: number,
  policy: StreamPolicy,
): Transition {
  if (isCredentialError(error)) {
    return withEffects([{ kind: "invalidateCredentials" }], fail(error));
  }
  if (!policy.recovery || !error.retryable) return fail(error);
  return reopen(stream, atMs, policy, error);
}

/** An open stream whose server stopped answering: its connection is not to be trusted either. */
function silent(
  stream: OpenStream,
  event: EventOf<"ackTimedOut">,
  policy: StreamPolicy,
): Transition {
  return withEffects(
    [{ kind: "abandonConnection" }],
    lost(stream, event.error, event.atMs, policy),
  );
}

function pause(
  state: StateOf<"streaming">,
  event: EventOf<"closeSignalled">,
  policy: StreamPolicy,
): Transition {
  if (!policy.recovery) return stay(state);
  if (!event.unsettled) return reopen(state.stream, event.atMs, policy);
  const pauseMs = Math.min(policy.maxPauseMs ?? Number.POSITIVE_INFINITY, event.durationMs);
  if (pauseMs <= 0) return rotate(state.stream, policy);
  return {
    state: { kind: "paused", stream: state.stream },
    effects: [
      { kind: "stopSending" },
      { kind: "startTimer", delayMs: pauseMs },
      ...(policy.opensNextEarly ? [{ kind: "openNext" } as const] : []),
    ],
  };
}

function rotate(stream: OpenStream, policy: StreamPolicy): Transition {
  return {
    state: { kind: "rotating", stream },
    effects: [
      { kind: "stopSending" },
      { kind: "halfClose" },
      { kind: "startTimer", delayMs: policy.drainMs },
    ],
  };
}

/**
 * The first attempt after an open stream is immediate, unless streams keep dying young. One that was soon refused more
 * counts as one of them, however far it had come.
 */
function reopen(
  stream: OpenStream,
  atMs: number,
  policy: StreamPolicy,
  error?: ZerobusError,
): Transition {
  const throttled = policy.waitsWhenThrottled && error?.code === "resource_exhausted";
  const brief = atMs - stream.openedAtMs < policy.youngStreamMs;
  const young = brief && (throttled || !stream.progressed);
  const deaths = young ? stream.youngDeaths + 1 : 0;
  const youngDeaths = throttled ? Math.max(deaths, 2) : deaths;
  const recovery: Recovery = { attempt: 0, youngDeaths, reauthenticated: false };
  if (youngDeaths > 1) return backOff(recovery, error ?? rotatedYoung());
  return withEffects([{ kind: "dropCall" }], attempt({ ...recovery, attempt: 1 }, policy));
}

function rotatedYoung(): ZerobusError {
  return new ZerobusError("unavailable", "The server keeps announcing the end of new streams");
}

function halfClose(policy: StreamPolicy): Transition {
  return {
    state: { kind: "closing" },
    effects: [
      { kind: "stopSending" },
      { kind: "halfClose" },
      { kind: "startTimer", delayMs: policy.drainMs },
    ],
  };
}

function close(): Transition {
  return {
    state: { kind: "closed" },
    effects: [{ kind: "stopTimer" }, { kind: "dropCall" }, { kind: "finish", error: undefined }],
  };
}

function fail(error: ZerobusError): Transition {
  return {
    state: { kind: "failed", error },
    effects: [{ kind: "stopTimer" }, { kind: "dropCall" }, { kind: "finish", error }],
  };
}

function withEffects(first: readonly StreamEffect[], next: Transition): Transition {
  return { state: next.state, effects: [...first, ...next.effects] };
}

function withProgress(stream: OpenStream): OpenStream {
  return { ...stream, progressed: true };
}

function isCredentialError(error: ZerobusError): boolean {
  return error.code === "unauthenticated" || error.code === "permission_denied";
}
