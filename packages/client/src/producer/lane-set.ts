// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "../core/fifo.ts";
import type { Submission } from "../core/room-queue.ts";
import { closedError, type ZerobusError } from "../core/zerobus-error.ts";
import type { Lane } from "./lane.ts";
import type { LoadSample } from "./load-meter.ts";
import { hasNextToNoRoom, laneError, makeSeat, type Seat } from "./lane-seat.ts";
import { SlotTable } from "./slot-table.ts";
import {
  type LaneRequest,
  makeWaitingCall,
  MAX_WAITING_CALLS,
  tooManyCalls,
  type WaitingCall,
} from "./submit-call.ts";
import { Ticket } from "./ticket.ts";

export interface LaneSetOptions {
  readonly makeLane: (index: number) => Lane;
  readonly maxInflightRecords: number;
  readonly maxInflightBytes: number;
  readonly keyed: boolean;
}

/**
 * The lanes of a producer: which lane a record goes to, room over all lanes, and those who wait for it. Room is shared
 * evenly, so that a lane that is away cannot use up what the others need; who waits for one lane does not hold up the
 * next caller for another.
 */
export class LaneSet {
  readonly #options: LaneSetOptions;
  readonly #slots = new SlotTable();
  readonly #seats: (Seat | undefined)[] = [];
  /** Indexes of the seats that take records, in order. */
  #active: number[] = [];
  /** Calls without a key, which any lane may have. */
  readonly #anyCalls = new Fifo<WaitingCall>();
  readonly #heldCalls = new Map<number, Fifo<WaitingCall>>();
  #waitingCount = 0;
  #waited = false;
  #rotor = 0;
  #firstSeat = 0;
  #heldRecords = 0;
  #heldBytes = 0;
  #recordShare: number;
  #byteShare: number;
  #admitting = false;
  #turnLane: Lane | undefined;
  readonly #settledNext = (index: number): number =>
    this.#seats[index]?.lane.settlement.settledNext ?? Number.POSITIVE_INFINITY;

  constructor(options: LaneSetOptions) {
    this.#options = options;
    this.#recordShare = options.maxInflightRecords;
    this.#byteShare = options.maxInflightBytes;
  }

  get lanes(): Lane[] {
    return this.#seats.flatMap((seat) => (seat === undefined ? [] : [seat.lane]));
  }

  get laneCount(): number {
    return this.#active.length;
  }

