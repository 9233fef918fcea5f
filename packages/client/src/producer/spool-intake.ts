// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "../core/fifo.ts";
import type { RecordPayload } from "../core/record-payload.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import type { Lane } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import type { RecordIntake, TicketPlace } from "./record-intake.ts";
import { Settlement } from "./settlement.ts";
import type { Spool, SpoolDepth, SpooledRecord } from "./spool.ts";
import { Ticket, type TicketOffice } from "./ticket.ts";

/** Records that may wait for room in their lanes while others, whose lanes have room, are read past them. */
const MAX_WAITING_RECORDS = 1_024;
const MAX_WAITING_BYTES = 8_388_608;

export interface SpoolIntakeOptions {
  readonly spool: Spool;
  readonly lanes: LaneSet;
  readonly keyed: boolean;
  /** A full spool gave up records before a lane had them. */
  readonly onDropped: (recordCount: number) => void;
}

/** A record a lane has. */
interface Handed {
  /** In the spool. */
  readonly sequence: number;
  readonly laneSequence: number;
}

/** Records in the spool that it gave up, from the first on up to the last, which is not one of them. */
interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * Records go to the spool, and one reader hands them to the lanes in its order, as far as there is room. What is settled
 * is settled in the order of the spool, whatever lane it was in, and trimmed.
 */
export class SpoolIntake implements RecordIntake, TicketOffice {
  readonly index = -1;
  readonly settlement: Settlement = new Settlement();
  readonly #options: SpoolIntakeOptions;
  readonly #appending = new Set<Promise<number>>();
  readonly #handed = new Map<Lane, Fifo<Handed>>();
  /** What is settled in front of older records that are not; with the error of what was refused. */
  readonly #settledAhead = new Map<number, ZerobusError | undefined>();
  readonly #gaps = new Fifo<Gap>();
  #readNext: number;
  #waitingRecords = 0;
  #waitingBytes = 0;
  #wake: () => void = () => undefined;
  #failure: ZerobusError | undefined;
  #pump: Promise<void> | undefined;

  constructor(options: SpoolIntakeOptions) {
    const { firstSequence } = options.spool;
    this.#options = options;
    this.#readNext = firstSequence;
    this.settlement.settledNext = firstSequence;
  }

  start(): void {
    this.#pump ??= this.#run();
  }

  get pendingCount(): number {
    return this.#appending.size + this.settlement.waiterCount + this.#options.lanes.waitingCount;
  }

  get failure(): ZerobusError | undefined {
    return this.#failure;
  }

  get depth(): SpoolDepth {
    return this.#options.spool.depth;
  }

