// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "./error-category.ts";

/** Where a lane stands. */
export type LaneStateName = LaneState["kind"];

/** Since when refused credentials have kept a lane from its stream, and how often they were tried. */
export interface AuthRetry {
  readonly attempt: number;
  readonly sinceMs: number;
}

export type LaneState =
  /** Made, not started. */
  | { readonly kind: "idle" }
  /** A stream is being opened; `retry` says after which refusals, for a lane that was open before. */
  | { readonly kind: "opening"; readonly retry: AuthRetry | undefined }
  /** Records flow; `retry` says after which refusals, until the stream has lasted. */
  | { readonly kind: "running"; readonly retry: AuthRetry | undefined }
  /** The stream was lost and is being replaced. Records are taken and wait. */
  | { readonly kind: "reconnecting"; readonly retry: AuthRetry | undefined }
  /**
   * A record was refused: requests are sent in small groups, each awaited, until it is found; and where refusals come
   * close after each other, until all that was sent in vain is settled.
   */
  | { readonly kind: "isolating"; readonly groupCount: number }
  /** The refused record is being set aside. */
  | { readonly kind: "settingAside" }
  /** Credentials were refused: waiting before the next stream. */
  | { readonly kind: "backingOff"; readonly retry: AuthRetry; readonly error: ZerobusError }
  /** Takes nothing; its stream is being ended. */
  | { readonly kind: "draining" }
  /** Ended by its owner. Final. */
  | { readonly kind: "closed" }
  /** Ended by an error. Final, except that the owner may still close it. */
  | { readonly kind: "failed"; readonly error: ZerobusError };

export type LaneEvent =
  | { readonly kind: "start" }
  /** A stream is open. */
  | { readonly kind: "opened" }
  /** The stream was lost; the engine is at work on the next one. */
  | { readonly kind: "lost" }
  /** The engine gave up. */
  | {
      readonly kind: "engineFailed";
      readonly error: ZerobusError;
      readonly category: ErrorCategory;
      /** Requests that were sent and not acknowledged: one of them is at fault if the category is `data`. */
      readonly suspectCount: number;
      /** Whether the oldest of them is a batch, of which a part is at fault. */
      readonly divisible: boolean;
      /** Whether it got something acknowledged, or was at work for a while: its credentials were good then. */
      readonly lasted: boolean;
      readonly atMs: number;
    }
  /** Every request of the group is acknowledged; so many of the suspects are left. */
  | { readonly kind: "groupAcknowledged"; readonly suspectCount: number }
  /** The refused record is settled. */
  | {
      readonly kind: "setAside";
      /** Requests behind it that were sent in vain. */
      readonly suspectCount: number;
      /** Requests that were settled since the refusal before it; infinite for a lane's first one. */
      readonly settledCount: number;
    }
  /** The timer of the current state. */
  | { readonly kind: "timerFired" }
  | { readonly kind: "closeRequested" }
  /** The engine ended as it was told to. */
  | { readonly kind: "engineEnded" }
  | { readonly kind: "aborted"; readonly error: ZerobusError };

/** What the shell must do, in this order. */
export type LaneEffect =
  | { readonly kind: "startEngine" }
  /** Take the records back that the engine did not get acknowledged. */
  | { readonly kind: "takeBack" }
  /** Send everything that waits, and what comes, without waiting for each other. */
  | { readonly kind: "sendAll" }
  /** Send so many requests of what waits, and no more. */
  | { readonly kind: "sendGroup"; readonly groupCount: number }
  /** Cut the oldest request in two. */
  | { readonly kind: "divideFirst" }
  | { readonly kind: "setFirstAside"; readonly error: ZerobusError }
  | { readonly kind: "startBackoff"; readonly attempt: number }
  | { readonly kind: "stopTimer" }
  | { readonly kind: "endEngine" }
  /** Settle everything pending: with the error, or as closed. */
  | { readonly kind: "finish"; readonly error: ZerobusError | undefined };

/** The settings that steer transitions. */
export interface LanePolicy {
  /** How long credentials that were good before may be refused before the lane fails. */
  readonly maxAuthElapsedMs: number;
}

export interface LaneTransition {
  readonly state: LaneState;
  readonly effects: readonly LaneEffect[];
}
