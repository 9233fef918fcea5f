// SPDX-License-Identifier: Apache-2.0
import type { Settlement } from "./settlement.ts";

/** What a ticket asks for the fate of its record. */
export interface TicketOffice {
  readonly index: number;
  readonly settlement: Settlement;
}

/** Stands for a record, or records of one batch, that the producer has taken. */
export class Ticket {
  readonly #office: TicketOffice;
  readonly #sequence: number;
  readonly #rest: readonly Ticket[];

  /** @internal */
  constructor(office: TicketOffice, sequence: number, rest: readonly Ticket[] = []) {
    this.#office = office;
    this.#sequence = sequence;
    this.#rest = rest;
  }

  /** @internal This ticket and others as one. */
  with(rest: readonly Ticket[]): Ticket {
    return new Ticket(this.#office, this.#sequence, rest);
  }

  /** The lane that carries it. */
  get lane(): number {
    return this.#office.index;
  }

  /** Its place in the lane; `onAck` reports these, cumulatively. */
  get offset(): bigint {
    return BigInt(this.#sequence);
  }

  /**
   * Resolves once the server has acknowledged everything the ticket stands for. May be called late, often or never.
   * @throws ZerobusError why the record was refused, or why the producer or its lane ended without an acknowledgement
   */
  ack(): Promise<void> {
    const own = this.#office.settlement.waitFor(this.#sequence);
    return this.#rest.length === 0 ? own : allOf(own, this.#rest);
  }
}

/** Waits for all, so that no rejection is left without a listener, and then reports the first. */
async function allOf(own: Promise<void>, rest: readonly Ticket[]): Promise<void> {
  const outcomes = await Promise.allSettled([own, ...rest.map((ticket) => ticket.ack())]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
