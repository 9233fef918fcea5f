// SPDX-License-Identifier: Apache-2.0
import type { Timer } from "../core/clock.ts";
import { InflightLimit } from "../core/inflight-limit.ts";
import { RecordWindow } from "../core/record-window.ts";
import type { Submission } from "../core/room-queue.ts";
import { streamPolicy } from "../core/settings.ts";
import type { StreamEffect, StreamEvent, StreamPolicy, StreamState } from "../core/stream-state.ts";
import { transition } from "../core/stream-transitions.ts";
import { closedError, ZerobusError } from "../core/zerobus-error.ts";
import { CallAttempts } from "./call-attempts.ts";
import { EndpointWait } from "./endpoint-wait.ts";
import { RecordIntake } from "./record-intake.ts";
import { RecordSender } from "./record-sender.ts";
import type { StreamEngineOptions, StreamStatistics } from "./stream-engine-options.ts";

/**
 * One logical stream over as many calls as it takes. Owns every promise it hands out: when it ends, all are settled.
 * Events go through one mailbox; only there does the state change.
 */
export class StreamEngine {
  readonly #options: StreamEngineOptions;
  readonly #policy: StreamPolicy;
  readonly #window: RecordWindow;
  readonly #intake: RecordIntake;
  readonly #sender: RecordSender;
  readonly #attempts: CallAttempts;
  readonly #endpointWait: EndpointWait;
  readonly #mailbox: StreamEvent[] = [];
  #state: StreamState = { kind: "idle" };
  #dispatching = false;
  #timer: Timer | undefined;
  #streamId: string | undefined;
  #openedCount = 0;
  #callbackErrors = 0;
  #accepting = true;
  #closing: Promise<void> | undefined;
  #opening: { resolve: () => void; reject: (error: ZerobusError) => void } | undefined;
  readonly #finished: Promise<void>;
  #finish: () => void = () => undefined;

