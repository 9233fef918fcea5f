// SPDX-License-Identifier: Apache-2.0
import type { RecordPayload } from "../core/record-payload.ts";
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { SpoolDepth } from "./spool.ts";
import type { Lane } from "./lane.ts";
import type { Ticket, TicketOffice } from "./ticket.ts";

/** A record's place as its ticket tells it. */
export interface TicketPlace {
  readonly lane: number;
  readonly offset: number;
}

/** The way from `submit` to the lanes. */
export interface RecordIntake {
  /** Promises handed out and not settled, but for those of lanes. */
  readonly pendingCount: number;
  /** `undefined` without a spool. */
  readonly depth: SpoolDepth | undefined;
  /** Why it takes and hands over nothing any more. */
  readonly failure: ZerobusError | undefined;
  /** Begins to work, with lanes that take records. */
  start(): void;
  /** Takes a checked record; copies it at once. @param slot - of its key; -1 without keys */
  submit(payload: RecordPayload, slot: number): Promise<Ticket>;
  /** Takes records under one ticket. @param slots - of their keys; empty without keys */
  submitBatch(payloads: readonly RecordPayload[], slots: readonly number[]): Promise<Ticket>;
  /** Resolves once everything submitted before is settled. @throws ZerobusError why it never will be */
  whenSettled(): Promise<void>;
  /** The lane has settled records, or changed. */
  laneSettled(lane: Lane): void;
  /** Whose tickets the records of the lane have, and what is settled of them. */
  officeOf(lane: Lane): TicketOffice;
  /** The place of the lane's oldest unsettled record. */
  oldestPlace(lane: Lane): TicketPlace;
  /** The lane has failed. */
  laneFailed(lane: Lane, error: ZerobusError): void;
  /** Takes nothing more and refuses the calls that wait. */
  end(error: ZerobusError): void;
  /** Settles every promise that is left, after the lanes have ended. */
  finish(error: ZerobusError): Promise<void>;
}
