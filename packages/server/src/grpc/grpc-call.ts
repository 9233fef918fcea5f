// SPDX-License-Identifier: Apache-2.0
import { constants, type ServerHttp2Stream } from "node:http2";
import { encodeAckFrame, encodeGrpcMessage, type GrpcStatusCode } from "@sluice/protocol";

/** One gRPC call, as the owner uses it who has been given it. */
export interface Call {
  /** Begins to deliver events. */
  start(handler: CallHandler): void;
  /** Sends one framed message. */
  send(frame: Uint8Array): void;
  /** Sends a cumulative ack. */
  sendAck(offset: number): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Ends the call with a status; later calls have no effect. */
  end(status: GrpcStatusCode, message: string): void;
}

/** What a call tells its owner. After `onGone` nothing more comes. */
export interface CallHandler {
  onData(chunk: Buffer): void;
  /** The client has finished sending. */
  onHalfClose(): void;
  /** The stream is over: ended by us, reset by the client, or its connection is lost. Called once. */
  onGone(): void;
}

/** Error messages in trailers are cut, so that response metadata stays far below the 16 KiB that clients accept. */
const MAX_MESSAGE_LENGTH = 2_048;

/** How long a client may go on sending after its call has been answered. */
const STOP_SENDING_DELAY_MS = 1_000;

/** One gRPC call on an HTTP/2 stream of the server: headers, messages, trailers, back-pressure. */
export class GrpcCall implements Call {
  readonly #stream: ServerHttp2Stream;
  #ended = false;
  #gone = false;
  /** The ack that waits for the client to read what was sent before; only the highest counts. */
  #heldAck: number | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** Whether status trailers were sent or the stream is lost. */
  get finished(): boolean {
    return this.#ended || this.#gone;
  }

  /**
   * Sends the response headers and starts to deliver events. Headers go out before anything is read: the official
   * client sends its first message only after them.
   */
  start(handler: CallHandler): void {
    const stream = this.#stream;
    const onGone = (): void => {
      if (this.#gone) return;
      this.#gone = true;
      handler.onGone();
    };
    stream.on("close", onGone);
    stream.on("error", () => stream.destroy());
    stream.on("data", (chunk: Buffer) => {
      if (!this.#ended) handler.onData(chunk);
    });
    stream.on("end", () => {
      // A reset also ends the readable side; `aborted` tells it from a half-close.
      if (!this.#ended && !stream.aborted) handler.onHalfClose();
    });
    stream.on("drain", () => {
      const offset = this.#heldAck;
      if (offset === undefined) return;
      this.#heldAck = undefined;
      this.sendAck(offset);
    });
    if (stream.destroyed || stream.closed) {
      onGone();
      return;
    }
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
  }

  /** Sends one framed message. */
  send(frame: Uint8Array): void {
    if (this.finished || this.#stream.destroyed) return;
    this.#stream.write(frame);
  }

  /** Sends a cumulative ack. While the client does not read, acks are folded into one. */
  sendAck(offset: number): void {
    if (this.finished || this.#stream.destroyed) return;
    if (this.#stream.writableNeedDrain) this.#heldAck = offset;
    else this.#stream.write(encodeAckFrame(offset));
  }

  /** Stops reading; the client is held back by HTTP/2 flow control. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Ends the call with a status. What the client still sends is read and dropped. */
  end(status: GrpcStatusCode, message: string): void {
    if (this.finished) return;
    const stream = this.#stream;
    if (this.#heldAck !== undefined) stream.write(encodeAckFrame(this.#heldAck));
    this.#ended = true;
    if (stream.destroyed) return;
    stream.once("wantTrailers", () => {
      stream.sendTrailers({
        "grpc-status": String(status),
        ...(message === ""
          ? {}
          : { "grpc-message": encodeGrpcMessage(message.slice(0, MAX_MESSAGE_LENGTH)) }),
      });
      this.#askToStopSending();
    });
    stream.end();
    stream.resume();
  }

  /**
   * RFC 9113, section 8.1: a server that has answered completely may tell the client to stop sending. Not at once: a reset
   * that is queued behind trailers which are not on the wire yet takes their place.
   */
  #askToStopSending(): void {
    const stream = this.#stream;
    if (stream.readableEnded) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), STOP_SENDING_DELAY_MS);
    timer.unref();
    stream.once("close", () => clearTimeout(timer));
  }

  /** Answers with a status alone, before anything was sent ("trailers-only"). */
  static reject(stream: ServerHttp2Stream, status: GrpcStatusCode, message: string): void {
    stream.on("error", () => stream.destroy());
    if (stream.destroyed || stream.closed) return;
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": String(status),
        "grpc-message": encodeGrpcMessage(message.slice(0, MAX_MESSAGE_LENGTH)),
      },
      { endStream: true },
    );
    stream.resume();
  }
}
