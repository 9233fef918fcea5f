// SPDX-License-Identifier: Apache-2.0
import { encodeCloseStreamSignalFrame, GRPC_STATUS, type GrpcStatusName } from "@sluice/protocol";
import type { Clock } from "../clock.ts";
import type { Call, CallHandler } from "../grpc/grpc-call.ts";
import { AckGate } from "./ack-gate.ts";

export interface FaultyCallOptions {
  readonly clock: Clock;
  readonly nextAckDelayMs: () => number;
  readonly offsetsPerSecond: number | undefined;
  /** Asked for each new ack: whether the stream is to end in its place. */
  readonly losesAck: () => boolean;
  /** The status to refuse the stream with; asked once, at its start. */
  readonly refusal: () => GrpcStatusName | undefined;
  readonly onGone: (call: FaultyCall) => void;
}

/** Stands between a session and its call, and does to the client what it is told to. The session knows nothing of it. */
export class FaultyCall implements Call {
  readonly #inner: Call;
  readonly #options: FaultyCallOptions;
  readonly #acks: AckGate;
  #isOpen = false;
  #isCut = false;
  #losesNextAck = false;
  #cancelRotation: (() => void) | undefined;
  /** How the session ended the call while acks were still made to wait. */
  #end: (() => void) | undefined;

  constructor(inner: Call, options: FaultyCallOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#acks = new AckGate({
      clock: options.clock,
      nextDelayMs: options.nextAckDelayMs,
      offsetsPerSecond: options.offsetsPerSecond,
      send: (offset) => inner.sendAck(offset),
      onIdle: () => this.#end?.(),
    });
  }

  /** Whether the stream was accepted and has not ended. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isCut;
  }

  start(handler: CallHandler): void {
    this.#inner.start({
      onData: (chunk) => handler.onData(chunk),
      onHalfClose: () => handler.onHalfClose(),
      onGone: () => {
        this.#stop();
        this.#options.onGone(this);
        handler.onGone();
      },
    });
    const status = this.#options.refusal();
    if (status !== undefined) this.cut(status, "the stream is refused on purpose");
  }

  send(frame: Uint8Array): void {
    this.#isOpen = true;
    this.#inner.send(frame);
  }

  sendAck(offset: number): void {
    if (this.#isCut) return;
    const isNew = offset > this.#acks.newest;
    if (isNew && (this.#losesNextAck || this.#options.losesAck())) {
      this.cut("UNAVAILABLE", "the stream is ended on purpose before the ack of what it sent");
      return;
    }
    this.#acks.offer(offset);
  }

  pause(): void {
    if (!this.#isCut) this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(...answer: Parameters<Call["end"]>): void {
    if (this.#isCut) return;
    this.#end = () => {
      this.#stop();
      this.#inner.end(...answer);
    };
    if (this.#acks.isIdle) this.#end();
  }

  /** Ends the stream now. */
  cut(status: GrpcStatusName, message: string): void {
    if (this.#isCut) return;
    this.#stop();
    this.#inner.end(GRPC_STATUS[status], `chaos: ${message}`);
  }

  /** Sends the close signal, and ends the stream if it is still there after the grace. */
  rotate(graceMs: number): void {
    if (!this.isOpen || this.#cancelRotation !== undefined) return;
    this.#inner.send(encodeCloseStreamSignalFrame(Math.round(graceMs)));
    this.#cancelRotation = this.#options.clock.schedule(
      () => this.cut("UNAVAILABLE", "the stream is ended on purpose after its close signal"),
      graceMs,
    );
  }

  loseNextAck(): void {
    this.#losesNextAck = true;
  }

  holdAcks(): void {
    this.#acks.hold();
  }

  releaseAcks(): void {
    this.#acks.release();
  }

  #stop(): void {
    this.#isCut = true;
    this.#acks.close();
    this.#cancelRotation?.();
  }
}