  get heldRecords(): number {
    return this.#heldRecords;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** A promise to wait for before going on, of the lane that was given a record last. */
  get turn(): Promise<void> | undefined {
    return this.#turnLane?.turn;
  }

  /**
   * Whether callers were held back by the lane since the call before: they waited for room in it, or for room at all
   * while it had next to none.
   */
  takeFull(lane: Lane): boolean {
    const seat = this.#seats[lane.index];
    if (seat?.lane !== lane) return false;
    const waited = seat.full || seat.waiting.length > 0;
    seat.full = false;
    if (waited || (!this.#waited && this.#waitingCount === 0)) return waited;
    return hasNextToNoRoom(lane, this.#recordShare, this.#byteShare);
  }

  /** What happened since the call before. */
  sample(): Omit<LoadSample, "throttled"> {
    const waited = this.#waited || this.#waitingCount > 0;
    this.#waited = false;
    return {
      laneCount: this.#active.length,
      allRunning: this.#active.every((index) => this.#seat(index).lane.state.kind === "running"),
      waited,
      heldBytes: this.#heldBytes,
      heldRecords: this.#heldRecords,
    };
  }

  /**
   * Adds a lane, which takes records once it is open.
   * @throws ZerobusError why it could not be opened
   */
  async grow(): Promise<void> {
    const lane = this.add();
    try {
      await lane.start();
    } catch (error) {
      this.#seats[lane.index] = undefined;
      throw error;
    }
    this.activate(lane);
  }

  /** Makes a lane, which is to be started and then activated. */
  add(): Lane {
    const free = this.#seats.indexOf(undefined);
    const index = free < 0 ? this.#seats.length : free;
    const lane = this.#options.makeLane(index);
    this.#seats[index] = makeSeat(lane);
    return lane;
  }

  /** Lets a lane take records. */
  activate(lane: Lane): void {
    if (!lane.accepting) return;
    this.#active = [...this.#active, lane.index].sort((left, right) => left - right);
    this.#reshare();
  }

  /** Takes records away from the newest lane, and ends it once the last of them is settled. */
  shrink(): void {
    const index = this.#active.at(-1);
    if (index === undefined || this.#active.length === 1) return;
    this.#active = this.#active.slice(0, -1);
    this.#seat(index).retiring = true;
    this.#reshare();
    this.#retire();
  }

  /** The lane that a slot belongs to now, or `undefined` while the slot is being moved. */
  laneOfSlot(slot: number): number | undefined {
    return this.#slots.isHeld(slot) ? undefined : this.#slots.ownerOf(slot);
  }

  /**
   * Gives one record to its lane.
   * @param slot - of its key; -1 without keys
   * @returns its ticket, or `undefined` when it has to wait
   * @throws ZerobusError why its lane has failed
   */
  trySubmit(submission: Submission, slot: number): Ticket | undefined {
    const seat = slot < 0 ? this.#anySeat() : this.#seatOfSlot(slot);
    if (seat === undefined) return undefined;
    const sequence = this.#take(seat.lane, submission, 1);
    if (slot >= 0) this.#slots.submitted(slot, sequence);
    return new Ticket(seat.lane, sequence);
  }

  /** Gives a request to its lane when there is room for it; keeps a reference until then. */
  submitWhenRoom(request: LaneRequest): Promise<Ticket> {
    const [slot] = request.slots;
    try {
      const seat = slot === undefined ? this.#anySeat() : this.#seatOfSlot(slot);
      if (seat !== undefined) return Promise.resolve(this.#takeRequest(seat.lane, request));
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#waitingCount >= MAX_WAITING_CALLS) return Promise.reject(tooManyCalls());
    const call = makeWaitingCall(request);
    this.#waitingCount++;
    this.#waited = true;
    if (slot === undefined) this.#anyCalls.push(call);
    else if (this.#slots.isHeld(slot)) this.#heldQueue(slot).push(call);
    else this.#enqueue(this.#seat(this.#slots.ownerOf(slot)), call);
    return call.promise;
  }

  /** A lane holds more or less than before. */
  held(recordDelta: number, byteDelta: number): void {
    this.#heldRecords += recordDelta;
    this.#heldBytes += byteDelta;
  }

  /** Lets calls in after records were settled or a lane changed. */
  admit(): void {
    if (this.#admitting) return;
    this.#admitting = true;
    try {
      if (this.#slots.heldCount > 0) this.#releaseSlots();
      if (this.#waitingCount > 0) this.#admitWaiting();
      if (this.#anyCalls.length > 0) this.#admitAny();
      this.#retire();
    } finally {
      this.#admitting = false;
    }
  }

  /** Refuses the calls that wait for a lane that failed; those that any may have when it was the last. */
  refuseWaiting(lane: Lane, error: ZerobusError): void {
    if (!this.#active.some((index) => this.#seat(index).lane.accepting))
      this.#refuseQueue(this.#anyCalls, error);
    const seat = this.#seats[lane.index];
    if (seat?.lane !== lane) return;
    this.#refuseQueue(seat.waiting, error);
    // Slots that were to leave it stay: records in front of these calls are in it for good.
    for (const [slot, queue] of this.#heldCalls) {
      if (this.#slots.ownerOf(slot) === lane.index) this.#refuseHeld(slot, queue, error);
    }
  }

  /** Whether records or calls are with the lane, or come to it. */
  isNeeded(lane: Lane): boolean {
    const seat = this.#seats[lane.index];
    if (seat?.lane !== lane) return false;
    return this.#active.includes(lane.index) || lane.heldRecords > 0 || seat.waiting.length > 0;
  }

  /** Resolves once every call that waits now was let in or refused. */
  async whenAdmitted(): Promise<void> {
    const tails: Promise<Ticket>[] = [];
    for (const seat of this.#seats) addTail(seat?.waiting, tails);
    addTail(this.#anyCalls, tails);
    for (const queue of this.#heldCalls.values()) addTail(queue, tails);
    await Promise.allSettled(tails);
  }

  /** Refuses every call that waits. */
  refuseAll(error: ZerobusError): void {
    this.#refuseQueue(this.#anyCalls, error);
    for (const lane of this.lanes) this.refuseWaiting(lane, error);
    for (const [slot, queue] of this.#heldCalls) this.#refuseHeld(slot, queue, error);
  }

  #seat(index: number): Seat {
    return this.#seats[index] as Seat;
  }

  /**
   * The lane of a slot, if nobody waits there and there is room.
   * @throws ZerobusError why the lane has ended
   */
  #seatOfSlot(slot: number): Seat | undefined {
    const seat = this.#seat(this.#slots.ownerOf(slot));
    if (!seat.lane.accepting) throw laneError(seat.lane);
    if (this.#slots.isHeld(slot)) return undefined;
    return seat.waiting.length === 0 && this.#hasRoom(seat.lane) ? seat : undefined;
  }

  /** Without keys: the next lane in turn that has room, if nobody waits. @throws as {@link LaneSet.trySubmit} */
  #anySeat(): Seat | undefined {
    return this.#anyCalls.length > 0 ? undefined : this.#seatInTurn();
  }

  #seatInTurn(): Seat | undefined {
    const active = this.#active;
    let ended: Lane | undefined;
    let accepting = false;
    for (let tries = 0; tries < active.length; tries++) {
      this.#rotor = (this.#rotor + 1) % active.length;
      const seat = this.#seat(active[this.#rotor] as number);
      if (!seat.lane.accepting) ended = seat.lane;
      else if (this.#hasRoom(seat.lane)) return seat;
      else accepting = true;
    }
    if (accepting) return undefined;
    throw ended === undefined ? closedError() : laneError(ended);
  }

  #admitAny(): void {
    while (this.#anyCalls.length > 0) {
      const seat = this.#active.some((index) => this.#seat(index).lane.accepting)
        ? this.#seatInTurn()
        : undefined;
      if (seat === undefined) return;
      const call = this.#anyCalls.shift() as WaitingCall;
      this.#dequeued(call);
      call.resolve(this.#takeRequest(seat.lane, call.request));
    }
  }

  #refuseQueue(queue: Fifo<WaitingCall>, error: ZerobusError): void {
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
      this.#dequeued(call);
      call.reject(error);
    }
  }

  #refuseHeld(slot: number, queue: Fifo<WaitingCall>, error: ZerobusError): void {
    this.#heldCalls.delete(slot);
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
      this.#waitingCount--;
      call.reject(error);
    }
  }

  #hasRoom(lane: Lane): boolean {
    if (!lane.accepting) throw laneError(lane);
    return (
      this.#heldRecords < this.#options.maxInflightRecords &&
      this.#heldBytes < this.#options.maxInflightBytes &&
      lane.heldRecords < this.#recordShare &&
      lane.heldBytes < this.#byteShare &&
      lane.hasRoom
    );
  }

  #take(lane: Lane, submission: Submission, recordCount: number): number {
    this.#turnLane = lane;
    return lane.submit(submission, recordCount);
  }

  #takeRequest(lane: Lane, request: LaneRequest): Ticket {
    const sequence = this.#take(lane, request.submission, request.recordCount);
    for (const slot of request.slots) this.#slots.submitted(slot, sequence);
    return new Ticket(lane, sequence);
  }

  #enqueue(seat: Seat, call: WaitingCall): void {
    for (const slot of call.request.slots) this.#slots.queued(slot);
    seat.full = true;
    seat.waiting.push(call);
  }

  #dequeued(call: WaitingCall): void {
    this.#waitingCount--;
    for (const slot of call.request.slots) this.#slots.unqueued(slot);
  }

  #heldQueue(slot: number): Fifo<WaitingCall> {
    let queue = this.#heldCalls.get(slot);
    if (queue === undefined) {
      queue = new Fifo();
      this.#heldCalls.set(slot, queue);
    }
    return queue;
  }

  #admitWaiting(): void {
    const { maxInflightRecords, maxInflightBytes } = this.#options;
    const seatCount = this.#seats.length;
    // Each time another lane is first, since room may be gone before the last one's turn.
    this.#firstSeat = (this.#firstSeat + 1) % seatCount;
    for (let step = 0; step < seatCount; step++) {
      const seat = this.#seats[(this.#firstSeat + step) % seatCount];
      if (seat === undefined || !seat.lane.accepting) continue;
      while (seat.waiting.length > 0 && this.#hasRoom(seat.lane)) {
        const call = seat.waiting.shift() as WaitingCall;
        this.#dequeued(call);
        call.resolve(this.#takeRequest(seat.lane, call.request));
      }
      if (this.#heldRecords >= maxInflightRecords || this.#heldBytes >= maxInflightBytes) break;
    }
  }

  /** Slots whose records are settled move on, and the calls that waited for that with them. */
  #releaseSlots(): void {
    for (const slot of this.#slots.release(this.#settledNext)) {
      const queue = this.#heldCalls.get(slot);
      if (queue === undefined) continue;
      this.#heldCalls.delete(slot);
      const seat = this.#seat(this.#slots.ownerOf(slot));
      for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
        this.#enqueue(seat, call);
      }
    }
  }

  #reshare(): void {
    const { maxInflightRecords, maxInflightBytes, keyed } = this.#options;
    const laneCount = this.#active.length;
    this.#recordShare = Math.max(1, Math.floor(maxInflightRecords / laneCount));
    this.#byteShare = Math.max(1, Math.floor(maxInflightBytes / laneCount));
    if (keyed) this.#slots.spread(this.#active, this.#settledNext);
    this.admit();
  }

  #retire(): void {
    for (const [index, seat] of this.#seats.entries()) {
      if (seat?.retiring !== true || seat.lane.heldRecords > 0 || seat.waiting.length > 0) continue;
      if (this.#options.keyed && this.#slots.uses(index)) continue;
      this.#seats[index] = undefined;
      void seat.lane.close();
    }
  }
}

function addTail(queue: Fifo<WaitingCall> | undefined, tails: Promise<Ticket>[]): void {
  const call = queue?.last;
  if (call !== undefined) tails.push(call.promise);
}
