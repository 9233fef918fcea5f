// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "./error-category.ts";

/** Where a lane stands. */
export type LaneStateName = LaneState["kind"];

export type LaneState =
  /** Made, not started. */
  | { readonly kind: "idle" }
  /** Its first stream is being opened. */
  | { readonly kind: "opening" }
  /** Records flow. */
  | { readonly kind: "running" }
  /** The stream was lost and is being replaced. Records are taken and wait. */
  | { readonly kind: "reconnecting" }
  /** A record was refused: requests are sent in small groups until it is found. */
  | { readonly kind: "isolating"; readonly groupCount: number; readonly open: boolean }
  /** A refused record is being written to the dead letters. */
  | { readonly kind: "settingAside"; readonly error: ZerobusError }
  /** Refused credentials: waiting before the next stream. */
  | {
      readonly kind: "backingOff";
      readonly attempt: number;
      readonly sinceMs: number;
      readonly error: ZerobusError;
    }
  /** Takes nothing; its stream is being ended. */
  | { readonly kind: "draining" }
  /** Ended by its owner. Final. */
  | { readonly kind: "closed" }
  /** Ended by an error. Final. */
  | { readonly kind: "failed"; readonly error: ZerobusError };

export type LaneEvent =
  | { readonly kind: "start" }
  /** The stream is open. */
  | { readonly kind: "opened" }
  /** The stream was lost; the engine is at work on the next one. */
  | { readonly kind: "lost" }
  /** The engine gave up. */
  | {
      readonly kind: "failed";
      readonly error: ZerobusError;
      readonly category: ErrorCategory;
      /** Requests sent and not acknowledged, of which one is at fault if the category is `data`. */
      readonly suspectCount: number;
      readonly atMs: number;
    }
  /** Every request of the group was acknowledged. `suspectCount`: requests left among which the fault may be. */
  | { readonly kind: "groupAcknowledged"; readonly suspectCount: number }
  /** What was set aside is settled. `partial`: parts of the same batch are still to be sent. */
  | { readonly kind: "setAside"; readonly partial: boolean }
  | { readonly kind: "timerFired" }
  | { readonly kind: "closeRequested" }
  /** The engine has ended as it was told to. */
  | { readonly kind: "ended" }
  | { readonly kind: "aborted"; readonly error: ZerobusError };
