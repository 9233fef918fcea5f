// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "./zerobus-error.ts";

/** Where a recovery stands. A recovery begins when a stream is lost and ends when the next one is open. */
export interface Recovery {
  /** Attempts begun in this recovery. */
  readonly attempt: number;
  /** Streams in a row that opened and were lost young, that is, before any progress. */
  readonly youngDeaths: number;
  /** Whether the one attempt with new credentials was spent. */
  readonly reauthenticated: boolean;
  /** Attempts that were begun when the endpoint was last seen to answer: waits grow from there. */
  readonly reachedAttempt?: number;
}

/** What an open stream carries from state to state. */
export interface OpenStream {
  readonly streamId: string;
  readonly openedAtMs: number;
  /** An acknowledgement moved forward on this stream. */
  readonly progressed: boolean;
  readonly youngDeaths: number;
}

export type StreamState =
  /** Made, not started. */
  | { readonly kind: "idle" }
  /** Getting the headers of the call: token or headers provider. */
  | { readonly kind: "authenticating"; readonly recovery: Recovery }
  /** Connecting, calling, and waiting for the server to accept the stream. */
  | { readonly kind: "opening"; readonly recovery: Recovery }
  /** Records flow. */
  | { readonly kind: "streaming"; readonly stream: OpenStream }
  /** The server announced its end: nothing is sent, acknowledgements are read. */
  | { readonly kind: "paused"; readonly stream: OpenStream }
  /** Half-closed before a new stream: the last acknowledgements are read. */
  | { readonly kind: "rotating"; readonly stream: OpenStream }
  /** Waiting before the next attempt. */
  | { readonly kind: "backingOff"; readonly recovery: Recovery; readonly error: ZerobusError }
  /** Half-closed by the owner: waiting for the server to end the call. */
  | { readonly kind: "closing" }
  /** Ended by the owner. Final. */
  | { readonly kind: "closed" }
  /** Ended by an error. Final, except that the owner may still close it. */
  | { readonly kind: "failed"; readonly error: ZerobusError };

export type StreamEvent =
  | { readonly kind: "start" }
  | { readonly kind: "authenticated" }
  | { readonly kind: "opened"; readonly streamId: string; readonly atMs: number }
  /** The attempt or the call ended, in whatever way. */
  | { readonly kind: "ended"; readonly error: ZerobusError; readonly atMs: number }
  /** The first acknowledgement on this stream that moved forward. */
  | { readonly kind: "progressed" }
  /** Everything that was sent is acknowledged. */
  | { readonly kind: "settled"; readonly atMs: number }
  | { readonly kind: "ackTimedOut"; readonly error: ZerobusError; readonly atMs: number }
  | {
      readonly kind: "closeSignalled";
      readonly durationMs: number;
      /** Whether anything sent is unacknowledged. */
      readonly unsettled: boolean;
      readonly atMs: number;
    }
  /** The timer of the current state. */
  | { readonly kind: "timerFired"; readonly error: ZerobusError; readonly atMs: number }
  /** The endpoint that took no connection takes them again. */
  | { readonly kind: "reachable" }
  | { readonly kind: "closeRequested" }
  | { readonly kind: "aborted"; readonly error: ZerobusError };

/** What the shell must do, in this order. A state has one timer at most; starting one replaces the one before. */
export type StreamEffect =
  | { readonly kind: "authenticate" }
  | { readonly kind: "openCall" }
  /** Begin the next attempt beside the call that is ending; `authenticate` takes it over. */
  | { readonly kind: "openNext" }
  | { readonly kind: "startSending" }
  | { readonly kind: "stopSending" }
  | { readonly kind: "halfClose" }
  /** Drop the attempt or call; nothing of it is heard again. */
  | { readonly kind: "dropCall" }
  /** The next call must not use the same connection. */
  | { readonly kind: "abandonConnection" }
  | { readonly kind: "invalidateCredentials" }
  | { readonly kind: "startTimer"; readonly delayMs: number }
  | { readonly kind: "startBackoff"; readonly attempt: number; readonly youngDeaths: number }
  | { readonly kind: "stopTimer" }
  /** Settle everything pending: with the error, or as closed. */
  | { readonly kind: "finish"; readonly error: ZerobusError | undefined };

/** The settings that steer transitions. */
export interface StreamPolicy {
  readonly recovery: boolean;
  /** Attempts of one recovery. */
  readonly maxAttempts: number;
  readonly attemptTimeoutMs: number;
  /** Longest pause after a close signal; `undefined`: as long as the server allows. */
  readonly maxPauseMs: number | undefined;
  /** A stream lost without progress before this age died young. */
  readonly youngStreamMs: number;
  /** Whether the next call is opened while the one that was announced to end is still read. */
  readonly opensNextEarly: boolean;
  /** Whether the first attempt after a stream that ended for want of capacity waits too. */
  readonly waitsWhenThrottled: boolean;
  /** How long to read on after half-closing. */
  readonly drainMs: number;
}

export interface Transition {
  readonly state: StreamState;
  readonly effects: readonly StreamEffect[];
}
