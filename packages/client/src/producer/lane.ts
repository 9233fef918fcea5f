// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { BackoffPolicy } from "../core/retry-policy.ts";
import type { Submission } from "../core/room-queue.ts";
import type { StreamListeners, StreamStateChange } from "../core/settings.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import { NO_ROOM } from "../io/record-intake.ts";
import type { StreamEngine } from "../io/stream-engine.ts";
import {
  Backlog,
  type BacklogEntry,
  copiedEntry,
  makeEntry,
  payloadBytes,
  submissionOf,
} from "./backlog.ts";
import { categoryOf } from "./error-category.ts";
import type { LaneEffect, LaneEvent, LanePolicy, LaneState } from "./lane-state.ts";
import { laneTransition } from "./lane-transitions.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { Settlement } from "./settlement.ts";
import { SubmitTimes } from "./submit-times.ts";

/** What a lane asks of its producer and tells it. */
export interface LaneHost {
  makeEngine(listeners: StreamListeners, onProgress: () => void): StreamEngine;
  /** Records and bytes the lane holds changed by so much. */
  held(recordDelta: number, byteDelta: number): void;
  /** Records were settled as durable. */
  acknowledged(lane: Lane, recordCount: number, byteCount: number, sinceMs: number): void;
  resent(recordCount: number): void;
  changed(lane: Lane, from: LaneState, change: StreamStateChange | undefined): void;
  /** A record was refused. Its promise resolves once the record may be settled; it does not reject. */
  setAside(lane: Lane, record: Uint8Array, error: ZerobusError): Promise<void>;
}

export interface LaneOptions {
  readonly index: number;
  readonly host: LaneHost;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  readonly policy: LanePolicy;
  /** How long a lost stream may stay lost. */
  readonly maxElapsedMs: number;
  readonly limiter: RateLimiter | undefined;
}

/**
 * Records that are settled in the order in which they were submitted, over as many streams as it takes. An engine
 * outlives lost connections; the lane outlives engines: it takes back what a failed one did not get acknowledged.
 */
