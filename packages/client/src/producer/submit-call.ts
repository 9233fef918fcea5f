// SPDX-License-Identifier: Apache-2.0
import type { Submission } from "../core/room-queue.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { Ticket } from "./ticket.ts";

/** Calls that may wait for room. */
export const MAX_WAITING_CALLS = 1_000_000;

/** One request on its way into a lane. */
export interface LaneRequest {
  readonly submission: Submission;
  readonly recordCount: number;
  /** The slots of its records, all of one lane; empty without keys. */
  readonly slots: readonly number[];
  /** Where its records are in the batch they came in; absent for a single record. */
  readonly recordIndexes?: readonly number[];
}

/** A request that waits for room. */
export interface WaitingCall {
  readonly request: LaneRequest;
  /** What the caller has been given. */
  readonly promise: Promise<Ticket>;
  readonly resolve: (ticket: Ticket) => void;
  readonly reject: (error: ZerobusError) => void;
}

export function makeWaitingCall(request: LaneRequest): WaitingCall {
  let resolve: (ticket: Ticket) => void = () => undefined;
  let reject: (error: ZerobusError) => void = () => undefined;
  const promise = new Promise<Ticket>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { request, promise, resolve, reject };
}

export function tooManyCalls(): ZerobusError {
  return new ZerobusError(
    "resource_exhausted",
    `${MAX_WAITING_CALLS} calls of submit wait for room already; await some before making more`,
  );
}
