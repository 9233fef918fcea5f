// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "../core/fifo.ts";
import { closedError, type ZerobusError } from "../core/zerobus-error.ts";
import type { Lane } from "./lane.ts";
import type { WaitingCall } from "./submit-call.ts";

/** A lane has next to no room from this part of its share on: what was just acknowledged is being filled again. */
const FULL_PART = 0.9;

/** A lane in its set. */
export interface Seat {
  readonly lane: Lane;
  /** Calls that wait for room in this lane. */
  readonly waiting: Fifo<WaitingCall>;
  /** Takes nothing, and is ended once what it has is settled. */
  retiring: boolean;
  /** Somebody was refused room in this lane. */
  full: boolean;
}

export function makeSeat(lane: Lane): Seat {
  return { lane, waiting: new Fifo(), retiring: false, full: false };
}

export function hasNextToNoRoom(lane: Lane, recordShare: number, byteShare: number): boolean {
  return lane.heldRecords >= recordShare * FULL_PART || lane.heldBytes >= byteShare * FULL_PART;
}

/** Why a lane that ended takes nothing. */
export function laneError(lane: Lane): ZerobusError {
  return lane.state.kind === "failed" ? lane.state.error : closedError();
}
