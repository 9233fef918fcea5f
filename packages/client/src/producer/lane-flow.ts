// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import type { Submission } from "../core/room-queue.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { NO_ROOM } from "../io/record-intake.ts";
import type { StreamEngine } from "../io/stream-engine.ts";
import { Backlog, type BacklogEntry, copiedEntry, makeEntry, submissionOf } from "./backlog.ts";
import { Settlement } from "./settlement.ts";
import { SubmitTimes } from "./submit-times.ts";

export interface LaneFlowOptions {
  readonly clock: Clock;
  /** Records and bytes the lane holds changed by so much. */
  readonly onHeld: (recordDelta: number, byteDelta: number) => void;
  /** Records were settled as durable; the oldest of them was submitted at `sinceMs`. */
  readonly onAcknowledged: (recordCount: number, byteCount: number, sinceMs: number) => void;
  readonly onResent: (recordCount: number) => void;
}

/**
 * The records of a lane, from submission to settlement: in the engine, or in the backlog while there is no engine that
 * may have them. Sequences are given out and settled in order, whatever becomes of engines.
 */
export class LaneFlow {
  readonly settlement: Settlement = new Settlement();
  readonly #options: LaneFlowOptions;
  readonly #backlog = new Backlog();
  readonly #times = new SubmitTimes();
  #engine: StreamEngine | undefined;
  /** Whether each request in the engine settles one sequence, the one at engine offset 0 `#base`. */
  #linear = false;
  #base = 0;
  /** Otherwise: the requests in the engine. */
  #group: BacklogEntry[] = [];
  /** Requests, from the oldest on, among which one was refused. */
  #suspectCount = 0;
  /** Why a part of the oldest batch was refused, while other parts of it are unsettled. */
  #partialRefusal: ZerobusError | undefined;
  /** Which records of that batch were refused, and which are left of it. */
  #refusedIndexes: number[] = [];
  #leftIndexes: readonly number[] | undefined;
  #engineAcknowledged = 0;
  #engineResent = 0;
  /** Records that an engine had sent in vain, which the next one will send again. */
  #sentInVain = 0;
  #heldBytes = 0;
  /** Sequence of the next submission. */
  nextSequence = 0;
  heldRecords = 0;
  /** Records settled as durable, and what they held. */
  acknowledgedRecords = 0;
  acknowledgedBytes = 0;