  async submit(payload: RecordPayload, slot: number): Promise<Ticket> {
    return new Ticket(this, await this.#append(payload, slot));
  }

  async submitBatch(payloads: readonly RecordPayload[], slots: readonly number[]): Promise<Ticket> {
    const appends = payloads.map((payload, index) => this.#append(payload, slots[index] ?? -1));
    const parts = (await Promise.allSettled(appends)).map((outcome, index) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return { office: this, sequence: outcome.value, recordIndexes: [index] };
    });
    return new Ticket(this, parts.at(-1)?.sequence ?? -1, parts);
  }

  async whenSettled(): Promise<void> {
    let last = this.#options.spool.nextSequence - 1;
    for (const outcome of await Promise.allSettled(this.#appending)) {
      if (outcome.status === "fulfilled") last = Math.max(last, outcome.value);
    }
    await this.settlement.waitUntilSettled(last);
  }

  laneSettled(lane: Lane): void {
    const handed = this.#handed.get(lane);
    if (handed === undefined) return;
    const { settledNext } = lane.settlement;
    const before = this.settlement.settledNext;
    for (
      let head = handed.peek();
      head !== undefined && head.laneSequence < settledNext;
      head = handed.peek()
    ) {
      handed.shift();
      this.#settle(head.sequence, lane.settlement.refusalOf(head.laneSequence));
    }
    if (handed.length === 0 && !lane.accepting) this.#handed.delete(lane);
    if (this.settlement.settledNext > before) this.#trim();
  }

  officeOf(): TicketOffice {
    return this;
  }

  oldestPlace(lane: Lane): TicketPlace {
    return { lane: this.index, offset: this.#handed.get(lane)?.peek()?.sequence ?? -1 };
  }

  /** Records of the lane would stay where they are for good, and what comes behind them with them. */
  laneFailed(lane: Lane, error: ZerobusError): void {
    if (this.#options.lanes.isNeeded(lane)) this.#fail(error);
  }

  end(error: ZerobusError): void {
    this.#failure ??= error;
    this.#wake();
    this.#options.lanes.refuseAll(error);
  }

  async finish(error: ZerobusError): Promise<void> {
    this.end(error);
    await this.#pump;
    await Promise.allSettled(this.#appending);
    this.settlement.fail(this.#failure ?? error);
  }

  async #append(payload: RecordPayload, slot: number): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const record = typeof payload === "string" ? Buffer.from(payload) : payload;
    const append = this.#options.spool.append(record, Math.max(slot, 0));
    this.#appending.add(append);
    try {
      return await append;
    } finally {
      this.#appending.delete(append);
      this.#wake();
    }
  }

  async #run(): Promise<void> {
    const { spool } = this.#options;
    try {
      while (this.#failure === undefined) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        for await (const record of spool.read(this.#readNext)) {
          this.#skipTo(record.sequence);
          this.#readNext = record.sequence + 1;
          const pause = this.#hand(record);
          if (pause !== undefined) await pause;
          if (this.#failure !== undefined) return;
        }
        this.#skipTo(spool.firstSequence);
        await woken;
      }
    } catch (error) {
      this.#fail(toZerobusError(error));
    }
  }

  /** Gives a record to its lane. @returns what to wait for before the next one */
  #hand({ sequence, slot, record }: SpooledRecord): Promise<unknown> | undefined {
    const { lanes, keyed } = this.#options;
    const ticket = lanes.trySubmit(record, keyed ? slot : -1);
    if (ticket !== undefined) {
      this.#note(ticket, sequence);
      return lanes.turn;
    }
    this.#waitingRecords++;
    this.#waitingBytes += record.byteLength;
    const slots = keyed ? [slot] : [];
    const handed = lanes.submitWhenRoom({ submission: record, recordCount: 1, slots }).then(
      (late) => this.#note(late, sequence),
      (error: unknown) => this.#fail(toZerobusError(error)),
    );
    const done = handed.finally(() => {
      this.#waitingRecords--;
      this.#waitingBytes -= record.byteLength;
    });
    const isFull =
      this.#waitingRecords >= MAX_WAITING_RECORDS || this.#waitingBytes >= MAX_WAITING_BYTES;
    return isFull ? done : undefined;
  }

  #note(ticket: Ticket, sequence: number): void {
    const { office, sequence: laneSequence } = ticket.part([]);
    const lane = office as Lane;
    let handed = this.#handed.get(lane);
    if (handed === undefined) {
      handed = new Fifo();
      this.#handed.set(lane, handed);
    }
    handed.push({ sequence, laneSequence });
  }

  /** Records in front of `sequence` that were not read are no more there. */
  #skipTo(sequence: number): void {
    if (sequence <= this.#readNext) return;
    this.#gaps.push({ from: this.#readNext, to: sequence });
    this.#options.onDropped(sequence - this.#readNext);
    this.#readNext = sequence;
    this.#advance();
    this.#trim();
  }

  #settle(sequence: number, refusal: ZerobusError | undefined): void {
    this.#settledAhead.set(sequence, refusal);
    this.#advance();
  }

  /** Settles what is next in the order of the spool. */
  #advance(): void {
    const { settlement } = this;
    for (;;) {
      const next = settlement.settledNext;
      const gap = this.#gaps.peek();
      if (gap !== undefined && gap.from === next) {
        this.#gaps.shift();
        const error = droppedError();
        for (let sequence = gap.from; sequence < gap.to; sequence++) settlement.refuse(error);
      } else if (this.#settledAhead.has(next)) {
        const refusal = this.#settledAhead.get(next);
        this.#settledAhead.delete(next);
        if (refusal === undefined) settlement.settle(next + 1);
        else settlement.refuse(refusal);
      } else return;
    }
  }

  #trim(): void {
    try {
      this.#options.spool.trim(this.settlement.settledNext);
    } catch (error) {
      this.#fail(toZerobusError(error));
    }
  }

  #fail(error: ZerobusError): void {
    this.#failure ??= error;
    this.#wake();
    this.settlement.fail(this.#failure);
    this.#options.lanes.refuseAll(closedError());
  }
}

function droppedError(): ZerobusError {
  return new ZerobusError(
    "resource_exhausted",
    "The spool was full and gave up its oldest records, this one among them, before they could be delivered",
    { retryable: false },
  );
}
