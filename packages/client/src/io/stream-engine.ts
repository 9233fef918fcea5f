// SPDX-License-Identifier: Apache-2.0
import { encodeCreateStreamFrame, RECORD_TYPE } from "@sluice/protocol";
import type { Timer } from "../core/clock.ts";
import { InflightLimit } from "../core/inflight-limit.ts";
import { RecordWindow } from "../core/record-window.ts";
import type { Submission } from "../core/room-queue.ts";
import { streamPolicy } from "../core/settings.ts";
import type { StreamEffect, StreamEvent, StreamPolicy, StreamState } from "../core/stream-state.ts";
import { transition } from "../core/stream-transitions.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import { nameOf } from "./dial.ts";
import { RecordIntake } from "./record-intake.ts";
import { RecordSender } from "./record-sender.ts";
import type { PooledSession, SessionUser } from "./session-pool.ts";
import { StreamCall } from "./stream-call.ts";
import type { StreamEngineOptions, StreamStatistics } from "./stream-engine-options.ts";

interface Attempt extends SessionUser {
  dropped: boolean;
  /** Undefined until the credentials have given them. */
  headers: readonly (readonly [string, string])[] | undefined;
  /** A connection was asked for. */
  calling: boolean;
  session: PooledSession | undefined;
  call: StreamCall | undefined;
  /** Undefined until the server has accepted the stream. */
  streamId: string | undefined;
}

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
  readonly #mailbox: StreamEvent[] = [];
  #state: StreamState = { kind: "idle" };
  #dispatching = false;
  #attempt: Attempt | undefined;
  /** The attempt begun beside the current one, which it will replace. */
  #next: Attempt | undefined;
  #timer: Timer | undefined;
  /** The wait is for an endpoint that takes no connection. */
  #unreachable = false;
  #unwatch: (() => void) | undefined;
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
        if (this.#unreachable) this.#watchEndpoint();
        this.#sender.write();
      },
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
    if (from.kind === "backingOff" && next.state.kind !== "backingOff") this.#unwatchEndpoint();
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
        return this.#authenticate();
      case "openCall":
        return this.#openCall();
      case "openNext":
        return this.#openNext();
      case "startSending":
        return this.#startSending();
      case "stopSending":
        return this.#sender.pause();
      case "halfClose":
        return this.#attempt?.call?.halfClose();
      case "dropCall":
        return this.#dropCall();
      case "abandonConnection":
        return this.#attempt?.session?.abandon();
      case "invalidateCredentials":
        return this.#options.credentials.invalidate();
      case "startTimer":
        return this.#startTimer(effect.delayMs);
      case "startBackoff": {
        const { backoff, random } = this.#options;
        this.#dropNext();
        this.#awaitEndpoint();
        return this.#startTimer(backoff.delayMs(effect.attempt, effect.youngDeaths, random()));
      }
      case "stopTimer":
        this.#timer?.cancel();
        this.#timer = undefined;
        return;
      case "finish":
        this.#dropNext();
        return this.#settleAll(effect.error);
    }
  }

  #authenticate(): void {
    const attempt = this.#next ?? this.#beginAttempt();
    this.#next = undefined;
    this.#attempt = attempt;
    // Without a call there is more room than with one.
    this.#intake.admit();
    if (attempt.headers !== undefined) this.#dispatch({ kind: "authenticated" });
  }

  #openNext(): void {
    this.#next ??= this.#beginAttempt();
  }

  #dropNext(): void {
    const next = this.#next;
    if (next === undefined) return;
    this.#next = undefined;
    next.dropped = true;
    next.call?.drop();
  }

  #beginAttempt(): Attempt {
    const attempt: Attempt = {
      dropped: false,
      headers: undefined,
      calling: false,
      session: undefined,
      call: undefined,
      streamId: undefined,
      awaitsAnswer: () =>
        attempt.streamId === undefined || (attempt === this.#attempt && this.#sender.unsettled),
    };
    this.#options.credentials.headers().then(
      (headers) => {
        if (attempt.dropped) return;
        attempt.headers = headers;
        if (attempt === this.#attempt) this.#dispatch({ kind: "authenticated" });
        else this.#connect(attempt, headers);
      },
      (error: unknown) => this.#attemptEnded(attempt, toZerobusError(error)),
    );
    return attempt;
  }

  #attemptEnded(attempt: Attempt, error: ZerobusError): void {
    if (attempt.dropped) return;
    if (attempt === this.#attempt) this.#callEnded(error);
    else if (attempt === this.#next) this.#dropNext();
  }

  #openCall(): void {
    const attempt = this.#attempt as Attempt;
    if (!attempt.calling) this.#connect(attempt, attempt.headers ?? []);
    else if (attempt.streamId !== undefined) this.#opened(attempt.streamId);
  }

  #opened(streamId: string): void {
    this.#dispatch({ kind: "opened", streamId, atMs: this.#options.clock.nowMs() });
  }

  #connect(attempt: Attempt, headers: readonly (readonly [string, string])[]): void {
    attempt.calling = true;
    this.#options.sessions.acquire(attempt).then(
      (session) => {
        if (attempt.dropped) session.release(attempt);
        else this.#makeCall(attempt, session, headers);
      },
      (error: unknown) => this.#attemptEnded(attempt, toZerobusError(error)),
    );
  }

  #makeCall(
    attempt: Attempt,
    session: PooledSession,
    headers: readonly (readonly [string, string])[],
  ): void {
    const { settings, tableName, descriptorProto } = this.#options;
    const isProto = settings.format === "proto";
    attempt.session = session;
    try {
      attempt.call = new StreamCall({
        authority: this.#options.endpoint.authority,
        session,
        user: attempt,
        headers: withUserAgent(headers, this.#options.userAgent),
        createFrame: encodeCreateStreamFrame({
          tableName,
          recordType: isProto ? RECORD_TYPE.PROTO : RECORD_TYPE.JSON,
          descriptorProto: isProto ? descriptorProto : undefined,
        }),
        listener: {
          opened: (streamId) => {
            attempt.streamId = streamId;
            if (attempt === this.#attempt) this.#opened(streamId);
          },
          acknowledged: (wireOffset) => {
            if (attempt === this.#attempt) this.#acknowledged(wireOffset);
            else this.#dropNext();
          },
          closeSignalled: (durationMs) => {
            if (attempt !== this.#attempt) {
              this.#dropNext();
              return;
            }
            const { unsettled } = this.#sender;
            const atMs = this.#sender.heard();
            this.#dispatch({ kind: "closeSignalled", durationMs, unsettled, atMs });
          },
          ended: (error) => this.#attemptEnded(attempt, error),
        },
      });
    } catch (cause) {
      session.release(attempt);
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `Cannot start a call: ${reason}`;
      this.#attemptEnded(attempt, new ZerobusError("unavailable", text, { cause }));
    }
  }

  #startSending(): void {
    this.#openedCount++;
    this.#opening?.resolve();
    this.#opening = undefined;
    this.#sender.begin(this.#attempt?.call);
  }

  #dropCall(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt !== undefined) attempt.dropped = true;
    attempt?.call?.drop();
    this.#sender.end();
  }

  /** Nothing is asked for the sake of a stream that has nothing to send. */
  #awaitEndpoint(): void {
    const { probe, endpoint } = this.#options;
    if (probe === undefined || this.#state.kind !== "backingOff") return;
    this.#unreachable = this.#state.error.details.unreachable === nameOf(endpoint);
    const isWanted = this.#window.unackedCount > 0 || this.#intake.waitingCount > 0;
    if (this.#unreachable && isWanted) this.#watchEndpoint();
  }

  #watchEndpoint(): void {
    this.#unwatch ??= this.#options.probe?.watch(() => this.#dispatch({ kind: "reachable" }));
  }

  #unwatchEndpoint(): void {
    this.#unreachable = false;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #startTimer(delayMs: number): void {
    this.#timer?.cancel();
    const { clock } = this.#options;
    this.#timer = clock.startTimer(delayMs, () => {
      this.#timer = undefined;
      const error = new ZerobusError("deadline_exceeded", "Stream creation timed out");
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

/** A user agent of the application's own stands in front of ours, as the official client does it. */
function withUserAgent(
  headers: readonly (readonly [string, string])[],
  userAgent: string,
): readonly (readonly [string, string])[] {
  const own = headers.find(([name]) => name === "user-agent");
  if (own === undefined) return [...headers, ["user-agent", userAgent]];
  return headers.map((header) => (header === own ? [own[0], `${own[1]} ${userAgent}`] : header));
}