  constructor(options: LaneFlowOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Records that are not sent, or have to be sent again in the call that is open. */
  get queuedRecords(): number {
    return this.#backlog.recordCount + (this.#engine?.unsentRecords ?? 0);
  }

  /**
   * Whether a record would go on its way now. What a busy engine has no room for would only lie here, in memory that makes
   * nothing faster; without an engine, or while a refused record is looked for, records are kept.
   */
  get hasRoom(): boolean {
    return !this.#linear || this.#engine?.hasRoom !== false;
  }

  /** When the oldest unsettled record was submitted. */
  get oldestSubmitMs(): number | undefined {
    return this.#times.oldestMs;
  }

  /** Requests among which one was refused. */
  get suspectCount(): number {
    return this.#suspectCount;
  }

  /** Whether the oldest request of the group is a batch. */
  get divisible(): boolean {
    return (this.#group[0]?.records.length ?? 0) > 1;
  }

  /** Takes a submission and copies it; returns its sequence. */
  submit(submission: Submission, recordCount: number): number {
    const sequence = this.nextSequence++;
    if (this.#times.isDue(sequence)) this.#times.note(sequence, this.#options.clock.nowMs());
    this.heldRecords += recordCount;
    const byteDelta = this.#append(submission);
    this.#heldBytes += byteDelta;
    this.#options.onHeld(recordCount, byteDelta);
    return sequence;
  }

  /** Works with a new engine. */
  attach(engine: StreamEngine): void {
    this.#engine = engine;
    this.#engineAcknowledged = 0;
    this.#engineResent = 0;
    this.#linear = false;
  }

  /** Notes how many requests the engine sent in vain, before {@link LaneFlow.takeBack}; returns it. */
  noteSuspects(): number {
    if (!this.#linear) return this.#group.length;
    this.#suspectCount = this.#engine?.unsettledCount ?? 0;
    return this.#suspectCount;
  }

  /** Lets go of the engine and takes back what it did not get acknowledged. */
  takeBack(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const heldBefore = this.#backlog.recordCount;
    const unsentRecords = engine.unsentRecords;
    const entries = this.#linear
      ? engine.unackedBatches().map((records, index) => this.#takenBack(records, index))
      : this.#group;
    this.#engine = undefined;
    this.#group = [];
    this.#linear = false;
    this.#backlog.putBack(entries);
    this.#sentInVain += this.#backlog.recordCount - heldBefore - unsentRecords;
    this.#release(0);
  }

  /** Sends what waits and what comes, without waiting for each other. */
  sendAll(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (!this.#linear) {
      this.#backlog.joinParts();
      this.#leftIndexes = this.#backlog.peek()?.indexes;
      this.#base = this.settlement.settledNext - engine.nextOffset;
      this.#linear = true;
    }
    this.#pump();
  }

  /** Sends so many requests of what waits. A group that is under way is sent again by the engine itself. */
  sendGroup(groupCount: number): void {
    const engine = this.#engine;
    if (engine === undefined || this.#group.length > 0) return;
    while (this.#group.length < groupCount) {
      const entry = this.#backlog.peek();
      if (entry === undefined || engine.trySubmit(submissionOf(entry)) === NO_ROOM) break;
      this.#backlog.shift();
      this.#group.push(entry);
    }
    this.#release(0);
  }

  /** Cuts the oldest request in two. */
  divideFirst(): void {
    this.#suspectCount++;
    this.#backlog.divideFirst();
  }

  /** A copy of the oldest record, which waits. */
  firstRecord(): Buffer | undefined {
    const [record] = this.#backlog.peek()?.records ?? [];
    return record === undefined ? undefined : Buffer.from(record);
  }

  /** Settles the oldest request, one record, as refused. */
  refuseFirst(error: ZerobusError): void {
    const entry = this.#backlog.shift();
    this.#suspectCount = Math.max(0, this.#suspectCount - 1);
    this.#partialRefusal ??= error;
    this.#refusedIndexes.push(...(entry?.indexes ?? []));
    if (entry?.closes !== false) {
      this.#refuse(this.#partialRefusal);
      this.#times.settle(this.settlement.settledNext, this.nextSequence);
    }
    this.#release(1);
  }

  /** The engine got something acknowledged. Returns whether that was the last of a group. */
  progressed(): boolean {
    const engine = this.#engine;
    if (engine === undefined) return false;
    const recordCount = engine.acknowledgedRecords - this.#engineAcknowledged;
    this.#engineAcknowledged += recordCount;
    this.noteResent();
    const isGroup = !this.#linear;
    if (isGroup) this.#settleGroup(engine, recordCount);
    else this.#settle(this.#base + engine.headOffset, recordCount);
    if (this.#backlog.length > 0) this.#pump();
    return isGroup && this.#group.length === 0;
  }

  /** Tells of what is sent again, once a stream is open. */
  noteResent(): void {
    const byEngine = (this.#engine?.resentRecords ?? 0) - this.#engineResent;
    const recordCount = byEngine + this.#sentInVain;
    if (recordCount <= 0) return;
    this.#engineResent += byEngine;
    this.#sentInVain = 0;
    this.#options.onResent(recordCount);
  }

  /** Records that wait, oldest first: all of them after {@link LaneFlow.takeBack}. */
  waitingRecords(): Buffer[] {
    const entries = this.#backlog.takeAll();
    this.#backlog.putBack(entries);
    return entries.flatMap((entry) => entry.records.map((record) => Buffer.from(record)));
  }

  /** Nothing more will be settled. */
  end(error: ZerobusError): void {
    this.settlement.fail(error);
  }

  /** Returns by how much the bytes held grew. */
  #append(submission: Submission): number {
    const engine = this.#engine;
    if (engine !== undefined && this.#linear && this.#backlog.length === 0) {
      const before = engine.unackedBytes;
      if (engine.trySubmit(submission) !== NO_ROOM) return engine.unackedBytes - before;
    }
    const entry = copiedEntry(submission);
    this.#backlog.push(entry);
    return entry.byteCount;
  }

  /** Hands what waits to the engine, as far as there is room in it. */
  #pump(): void {
    const engine = this.#engine;
    if (engine === undefined || !this.#linear) return;
    for (let entry = this.#backlog.peek(); entry !== undefined; entry = this.#backlog.peek()) {
      if (engine.trySubmit(submissionOf(entry)) === NO_ROOM) break;
      this.#backlog.shift();
    }
    this.#release(0);
  }

  #settleGroup(engine: StreamEngine, recordCount: number): void {
    let next = this.settlement.settledNext;
    const leftCount = engine.nextOffset - engine.headOffset;
    while (this.#group.length > leftCount) {
      const entry = this.#group.shift() as BacklogEntry;
      this.#suspectCount = Math.max(0, this.#suspectCount - 1);
      if (entry.closes) next++;
    }
    this.#settle(next, recordCount);
  }

  /** Settles what lies in front of `next` as durable, but for a batch of which a part was refused. */
  #settle(next: number, recordCount: number): void {
    const { settlement } = this;
    const refusal = this.#partialRefusal;
    if (refusal !== undefined && next > settlement.settledNext) this.#refuse(refusal);
    settlement.settle(next);
    const { clock, onAcknowledged } = this.#options;
    const sinceMs = this.#times.settle(next, this.nextSequence) ?? clock.nowMs();
    const before = this.#heldBytes;
    this.#release(recordCount);
    const byteCount = before - this.#heldBytes;
    this.acknowledgedRecords += recordCount;
    this.acknowledgedBytes += byteCount;
    onAcknowledged(recordCount, byteCount, sinceMs);
  }

  /** Settles the oldest entry as refused; of a batch, says which records were. */
  #refuse(refusal: ZerobusError): void {
    const recordIndexes = this.#refusedIndexes;
    this.#partialRefusal = undefined;
    this.#refusedIndexes = [];
    this.#leftIndexes = undefined;
    this.settlement.refuse(
      recordIndexes.length === 0 ? refusal : withIndexes(refusal, recordIndexes),
    );
  }

  /** What the engine did not get acknowledged; of the oldest batch, records may be missing. */
  #takenBack(records: readonly Buffer[], index: number): BacklogEntry {
    const isPartial = index === 0 && this.#partialRefusal !== undefined;
    return makeEntry(records, true, isPartial ? this.#leftIndexes : undefined);
  }

  /** Brings what is held up to date after records have left. */
  #release(recordCount: number): void {
    const before = this.#heldBytes;
    this.heldRecords -= recordCount;
    this.#heldBytes = (this.#engine?.unackedBytes ?? 0) + this.#backlog.byteCount;
    this.#options.onHeld(-recordCount, this.#heldBytes - before);
  }
}

function withIndexes(error: ZerobusError, recordIndexes: readonly number[]): ZerobusError {
  return new ZerobusError(error.code, error.message, {
    cause: error.cause ?? error,
    details: { ...error.details, recordIndexes },
    retryable: error.retryable,
    effect: error.effect,
  });
}
