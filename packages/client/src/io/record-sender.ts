// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { InflightLimit } from "../core/inflight-limit.ts";
import type { Chunk } from "../core/chunk-pool.ts";
import type { SendPace } from "../core/rate-limiter.ts";
import type { RecordWindow } from "../core/record-window.ts";
import { SentLog } from "../core/sent-log.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { StreamCall } from "./stream-call.ts";

/** Bytes handed to HTTP/2 that have not left for the socket. */
const MAX_OUTSTANDING_BYTES = 1_048_576;

/** Less than this waits for the write before it to leave, so that many small writes become few. */
const WORTHWHILE_WRITE_BYTES = 65_536;

export interface RecordSenderOptions {
  readonly window: RecordWindow;
  readonly limit: InflightLimit;
  readonly pace: SendPace | undefined;
  readonly clock: Clock;
  /** Silence allowed while something is unacknowledged. */
  readonly lackOfAckTimeoutMs: number;
  /** Requests were handed to the socket, those that are sent again among them. */
  readonly onSent: ((recordCount: number, byteCount: number) => void) | undefined;
  /** The silence was too long. */
  readonly onSilence: (error: ZerobusError, atMs: number) => void;
}

/** Carries the window's frames to the call that is open, and its acknowledgements back. */
export class RecordSender {
  readonly #options: RecordSenderOptions;
  readonly #window: RecordWindow;
  readonly #sentLog = new SentLog();
  #call: StreamCall | undefined;
  #sending = false;
  #outstandingBytes = 0;
  #lastWireAck = -1;
  #heardAtMs = 0;
  #ackTimer: Timer | undefined;
  /** Until the pace has room. */
  #paceTimer: Timer | undefined;

  constructor(options: RecordSenderOptions) {
    this.#options = options;
    this.#window = options.window;
  }

  /** Whether anything sent in this call is unacknowledged. */
  get unsettled(): boolean {
    return this.#window.headOffset < this.#window.sentOffset;
  }

  /** Whether an acknowledgement moved forward in this call. */
  get progressed(): boolean {
    return this.#lastWireAck >= 0;
  }

  /** Begins to send over a call that was opened, from the oldest unacknowledged record. */
  begin(call: StreamCall | undefined): void {
    this.#call = call;
    this.#lastWireAck = -1;
    this.#outstandingBytes = 0;
    this.#sentLog.clear();
    this.#options.limit.begin();
    this.heard();
    this.#window.rewind();
    this.#sending = true;
    this.write();
  }

  /** Sends no more; acknowledgements of the call still count. */
  pause(): void {
    this.#sending = false;
    this.#paceTimer?.cancel();
    this.#paceTimer = undefined;
    this.#window.detach();
  }

  /** Leaves the call. */
  end(): void {
    this.pause();
    this.#call = undefined;
    this.#options.limit.end();
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
  }

  /** Notes a sign of life; returns the time. */
  heard(): number {
    this.#heardAtMs = this.#options.clock.nowMs();
    return this.#heardAtMs;
  }

  /** Hands over what is framed, as far as the socket keeps up and the pace lets it. */
  write(): void {
    const call = this.#call;
    if (!this.#sending || call === undefined || this.#paceTimer !== undefined) return;
    const window = this.#window;
    const sentBefore = window.sentOffset;
    let byteCount = 0;
    while (this.#outstandingBytes < MAX_OUTSTANDING_BYTES) {
      window.frame();
      if (this.#outstandingBytes > 0 && window.framedBytes < WORTHWHILE_WRITE_BYTES) break;
      const chunk = window.nextToWrite();
      if (chunk === undefined) break;
      const nextOffset = this.#permitted(chunk);
      if (nextOffset === window.sentOffset) break;
      const bytes = window.writing(chunk, nextOffset);
      this.#outstandingBytes += bytes.length;
      byteCount += bytes.length;
      call.write(bytes, (succeeded) => {
        window.written(chunk, succeeded);
        if (this.#call !== call) return;
        this.#outstandingBytes -= bytes.length;
        this.write();
      });
    }
    if (window.sentOffset === sentBefore) return;
    const { onSent, pace, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (onSent !== undefined || pace !== undefined) {
      const recordCount = window.recordsBetween(sentBefore, window.sentOffset);
      onSent?.(recordCount, byteCount);
      pace?.sent(recordCount, byteCount, nowMs);
    }
    this.#sentLog.sent(window.sentOffset, nowMs);
    this.#options.limit.taken(window.nextOffset, nowMs);
    this.#ackTimer ??= this.#startAckTimer(this.#options.lackOfAckTimeoutMs);
  }

  /** How far the pace lets through what is framed in the chunk. */
  #permitted(chunk: Chunk): number {
    const { pace, clock } = this.#options;
    const window = this.#window;
    const nowMs = clock.nowMs();
    if (pace === undefined || pace.isOpen(nowMs)) return chunk.endOffset;
    for (let offset = window.sentOffset; offset < chunk.endOffset; offset++) {
      const recordCount = window.recordsBetween(offset, offset + 1);
      const waitMs = pace.tryTake(recordCount, window.payloadBytesAt(offset), nowMs);
      if (waitMs <= 0) continue;
      this.#paceTimer = clock.startTimer(waitMs, () => {
        this.#paceTimer = undefined;
        this.write();
      });
      return offset;
    }
    return chunk.endOffset;
  }

  /** Applies an acknowledgement; returns whether it moved forward, or why it cannot be right. */
  acknowledge(wireOffset: number): boolean | ZerobusError {
    const window = this.#window;
    const nextOffset = window.wireBase + wireOffset + 1;
    const nowMs = this.heard();
    if (wireOffset < this.#lastWireAck || nextOffset > window.sentOffset) {
      const sent = window.sentOffset - window.wireBase - 1;
      return new ZerobusError(
        "internal",
        `The server acknowledged offset ${wireOffset}; it must be from ${this.#lastWireAck} (acknowledged before) to ${sent} (sent last)`,
        { effect: "unknown" },
      );
    }
    if (wireOffset === this.#lastWireAck) return false;
    this.#lastWireAck = wireOffset;
    window.acknowledge(nextOffset);
    this.#sentLog.acknowledge(nextOffset);
    this.#options.limit.acknowledged(nextOffset, nowMs);
    return true;
  }

  #startAckTimer(delayMs: number): Timer {
    const { clock, lackOfAckTimeoutMs, onSilence } = this.#options;
    return clock.startTimer(delayMs, () => {
      this.#ackTimer = undefined;
      const sentAtMs = this.#sentLog.oldestMs;
      if (sentAtMs === undefined) return;
      const nowMs = clock.nowMs();
      const dueMs = Math.max(sentAtMs, this.#heardAtMs) + lackOfAckTimeoutMs;
      if (nowMs < dueMs) {
        this.#ackTimer = this.#startAckTimer(dueMs - nowMs);
        return;
      }
      const text = `Server ack timeout: no word for ${lackOfAckTimeoutMs} ms`;
      onSilence(new ZerobusError("deadline_exceeded", text, { effect: "unknown" }), nowMs);
    });
  }
}
