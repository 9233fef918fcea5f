// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { InflightLimit } from "../core/inflight-limit.ts";
import { OffsetWaiters } from "../core/offset-waiters.ts";
import type { RecordWindow } from "../core/record-window.ts";
import { RoomQueue, type Submission } from "../core/room-queue.ts";
import type { StreamSettings } from "../core/settings.ts";
import { ZerobusError } from "../core/zerobus-error.ts";

/**
 * Bytes taken before callers are made to wait for the next turn of the event loop. A loop that awaits each call would
 * otherwise run on microtasks alone and keep sockets and timers from their turn.
 */
const TURN_BYTES = 131_072;

/** What {@link RecordIntake.trySubmit} returns when the call has to wait. */
export const NO_ROOM = -1;

export interface RecordIntakeOptions {
  readonly window: RecordWindow;
  readonly limit: InflightLimit;
  readonly settings: StreamSettings;
  readonly clock: Clock;
  /** Called when those who hand records over have nothing more at the moment. */
  readonly onTaken: () => void;
  /** Called when there may be room again, after those who waited here. */
  readonly onRoom: (() => void) | undefined;
}

/** Lets submissions into the window, and owns the promises of those who wait: for room, for acknowledgements. */
export class RecordIntake {
  readonly #options: RecordIntakeOptions;
  readonly #window: RecordWindow;
  readonly #room = new RoomQueue();
  readonly #waiters = new OffsetWaiters();
  #waitTimer: Timer | undefined;
  #flushScheduled = false;
  #turnBytes = 0;
  #turn: Promise<void> | undefined;
  #endTurn: (() => void) | undefined;
  readonly #hasRoom = (): boolean => {
    const { limit, settings } = this.#options;
    if (this.#window.unackedCount >= settings.maxInflightRequests) return false;
    if (this.#window.unackedBytes < limit.bytes) return true;
    limit.heldBack();
    return false;
  };
  readonly #take = (submission: Submission): number => this.#append(submission);

  constructor(options: RecordIntakeOptions) {
    this.#options = options;
    this.#window = options.window;
  }

  /** Calls that wait for room. */
  get waitingCount(): number {
    return this.#room.count;
  }

  /** Promises handed out and not settled. */
  get pendingCount(): number {
    return this.#room.count + this.#waiters.count + (this.#turn === undefined ? 0 : 1);
  }

  /** A promise to wait for before going on, when this turn of the event loop has had its share. */
  get turn(): Promise<void> | undefined {
    if (this.#turnBytes < TURN_BYTES) return undefined;
    this.#turn ??= new Promise<void>((resolve) => {
      this.#endTurn = resolve;
      setImmediate(this.#onTurn);
    });
    return this.#turn;
  }

  /** Whether a submission would be taken now. */
  get hasRoom(): boolean {
    return this.#room.count === 0 && this.#hasRoom();
  }

  /** Takes a submission; returns its offset, or {@link NO_ROOM}. */
  trySubmit(submission: Submission): number {
    return this.hasRoom ? this.#append(submission) : NO_ROOM;
  }

  /** Takes a submission when there is room for it; keeps a reference until then. */
  submitWhenRoom(submission: Submission): Promise<number> {
    return this.#room.wait(submission);
  }

  /** Waits until everything up to `offset` is acknowledged, `flushTimeoutMs` at most. */
  waitFor(offset: number): Promise<void> {
    const { clock, settings } = this.#options;
    this.#waitTimer ??= this.#startWaitTimer(settings.flushTimeoutMs);
    return this.#waiters.wait(offset, clock.nowMs());
  }

  /** The window released what was acknowledged. */
  acknowledged(): void {
    this.#waiters.acknowledge(this.#window.headOffset);
    this.admit();
  }

  /** Takes what waits, as far as there is room. */
  admit(): void {
    this.#room.admit(this.#hasRoom, this.#take);
    this.#options.onRoom?.();
  }

  /** Refuses everybody who waits. */
  rejectAll(error: ZerobusError): void {
    this.#stopWaitTimer();
    this.#room.rejectAll(error);
    this.#waiters.rejectAll(error);
  }

  #append(submission: Submission): number {
    const window = this.#window;
    const before = window.unackedBytes;
    let offset: number;
    if (typeof submission === "string") offset = window.appendText(submission);
    else if (submission instanceof Uint8Array) offset = window.appendBytes(submission);
    else offset = window.appendBatch(submission);
    this.#turnBytes += window.unackedBytes - before;
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      // Runs when no microtask is left: behind all that is handed over one await after the other, and so early that
      // what answers an acknowledgement leaves with the packet that is being read.
      process.nextTick(this.#onTaken);
    }
    return offset;
  }

  readonly #onTaken = (): void => {
    this.#flushScheduled = false;
    this.#options.onTaken();
  };

  readonly #onTurn = (): void => {
    this.#turnBytes = 0;
    const endTurn = this.#endTurn;
    this.#turn = undefined;
    this.#endTurn = undefined;
    endTurn?.();
  };

  #startWaitTimer(delayMs: number): Timer {
    const { clock, settings } = this.#options;
    return clock.startTimer(delayMs, () => {
      this.#waitTimer = undefined;
      const nowMs = clock.nowMs();
      const text = `Not acknowledged within flushTimeoutMs (${settings.flushTimeoutMs} ms)`;
      const oldestMs = this.#waiters.expire(
        nowMs - settings.flushTimeoutMs,
        () => new ZerobusError("deadline_exceeded", text, { effect: "unknown" }),
      );
      if (oldestMs === undefined) return;
      const leftMs = Math.max(1, oldestMs + settings.flushTimeoutMs - nowMs);
      this.#waitTimer = this.#startWaitTimer(leftMs);
    });
  }

  #stopWaitTimer(): void {
    this.#waitTimer?.cancel();
    this.#waitTimer = undefined;
  }
}