export class Lane {
  readonly index: number;
  readonly settlement: Settlement = new Settlement();
  readonly #options: LaneOptions;
  readonly #backlog = new Backlog();
  readonly #times = new SubmitTimes();
  readonly #mailbox: LaneEvent[] = [];
  #dispatching = false;
  #state: LaneState = { kind: "idle" };
  #engine: StreamEngine | undefined;
  #lastChange: StreamStateChange | undefined;
  #timer: Timer | undefined;
  #pumpTimer: Timer | undefined;
  /** Sequence of the next submission. */
  #nextSequence = 0;
  /** Every request in the engine settles one sequence, and the one at engine offset 0 this one. */
  #base = 0;
  #linear = false;
  /** The requests in the engine while the lane isolates. */
  #group: BacklogEntry[] = [];
  #suspectCount = 0;
  #partialRefusal: ZerobusError | undefined;
  #engineAcknowledged = 0;
  #engineResent = 0;
  #heldRecords = 0;
  #heldBytes = 0;
  #lostAtMs: number | undefined;
  #opening: { resolve: () => void; reject: (error: ZerobusError) => void } | undefined;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(options: LaneOptions) {
    this.index = options.index;
    this.#options = options;
    this.#ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
  }

  get state(): LaneState {
    return this.#state;
  }

  get streamId(): string | undefined {
    return this.#engine?.streamId ?? this.#lastChange?.streamId;
  }

  get lastChange(): StreamStateChange | undefined {
    return this.#lastChange;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get heldRecords(): number {
    return this.#heldRecords;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** When the oldest unsettled record was submitted. */
  get oldestSubmitMs(): number | undefined {
    return this.#times.oldestMs;
  }

  /** Whether it still takes records. */
  get accepting(): boolean {
    const { kind } = this.#state;
    return kind !== "draining" && kind !== "closed" && kind !== "failed";
  }

  /** A promise to wait for before going on, when this turn of the event loop has had its share. */
  get turn(): Promise<void> | undefined {
    return this.#engine?.turn;
  }

  /** Promises handed out and not settled. */
  get pendingCount(): number {
    return (
      this.settlement.waiterCount +
      (this.#opening === undefined ? 0 : 1) +
      (this.#engine?.pendingCount ?? 0)
    );
  }

  /**
   * Opens the first stream.
   * @throws ZerobusError why it could not be opened for good
   */
  start(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#dispatch({ kind: "start" });
    });
  }

  /** Takes a submission while {@link Lane.accepting}; copies it. Returns its sequence. */
  submit(submission: Submission, recordCount: number): number {
    const sequence = this.#nextSequence++;
    if (this.#times.isDue(sequence)) this.#times.note(sequence, this.#options.clock.nowMs());
    this.#heldRecords += recordCount;
    const engine = this.#engine;
    let byteDelta: number;
    if (engine !== undefined && this.#linear && this.#hasWay(submission)) {
      const before = engine.unackedBytes;
      const offset = engine.trySubmit(submission);
      byteDelta = engine.unackedBytes - before;
      if (offset === NO_ROOM) byteDelta = this.#keep(submission);
    } else {
      byteDelta = this.#keep(submission);
    }
    this.#heldBytes += byteDelta;
    this.#options.host.held(recordCount, byteDelta);
    return sequence;
  }

  /** Ends the lane, whatever it holds: {@link Lane.leftovers} has it then. Resolves when it has ended. */
  close(): Promise<void> {
    this.#dispatch({ kind: "closeRequested" });
    return this.#ended;
  }

  /** Records that were not acknowledged, oldest first. For a lane that ended. */
  leftovers(): Buffer[] {
    this.#takeBack();
    const entries = this.#backlog.takeAll();
    this.#backlog.putBack(entries);
    return entries.flatMap((entry) => entry.records.map((record) => Buffer.from(record)));
  }

  #keep(submission: Submission): number {
    const entry = copiedEntry(submission);
    this.#backlog.push(entry);
    return entry.byteCount;
  }

  /** Whether a submission may go straight into the engine. */
  #hasWay(submission: Submission): boolean {
    if (this.#backlog.length > 0) return false;
    const { limiter } = this.#options;
    if (limiter === undefined) return true;
    return this.#passes(limiter, submission);
  }

  #passes(limiter: RateLimiter, submission: Submission): boolean {
    const single = typeof submission === "string" || submission instanceof Uint8Array;
    const recordCount = single ? 1 : submission.length;
    let byteCount = 0;
    if (single) byteCount = payloadBytes(submission);
    else for (const record of submission) byteCount += payloadBytes(record);
    const { clock } = this.#options;
    const waitMs = limiter.tryTake(recordCount, byteCount, clock.nowMs());
    if (waitMs <= 0) return true;
    this.#pumpTimer ??= clock.startTimer(waitMs, () => {
      this.#pumpTimer = undefined;
      this.#pump();
    });
    return false;
  }

  /** Hands what waits to the engine, as far as the limiter and the engine let it. */
  #pump(): void {
    const engine = this.#engine;
    if (engine === undefined || !this.#linear || this.#pumpTimer !== undefined) return;
    const { limiter } = this.#options;
    for (let entry = this.#backlog.peek(); entry !== undefined; entry = this.#backlog.peek()) {
      const submission = submissionOf(entry);
      if (limiter !== undefined && !this.#passes(limiter, submission)) break;
      if (engine.trySubmit(submission) === NO_ROOM) break;
      this.#backlog.shift();
    }
    this.#account();
  }

  #dispatch(event: LaneEvent): void {
    this.#mailbox.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) {
        this.#step(next);
      }
    } catch (error) {
      // A defect of ours must not leave promises behind.
      this.#mailbox.length = 0;
      this.#step({ kind: "aborted", error: toZerobusError(error) });
    } finally {
      this.#dispatching = false;
    }
  }

  #step(event: LaneEvent): void {
    const from = this.#state;
    const next = laneTransition(from, event, this.#options.policy);
    this.#state = next.state;
    for (const effect of next.effects) this.#run(effect);
    if (from.kind !== next.state.kind) this.#options.host.changed(this, from, this.#lastChange);
  }

  #run(effect: LaneEffect): void {
    switch (effect.kind) {
      case "startEngine":
        return this.#startEngine();
      case "takeBack":
        return this.#takeBack();
      case "sendAll":
        return this.#sendAll();
      case "sendGroup":
        return this.#sendGroup(effect.groupCount);
      case "divideFirst":
        this.#suspectCount++;
        return this.#backlog.divideFirst();
      case "setFirstAside":
        return this.#setFirstAside(effect.error);
      case "startBackoff": {
        const { backoff, clock, random } = this.#options;
        this.#timer = clock.startTimer(backoff.delayMs(effect.attempt, 0, random()), () => {
          this.#timer = undefined;
          this.#dispatch({ kind: "timerFired" });
        });
        return;
      }
      case "stopTimer":
        this.#timer?.cancel();
        this.#timer = undefined;
        return;
      case "endEngine":
        return this.#endEngine();
      case "finish":
        return this.#finish(effect.error);
    }
  }

  #startEngine(): void {
    const { host } = this.#options;
    let engine: StreamEngine | undefined;
    engine = host.makeEngine(
      { onStateChange: (change) => this.#engineChanged(engine, change) },
      () => this.#progressed(engine),
    );
    this.#engine = engine;
    this.#engineAcknowledged = 0;
    this.#engineResent = 0;
    this.#linear = false;
    if (this.#state.kind !== "isolating") this.#sendAll();
    engine.start().catch(() => undefined);
  }

  #engineChanged(engine: StreamEngine | undefined, change: StreamStateChange): void {
    if (engine === undefined || engine !== this.#engine) return;
    this.#lastChange = change;
    const nowMs = this.#options.clock.nowMs();
    const wasOpen =
      change.from === "streaming" || change.from === "paused" || change.from === "rotating";
    if (change.to === "streaming") {
      this.#lostAtMs = undefined;
      this.#opening?.resolve();
      this.#opening = undefined;
      this.#dispatch({ kind: "opened" });
      this.#noteResent(engine);
    } else if (change.to === "failed") {
      this.#engineFailed(engine, change.error ?? closedError(), !wasOpen, nowMs);
    } else if (wasOpen && change.to !== "paused" && change.to !== "rotating") {
      this.#dispatch({ kind: "lost" });
    }
    if (change.to === "backingOff") this.#spendBudget(engine, change, nowMs);
  }

  #engineFailed(engine: StreamEngine, error: ZerobusError, opening: boolean, atMs: number): void {
    const suspectCount = this.#linear ? engine.unsettledCount : this.#group.length;
    if (this.#linear) this.#suspectCount = suspectCount;
    this.#dispatch({
      kind: "engineFailed",
      error,
      category: categoryOf(error.code, opening),
      suspectCount,
      divisible: (this.#group[0]?.records.length ?? 0) > 1,
      atMs,
    });
  }

  #spendBudget(engine: StreamEngine, change: StreamStateChange, nowMs: number): void {
    this.#lostAtMs ??= nowMs;
    const { maxElapsedMs } = this.#options;
    if (nowMs - this.#lostAtMs < maxElapsedMs) return;
    const reason = change.error?.message ?? "unknown";
    engine.abort(
      new ZerobusError(
        change.error?.code ?? "unavailable",
        `No stream for ${maxElapsedMs} ms (retry.maxElapsedMs): ${reason}`,
        { cause: change.error, effect: "unknown" },
      ),
    );
  }

  #progressed(engine: StreamEngine | undefined): void {
    if (engine === undefined || engine !== this.#engine) return;
    const recordCount = engine.acknowledgedRecords - this.#engineAcknowledged;
    this.#engineAcknowledged += recordCount;
    this.#noteResent(engine);
    if (this.#linear) this.#settle(this.#base + engine.headOffset, recordCount);
    else this.#groupProgressed(engine, recordCount);
    if (this.#backlog.length > 0) this.#pump();
  }

  #groupProgressed(engine: StreamEngine, recordCount: number): void {
    let next = this.settlement.settledNext;
    const left = engine.nextOffset - engine.headOffset;
    while (this.#group.length > left) {
      const entry = this.#group.shift() as BacklogEntry;
      this.#suspectCount--;
      if (entry.closes) next++;
    }
    this.#settle(next, recordCount);
    if (left > 0) return;
    const suspectCount = Math.max(0, this.#suspectCount);
    this.#dispatch({ kind: "groupAcknowledged", suspectCount });
  }

  /** Settles what lies in front of `next`. */
  #settle(next: number, recordCount: number): void {
    const { settlement } = this;
    const { host, clock } = this.#options;
    const refusal = this.#partialRefusal;
    if (refusal !== undefined && next > settlement.settledNext) {
      this.#partialRefusal = undefined;
      settlement.refuse(refusal);
    }
    settlement.settle(next);
    const sinceMs = this.#times.settle(next, this.#nextSequence) ?? clock.nowMs();
    const before = this.#heldBytes;
    this.#release(recordCount);
    host.acknowledged(this, recordCount, before - this.#heldBytes, sinceMs);
  }

  #release(recordCount: number): void {
    const before = this.#heldBytes;
    this.#heldRecords -= recordCount;
    this.#heldBytes = (this.#engine?.unackedBytes ?? 0) + this.#backlog.byteCount;
    this.#options.host.held(-recordCount, this.#heldBytes - before);
  }

  /** Brings the count of bytes up to date. */
  #account(): void {
    this.#release(0);
  }

  #noteResent(engine: StreamEngine): void {
    const recordCount = engine.resentRecords - this.#engineResent;
    if (recordCount === 0) return;
    this.#engineResent += recordCount;
    this.#options.host.resent(recordCount);
  }

  #takeBack(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#engine = undefined;
    const entries = this.#linear
      ? engine.unackedBatches().map((records) => makeEntry(records, true))
      : this.#group;
    this.#group = [];
    this.#linear = false;
    this.#backlog.putBack(entries);
    this.#account();
  }

  #sendAll(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (!this.#linear) {
      this.#backlog.joinParts();
      this.#base = this.settlement.settledNext - engine.nextOffset;
      this.#linear = true;
    }
    this.#pump();
  }

  #sendGroup(groupCount: number): void {
    const engine = this.#engine;
    // A group that is under way is sent again by the engine itself.
    if (engine === undefined || this.#group.length > 0) return;
    while (this.#group.length < groupCount) {
      const entry = this.#backlog.peek();
      if (entry === undefined || engine.trySubmit(submissionOf(entry)) === NO_ROOM) break;
      this.#backlog.shift();
      this.#group.push(entry);
    }
    this.#account();
  }

  #setFirstAside(error: ZerobusError): void {
    const entry = this.#backlog.peek();
    const [record] = entry?.records ?? [];
    if (entry === undefined || record === undefined) {
      this.#dispatch({ kind: "setAside" });
      return;
    }
    const bytes = Buffer.from(record);
    void this.#options.host.setAside(this, bytes, error).then(() => {
      if (this.#state.kind !== "settingAside") return;
      this.#backlog.shift();
      this.#partialRefusal ??= error;
      if (entry.closes) {
        this.settlement.refuse(this.#partialRefusal);
        this.#partialRefusal = undefined;
        this.#times.settle(this.settlement.settledNext, this.#nextSequence);
      }
      this.#release(1);
      this.#dispatch({ kind: "setAside" });
    });
  }

  #endEngine(): void {
    const engine = this.#engine;
    if (engine === undefined || this.#heldRecords > 0) {
      this.#takeBack();
      engine?.abort(closedError());
      this.#dispatch({ kind: "engineEnded" });
      return;
    }
    const ended = (): void => this.#dispatch({ kind: "engineEnded" });
    engine.close().then(ended, ended);
  }

  #finish(failure: ZerobusError | undefined): void {
    this.#pumpTimer?.cancel();
    this.#pumpTimer = undefined;
    const error = failure ?? closedError();
    this.#opening?.reject(error);
    this.#opening = undefined;
    this.settlement.fail(error);
    this.#end();
  }
}
