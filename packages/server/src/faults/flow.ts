// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";

export interface FlowOptions {
  readonly clock: Clock;
  /** Milliseconds that the next chunk is to be late; `undefined` for none. */
  readonly nextDelayMs: (() => number) | undefined;
  readonly bytesPerSecond: number | undefined;
}

interface DelayedChunk {
  readonly chunk: Buffer;
  readonly dueMs: number;
}

/** What may wait for its time before nothing more is read. */
const MAX_DELAYED_BYTES = 1024 * 1024;

/**
 * Carries bytes from one socket to another, one way: late, slowly, or not at all. What it does not carry it does not read,
 * so that TCP holds the sender back and no byte is lost.
 */
export class Flow {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #options: FlowOptions;
  readonly #delayed: DelayedChunk[] = [];
  #delayedBytes = 0;
  #holdCount = 0;
  #isTargetFull = false;
  /** Until then what was sent has used up the bandwidth. */
  #pacedUntilMs = 0;
  #hasSourceEnded = false;
  #cancelTimer: (() => void) | undefined;

  constructor(source: Socket, target: Socket, options: FlowOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    source.on("data", (chunk: Buffer) => this.#onData(chunk));
    source.once("end", () => {
      this.#hasSourceEnded = true;
      this.#move();
    });
    target.on("drain", () => {
      this.#isTargetFull = false;
      this.#move();
    });
    this.#regulate();
  }

  /** Carries nothing until as many calls of {@link Flow.release}. */
  hold(): void {
    this.#holdCount += 1;
    this.#regulate();
  }

  release(): void {
    this.#holdCount -= 1;
    this.#move();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#delayed.length = 0;
  }

  #onData(chunk: Buffer): void {
    const { clock, nextDelayMs } = this.#options;
    const earliestMs = this.#delayed.at(-1)?.dueMs ?? 0;
    const delayMs = nextDelayMs?.() ?? 0;
    this.#delayed.push({ chunk, dueMs: Math.max(clock.now() + delayMs, earliestMs) });
    this.#delayedBytes += chunk.length;
    this.#move();
  }

  /** Sends what is due. */
  #move(): void {
    const nowMs = this.#options.clock.now();
    while (this.#canSend(nowMs) && (this.#delayed[0]?.dueMs ?? Infinity) <= nowMs) {
      const { chunk } = this.#delayed.shift() as DelayedChunk;
      this.#delayedBytes -= chunk.length;
      this.#send(chunk, nowMs);
    }
    if (this.#hasSourceEnded && this.#delayed.length === 0 && this.#holdCount === 0) {
      this.#target.end();
    }
    this.#regulate();
    this.#wakeLater(nowMs);
  }

  #canSend(nowMs: number): boolean {
    return this.#holdCount === 0 && !this.#isTargetFull && nowMs >= this.#pacedUntilMs;
  }

  #send(chunk: Buffer, nowMs: number): void {
    const { bytesPerSecond } = this.#options;
    if (bytesPerSecond !== undefined) {
      this.#pacedUntilMs = nowMs + (chunk.length / bytesPerSecond) * 1_000;
    }
    this.#isTargetFull = !this.#target.write(chunk);
  }

  /** Reads on or not. */
  #regulate(): void {
    const isFull =
      this.#holdCount > 0 ||
      this.#isTargetFull ||
      this.#delayedBytes > this.#maxDelayedBytes ||
      this.#source.destroyed;
    if (isFull) this.#source.pause();
    else this.#source.resume();
  }

  /** With a bandwidth alone one chunk waits at a time. */
  get #maxDelayedBytes(): number {
    return this.#options.nextDelayMs === undefined ? 0 : MAX_DELAYED_BYTES;
  }

  #wakeLater(nowMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const [first] = this.#delayed;
    if (first === undefined || this.#holdCount > 0 || this.#isTargetFull) return;
    const wakeMs = Math.max(first.dueMs, this.#pacedUntilMs);
    this.#cancelTimer = this.#options.clock.schedule(
      () => {
        this.#cancelTimer = undefined;
        this.#move();
      },
      Math.ceil(wakeMs - nowMs),
    );
  }
}
