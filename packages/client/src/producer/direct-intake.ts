// SPDX-License-Identifier: Apache-2.0
import type { RecordPayload } from "../core/record-payload.ts";
import type { ZerobusError } from "../core/zerobus-error.ts";
import { keyedRequests, unkeyedRequests } from "./batch-requests.ts";
import type { Lane } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import type { RecordIntake, TicketPlace } from "./record-intake.ts";
import { Ticket, type TicketOffice } from "./ticket.ts";

/** Records go straight into their lanes. */
export class DirectIntake implements RecordIntake {
  readonly #lanes: LaneSet;
  readonly depth = undefined;
  readonly failure = undefined;

  constructor(lanes: LaneSet) {
    this.#lanes = lanes;
  }

  get pendingCount(): number {
    return this.#lanes.waitingCount;
  }

  start(): void {
    // Nothing comes but from callers.
  }

  submit(payload: RecordPayload, slot: number): Promise<Ticket> {
    const ticket = this.#lanes.trySubmit(payload, slot);
    if (ticket === undefined) {
      const slots = slot < 0 ? [] : [slot];
      return this.#lanes.submitWhenRoom({ submission: kept(payload), recordCount: 1, slots });
    }
    const { turn } = this.#lanes;
    return turn === undefined ? Promise.resolve(ticket) : turn.then(() => ticket);
  }

  async submitBatch(payloads: readonly RecordPayload[], slots: readonly number[]): Promise<Ticket> {
    const requests =
      slots.length === 0
        ? unkeyedRequests(payloads)
        : keyedRequests(payloads, slots, (slot) => this.#lanes.laneOfSlot(slot));
    const outcomes = Promise.allSettled(
      requests.map((request) => this.#lanes.submitWhenRoom(request)),
    );
    const { turn } = this.#lanes;
    const tickets = (await outcomes).map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    if (turn !== undefined) await turn;
    const parts = tickets.map((ticket, index) => ticket.part(requests[index]?.recordIndexes ?? []));
    const [first] = parts;
    return new Ticket(
      first?.office ?? (this.#lanes.lanes[0] as Lane),
      first?.sequence ?? -1,
      parts,
    );
  }

  async whenSettled(): Promise<void> {
    await this.#lanes.whenAdmitted();
    const outcomes = await Promise.allSettled(
      this.#lanes.lanes.map((lane) => lane.settlement.waitUntilSettled(lane.nextSequence - 1)),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  laneSettled(): void {
    // A lane's own settlement is what tickets ask.
  }

  officeOf(lane: Lane): TicketOffice {
    return lane;
  }

  oldestPlace(lane: Lane): TicketPlace {
    return { lane: lane.index, offset: lane.settlement.settledNext };
  }

  laneFailed(lane: Lane, error: ZerobusError): void {
    this.#lanes.refuseWaiting(lane, error);
  }

  end(error: ZerobusError): void {
    this.#lanes.refuseAll(error);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}

/** Bytes belong to the caller or the encoder: what waits needs its own. */
function kept(payload: RecordPayload): RecordPayload {
  return typeof payload === "string" ? payload : Buffer.from(payload);
}
