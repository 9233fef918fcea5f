// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { BackoffPolicy } from "../core/retry-policy.ts";
import type { RateLimiter, SendPace } from "../core/rate-limiter.ts";
import type { Submission } from "../core/room-queue.ts";
import type { StreamListeners, StreamStateChange } from "../core/settings.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import type { StreamEngine } from "../io/stream-engine.ts";
import { categoryOf } from "./error-category.ts";
import { LaneFlow } from "./lane-flow.ts";
import type { LaneEffect, LaneEvent, LanePolicy, LaneState } from "./lane-state.ts";
import { laneTransition } from "./lane-transitions.ts";
import { LanePace, type SendRate } from "./limits/lane-pace.ts";
import type { ThroughputSample } from "./limits/throttle-report.ts";
import type { Settlement } from "./settlement.ts";

/** An engine that had its first stream so long ago counts as one that was well, whatever it got acknowledged. */
const LASTING_STREAM_MS = 10_000;

/** What a lane asks of its producer and tells it. */
export interface LaneHost {
  makeEngine(listeners: StreamListeners, onProgress: () => void, pace: SendPace): StreamEngine;
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
 * Events go through one mailbox; only there does the state change.
 */
export class Lane {
  readonly index: number;
  readonly #options: LaneOptions;
  readonly #flow: LaneFlow;
  readonly #pace: LanePace;
  readonly #mailbox: LaneEvent[] = [];
  #dispatching = false;
  #state: LaneState = { kind: "idle" };
  #engine: StreamEngine | undefined;
  /** How many requests were settled at the last refusal. */
  #refusedAt = Number.NEGATIVE_INFINITY;
  #lastChange: StreamStateChange | undefined;
  #lastError: ZerobusError | undefined;
  #timer: Timer | undefined;
  #lostAtMs: number | undefined;
  /** When the engine had its first stream. */
  #openedAtMs: number | undefined;
  /** Whether its stream changed since the last sample. */
  #disturbed = true;
  #opening: { resolve: () => void; reject: (error: ZerobusError) => void } | undefined;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(options: LaneOptions) {
    const { host } = options;
    this.index = options.index;
    this.#options = options;
    this.#pace = new LanePace(options.limiter);
    this.#flow = new LaneFlow({
      clock: options.clock,
      onHeld: (recordDelta, byteDelta) => host.held(recordDelta, byteDelta),
      onAcknowledged: (recordCount, byteCount, sinceMs) =>
        host.acknowledged(this, recordCount, byteCount, sinceMs),
      onResent: (recordCount) => host.resent(recordCount),
    });
    this.#ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
  }

  get state(): LaneState {
    return this.#state;
  }

  get settlement(): Settlement {
    return this.#flow.settlement;
  }

  get streamId(): string | undefined {
    return this.#lastChange?.streamId;
  }

  /** What went wrong last since a stream was open. */
  get lastError(): ZerobusError | undefined {
    return this.#lastError;
  }

  /** Sequence of the next submission. */
  get nextSequence(): number {
    return this.#flow.nextSequence;
  }

  get heldRecords(): number {
    return this.#flow.heldRecords;
  }

  get heldBytes(): number {
    return this.#flow.heldBytes;
  }

  /** Whether a record would go on its way now, if it takes records. */
  get hasRoom(): boolean {
    return this.#flow.hasRoom;
  }

  /** Records it holds that are not sent, or have to be sent again in the call that is open. */
  get queuedRecords(): number {
    return this.#flow.queuedRecords;
  }

  /** What it is slowed to after the service refused for want of capacity. */
  get slowedTo(): SendRate | undefined {
    return this.#pace.slowedTo(this.#options.clock.nowMs());
  }

  /**
   * What it saw since the call before.
   * @param full - whether callers had to wait for room in it
   */
  sample(full: boolean): ThroughputSample {
    const heldBack = this.#pace.takeHeldBack();
    const undisturbed = this.#state.kind === "running" && !this.#disturbed && !heldBack;
    this.#disturbed = false;
    return {
      nowMs: this.#options.clock.nowMs(),
      acknowledgedRecords: this.#flow.acknowledgedRecords,
      acknowledgedBytes: this.#flow.acknowledgedBytes,
      inflightRecords: this.heldRecords,
      inflightBytes: this.heldBytes,
      full,
      undisturbed,
    };
  }

  /** When the oldest unsettled record was submitted. */
  get oldestSubmitMs(): number | undefined {
    return this.#flow.oldestSubmitMs;
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
    return this.#flow.submit(submission, recordCount);
  }

  /** Ends the lane, whatever it holds: {@link Lane.leftovers} has it then. Resolves when it has ended. */
  close(): Promise<void> {
    this.#dispatch({ kind: "closeRequested" });
    return this.#ended;
  }

  /** Records that were not acknowledged, oldest first. For a lane that ended. */
  leftovers(): Buffer[] {
    this.#takeBack();
    return this.#flow.waitingRecords();
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
    // An engine that is started by an effect has changes of its own.
    const change = this.#lastChange;
    for (const effect of next.effects) this.#run(effect);
    if (from.kind !== next.state.kind) this.#options.host.changed(this, from, change);
  }

  #run(effect: LaneEffect): void {
    switch (effect.kind) {
      case "startEngine":
        return this.#startEngine();
      case "takeBack":
        return this.#takeBack();
      case "sendAll":
        return this.#flow.sendAll();
      case "sendGroup":
        return this.#flow.sendGroup(effect.groupCount);
      case "divideFirst":
        return this.#flow.divideFirst();
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
      this.#pace,
    );
    this.#engine = engine;
    this.#openedAtMs = undefined;
    this.#flow.attach(engine);
    if (this.#state.kind !== "isolating") this.#flow.sendAll();
    engine.start().catch(() => undefined);
  }

  #engineChanged(engine: StreamEngine | undefined, change: StreamStateChange): void {
    if (engine === undefined || engine !== this.#engine) return;
    this.#lastChange = change;
    this.#lastError = change.to === "streaming" ? undefined : (change.error ?? this.#lastError);
    this.#disturbed = true;
    const nowMs = this.#options.clock.nowMs();
    if (change.error?.code === "resource_exhausted") this.#pace.refused(nowMs);
    const wasOpen =
      change.from === "streaming" || change.from === "paused" || change.from === "rotating";
    if (change.to === "streaming") {
      this.#lostAtMs = undefined;
      this.#openedAtMs ??= nowMs;
      this.#opening?.resolve();
      this.#opening = undefined;
      this.#dispatch({ kind: "opened" });
      this.#flow.noteResent();
    } else if (change.to === "failed") {
      this.#engineFailed(change.error ?? closedError(), !wasOpen, nowMs);
    } else if (wasOpen && change.to !== "paused" && change.to !== "rotating") {
      this.#dispatch({ kind: "lost" });
    }
    if (change.to === "backingOff") this.#spendBudget(engine, change, nowMs);
  }

  #engineFailed(error: ZerobusError, opening: boolean, atMs: number): void {
    const category = categoryOf(error.code, opening);
    const suspectCount = this.#flow.noteSuspects();
    const { divisible } = this.#flow;
    const acknowledgedCount = this.#engine?.headOffset ?? 0;
    const lasted = acknowledgedCount > 0 || atMs - (this.#openedAtMs ?? atMs) >= LASTING_STREAM_MS;
    this.#dispatch({
      kind: "engineFailed",
      error,
      category,
      suspectCount,
      divisible,
      lasted,
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
    if (!this.#flow.progressed()) return;
    this.#dispatch({ kind: "groupAcknowledged", suspectCount: this.#flow.suspectCount });
  }

  #takeBack(): void {
    this.#engine = undefined;
    this.#flow.takeBack();
  }

  #setFirstAside(error: ZerobusError): void {
    const record = this.#flow.firstRecord();
    if (record === undefined) {
      this.#setAsideDone();
      return;
    }
    void this.#options.host.setAside(this, record, error).then(() => {
      if (this.#state.kind !== "settingAside") return;
      this.#flow.refuseFirst(error);
      this.#setAsideDone();
    });
  }

  #setAsideDone(): void {
    const { suspectCount, settlement } = this.#flow;
    const settledCount = settlement.settledNext - this.#refusedAt;
    this.#refusedAt = settlement.settledNext;
    this.#dispatch({ kind: "setAside", suspectCount, settledCount });
  }

  #endEngine(): void {
    const engine = this.#engine;
    if (engine === undefined || this.#flow.heldRecords > 0) {
      this.#takeBack();
      engine?.abort(closedError());
      this.#dispatch({ kind: "engineEnded" });
      return;
    }
    const ended = (): void => this.#dispatch({ kind: "engineEnded" });
    engine.close().then(ended, ended);
  }

  #finish(failure: ZerobusError | undefined): void {
    const error = failure ?? closedError();
    this.#opening?.reject(error);
    this.#opening = undefined;
    this.#flow.end(error);
    this.#end();
  }
}