  constructor(options: StreamEngineOptions) {
    this.#options = options;
    this.#policy = streamPolicy(options.settings);
    this.#window = new RecordWindow(options.settings.format, options.chunks);
    const limit = new InflightLimit(options.settings.maxInflightBytes);
    this.#sender = new RecordSender({
      window: this.#window,
      limit,
      pace: options.pace,
      clock: options.clock,
      lackOfAckTimeoutMs: options.settings.serverLackOfAckTimeoutMs,
      onSent: options.onSent,
      onSilence: (error, atMs) => this.#dispatch({ kind: "ackTimedOut", error, atMs }),
    });
    this.#intake = new RecordIntake({
      window: this.#window,
      limit,
      settings: options.settings,
      clock: options.clock,
      onTaken: () => {
        this.#endpointWait.recordsCame();
        this.#sender.write();
      },
      onRoom: options.onRoom,
    });
    this.#endpointWait = new EndpointWait({
      endpoint: options.endpoint,
      probe: options.probe,
      onReachable: () => this.#dispatch({ kind: "reachable" }),
    });
    this.#attempts = new CallAttempts(options, {
      unsettled: () => this.#sender.unsettled,
      authenticated: () => this.#dispatch({ kind: "authenticated" }),
      opened: (streamId) =>
        this.#dispatch({ kind: "opened", streamId, atMs: options.clock.nowMs() }),
      acknowledged: (wireOffset) => this.#acknowledged(wireOffset),
      closeSignalled: (durationMs) => {
        const { unsettled } = this.#sender;
        const atMs = this.#sender.heard();
        this.#dispatch({ kind: "closeSignalled", durationMs, unsettled, atMs });
      },
      ended: (error) => this.#callEnded(error),
    });
    this.#finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
  }

  get options(): StreamEngineOptions {
    return this.#options;
  }

  get state(): StreamState {
    return this.#state;
  }

  get streamId(): string | undefined {
    return this.#streamId;
  }

  get ended(): boolean {
    return this.#state.kind === "closed" || this.#state.kind === "failed";
  }

  get statistics(): StreamStatistics {
    const window = this.#window;
    return {
      submittedRequests: window.nextOffset,
      acknowledgedRequests: window.headOffset,
      acknowledgedRecords: window.acknowledgedRecords,
      resentRecords: window.resentRecords,
      reconnects: Math.max(0, this.#openedCount - 1),
      unacknowledgedRequests: window.unackedCount,
      unacknowledgedBytes: window.unackedBytes,
      waitingRequests: this.#intake.waitingCount,
      callbackErrors: this.#callbackErrors,
    };
  }

  /** The oldest offset that is not acknowledged. */
  get headOffset(): number {
    return this.#window.headOffset;
  }

  /** The offset the next ingest call gets. */
  get nextOffset(): number {
    return this.#window.nextOffset;
  }

  get acknowledgedRecords(): number {
    return this.#window.acknowledgedRecords;
  }

  get resentRecords(): number {
    return this.#window.resentRecords;
  }

  /** Records that were never sent, or have to be sent again in the call that is open. */
  get unsentRecords(): number {
    return this.#window.recordsBetween(this.#window.sentOffset, this.#window.nextOffset);
  }

  get unackedBytes(): number {
    return this.#window.unackedBytes;
  }

  /** Ingest calls that were sent in the call that is open, or was open last, and are not acknowledged. */
  get unsettledCount(): number {
    return this.#window.sentOffset - this.#window.headOffset;
  }

  /** Promises handed out and not settled. */
  get pendingCount(): number {
    return this.#intake.pendingCount + (this.#opening === undefined ? 0 : 1);
  }

  /**
   * Opens the first stream.
   * @throws ZerobusError why it could not be opened
   */
  start(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#dispatch({ kind: "start" });
    });
  }

  /**
   * Takes a checked submission and copies it.
   * @returns its offset, or `NO_ROOM`
   * @throws ZerobusError `closed`, or the failure of the stream
   */
  trySubmit(submission: Submission): number {
    if (!this.#accepting || this.ended) throw this.#endError();
    return this.#intake.trySubmit(submission);
  }

  /** Whether a submission would be taken now. */
  get hasRoom(): boolean {
    return this.#intake.hasRoom;
  }

  /** Takes a submission when there is room for it; keeps a reference until then. */
  submitWhenRoom(submission: Submission): Promise<number> {
    return this.#intake.submitWhenRoom(submission);
  }

  /** A promise to wait for before going on, when this turn of the event loop has had its share. */
  get turn(): Promise<void> | undefined {
    return this.#intake.turn;
  }

  /** Waits until everything up to `offset` is acknowledged. */
  waitFor(offset: number): Promise<void> {
    if (offset < this.#window.headOffset) return Promise.resolve();
    if (this.ended) return Promise.reject(this.#endError());
    return this.#intake.waitFor(offset);
  }

  /** Waits for everything submitted before, calls that wait for room included. */
  flush(): Promise<void> {
    if (this.ended && this.#window.unackedCount === 0) return Promise.reject(this.#endError());
    return this.waitFor(this.#window.nextOffset + this.#intake.waitingCount - 1);
  }

  /** Flushes, then ends the stream. The first call reports a failed flush, later ones do not. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.catch(() => undefined);
    this.#closing = this.#close();
    return this.#closing;
  }

  /** Ends the stream at once. */
  abort(error: ZerobusError): void {
    this.#accepting = false;
    this.#dispatch({ kind: "aborted", error });
  }

  /** Copies of what is unacknowledged, one array per ingest call. */
  unackedBatches(): Buffer[][] {
    return this.#window.unackedBatches();
  }

  async #close(): Promise<void> {
    this.#accepting = false;
    const failed = this.#state.kind === "failed" ? this.#state.error : undefined;
    try {
      if (failed !== undefined && this.#window.unackedCount > 0) throw failed;
      if (!this.ended) await this.flush();
    } finally {
      this.#dispatch({ kind: "closeRequested" });
      await this.#finished;
    }
  }

  #acknowledged(wireOffset: number): void {
    const window = this.#window;
    const { headOffset } = window;
    const { progressed } = this.#sender;
    const outcome = this.#sender.acknowledge(wireOffset);
    if (typeof outcome !== "boolean") {
      this.#callEnded(outcome);
      return;
    }
    if (!outcome) return;
    if (!progressed) this.#dispatch({ kind: "progressed" });
    this.#reportAcks(headOffset, window.headOffset);
    this.#options.onProgress?.();
    this.#intake.acknowledged();
    if (!this.#sender.unsettled) {
      this.#dispatch({ kind: "settled", atMs: this.#options.clock.nowMs() });
    }
  }

  #reportAcks(from: number, to: number): void {
    const { onAck } = this.#options.listeners;
    if (onAck === undefined) return;
    for (let offset = from; offset < to; offset++) this.#callBack(() => onAck(BigInt(offset)));
  }

  #callEnded(error: ZerobusError): void {
    this.#dispatch({ kind: "ended", error, atMs: this.#options.clock.nowMs() });
  }

  #dispatch(event: StreamEvent): void {
    this.#mailbox.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) {
        this.#step(next);
      }
    } finally {
      this.#dispatching = false;
    }
  }

  #step(event: StreamEvent): void {
    const from = this.#state;
    const next = transition(from, event, this.#policy);
    this.#state = next.state;
    if (from.kind === "backingOff" && next.state.kind !== "backingOff") this.#endpointWait.end();
    if (event.kind === "opened") this.#streamId = event.streamId;
    if (next.state.kind !== from.kind) {
      // The timer of a wait that ends as planned is no failure.
      const isWait =
        event.kind === "timerFired" && (from.kind === "backingOff" || from.kind === "paused");
      this.#reportChange(from, next.state, "error" in event && !isWait ? event.error : undefined);
    }
    for (const effect of next.effects) this.#run(effect);
  }

  #reportChange(from: StreamState, to: StreamState, error: ZerobusError | undefined): void {
    const { onStateChange } = this.#options.listeners;
    if (onStateChange === undefined) return;
    const change = {
      from: from.kind,
      to: to.kind,
      tableName: this.#options.tableName,
      endpoint: this.#options.endpoint.authority,
      streamId: this.#streamId,
      attempt: "recovery" in to ? to.recovery.attempt : 0,
      error,
    };
    this.#callBack(() => onStateChange(change));
  }

  #run(effect: StreamEffect): void {
    switch (effect.kind) {
      case "authenticate":
        this.#attempts.begin();
        // Without a call there is more room than with one.
        return this.#intake.admit();
      case "openCall":
        return this.#attempts.openCall();
      case "openNext":
        return this.#attempts.beginNext();
      case "startSending":
        return this.#startSending();
      case "stopSending":
        return this.#sender.pause();
      case "halfClose":
        return this.#attempts.call?.halfClose();
      case "dropCall":
        this.#attempts.drop();
        return this.#sender.end();
      case "abandonConnection":
        return this.#attempts.abandonConnection();
      case "invalidateCredentials":
        return this.#options.credentials.invalidate();
      case "startTimer":
        return this.#startTimer(effect.delayMs);
      case "startBackoff": {
        const { backoff, random } = this.#options;
        this.#attempts.dropNext();
        this.#intake.admit();
        this.#awaitEndpoint();
        return this.#startTimer(backoff.delayMs(effect.attempt, effect.youngDeaths, random()));
      }
      case "stopTimer":
        this.#timer?.cancel();
        this.#timer = undefined;
        return;
      case "finish":
        this.#attempts.dropNext();
        return this.#settleAll(effect.error);
    }
  }

  #startSending(): void {
    this.#openedCount++;
    this.#opening?.resolve();
    this.#opening = undefined;
    this.#sender.begin(this.#attempts.call);
  }

  #awaitEndpoint(): void {
    if (this.#state.kind !== "backingOff") return;
    const hasRecords = this.#window.unackedCount > 0 || this.#intake.waitingCount > 0;
    this.#endpointWait.begin(this.#state.error, hasRecords);
  }

  #startTimer(delayMs: number): void {
    this.#timer?.cancel();
    const { clock } = this.#options;
    this.#timer = clock.startTimer(delayMs, () => {
      this.#timer = undefined;
      const error = new ZerobusError("deadline_exceeded", this.#attempts.timeoutText(delayMs));
      this.#dispatch({ kind: "timerFired", error, atMs: clock.nowMs() });
    });
  }

  #settleAll(failure: ZerobusError | undefined): void {
    this.#accepting = false;
    const error = failure ?? closedError();
    this.#opening?.reject(error);
    this.#opening = undefined;
    this.#intake.rejectAll(error);
    this.#finish();
    const { onError } = this.#options.listeners;
    if (failure === undefined || onError === undefined) return;
    const { headOffset, nextOffset } = this.#window;
    for (let offset = headOffset; offset < nextOffset; offset++) {
      this.#callBack(() => onError(BigInt(offset), failure));
    }
  }

  #callBack(callback: () => void): void {
    try {
      callback();
    } catch {
      this.#callbackErrors++;
    }
  }

  #endError(): ZerobusError {
    return this.#state.kind === "failed" ? this.#state.error : closedError();
  }
}
