// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import type { Settlement } from "./settlement.ts";

/** What a ticket asks for the fate of its record. */
export interface TicketOffice {
  readonly index: number;
  readonly settlement: Settlement;
}

/** A part of a batch that is settled as one. */
export interface TicketPart {
  readonly office: TicketOffice;
  readonly sequence: number;
  /** Which records of the batch it holds, in its order. */
  readonly recordIndexes: readonly number[];
}

/** Stands for a record, or records of one batch, that the producer has taken. */
export class Ticket {
  readonly #office: TicketOffice;
  readonly #sequence: number;
  readonly #parts: readonly TicketPart[] | undefined;

  /** @internal */
  constructor(office: TicketOffice, sequence: number, parts?: readonly TicketPart[]) {
    this.#office = office;
    this.#sequence = sequence;
    this.#parts = parts;
  }

  /** @internal The part of a batch that this ticket stands for. */
  part(recordIndexes: readonly number[]): TicketPart {
    return { office: this.#office, sequence: this.#sequence, recordIndexes };
  }

  /** The lane that carries it, or the first part of it; -1 with a spool, where that shows only later. */
  get lane(): number {
    return this.#office.index;
  }

  /** Its place in the lane, or in the spool; `onAck` reports these, cumulatively. */
  get offset(): bigint {
    return BigInt(this.#sequence);
  }

  /**
   * Resolves once the server has acknowledged everything the ticket stands for. May be called late, often or never.
   * @throws ZerobusError why a record was refused, with the positions of refused ones in their batch as
   * `details.recordIndexes`; or why the producer or its lane ended without an acknowledgement
   */
  ack(): Promise<void> {
    if (this.#parts !== undefined) return allOf(this.#parts);
    return this.#office.settlement.waitFor(this.#sequence);
  }
}

/** Waits for all, so that no rejection is left without a listener, and then reports the first. */
async function allOf(parts: readonly TicketPart[]): Promise<void> {
  const outcomes = await Promise.allSettled(
    parts.map(({ office, sequence }) => office.settlement.waitFor(sequence)),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return;
  const reason: unknown = failed.reason;
  const recordIndexes = parts.flatMap(refusedIndexes);
  if (recordIndexes.length === 0 || !(reason instanceof ZerobusError)) throw reason;
  throw new ZerobusError(reason.code, reason.message, {
    cause: reason,
    details: { ...reason.details, recordIndexes },
    retryable: reason.retryable,
    effect: reason.effect,
  });
}

function refusedIndexes({ office, sequence, recordIndexes }: TicketPart): number[] {
  const refusal = office.settlement.refusalOf(sequence);
  if (refusal === undefined) return [];
  const refused = refusal.details.recordIndexes ?? [0];
  return refused.map((index) => recordIndexes[index] ?? index);
}
