// SPDX-License-Identifier: Apache-2.0
import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import {
  decodeGrpcMessage,
  EPHEMERAL_STREAM_PATH,
  FrameScanner,
  grpcStatusOfHttp,
  MAX_MESSAGE_BYTES,
  readStreamResponse,
  type StreamResponse,
} from "@sluice/protocol";
import { errorOfGrpcStatus, ZerobusError } from "../core/zerobus-error.ts";
import type { PooledSession, SessionUser } from "./session-pool.ts";

/** What a call reports. `ended` comes once, and nothing after it. */
export interface StreamCallListener {
  opened(streamId: string): void;
  acknowledged(upToWireOffset: number): void;
  closeSignalled(durationMs: number): void;
  ended(error: ZerobusError): void;
}

export interface StreamCallRequest {
  readonly authority: string;
  readonly session: PooledSession;
  readonly user: SessionUser;
  readonly headers: readonly (readonly [string, string])[];
  /** The framed `create_stream` message. */
  readonly createFrame: Uint8Array;
  readonly listener: StreamCallListener;
}

/** One `EphemeralStream` call. */
export class StreamCall {
  readonly #session: PooledSession;
  readonly #user: SessionUser;
  readonly #createFrame: Uint8Array;
  readonly #stream: ClientHttp2Stream;
  readonly #scanner: FrameScanner = new FrameScanner(MAX_MESSAGE_BYTES);
  #listener: StreamCallListener | undefined;
  #open = false;
  #httpStatus = 200;
  #trailers: IncomingHttpHeaders | undefined;
  #failure: Error | undefined;

  constructor(request: StreamCallRequest) {
    this.#session = request.session;
    this.#user = request.user;
    this.#createFrame = request.createFrame;
    this.#listener = request.listener;
    const headers: OutgoingHttpHeaders = {
      ":method": "POST",
      ":path": EPHEMERAL_STREAM_PATH,
      ":authority": request.authority,
      "content-type": "application/grpc",
      te: "trailers",
    };
    for (const [name, value] of request.headers) headers[name] = value;
    this.#stream = request.session.http2.request(headers, { endStream: false });
    this.#listen();
  }

  /** Whether the socket can take no more now is for the caller to count: `done` tells when a write has left. */
  write(bytes: Uint8Array, done: (succeeded: boolean) => void): void {
    this.#stream.write(bytes, (error) => done(error === null || error === undefined));
  }

  /** Ends the sending side behind what was written. */
  halfClose(): void {
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.end();
  }

  /** Ends the call without hearing its end. */
  drop(): void {
    this.#listener = undefined;
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.release(this.#user);
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on("response", (headers, flags) => {
      this.#session.heard();
      this.#httpStatus = headers[":status"] ?? 200;
      if (
        (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 ||
        headers["grpc-status"] !== undefined
      ) {
        this.#trailers = headers;
      } else if (this.#httpStatus === 200) {
        // Servers built on tonic or grpc-go answer with headers first; the stream may be created only after that.
        stream.write(this.#createFrame);
      } else {
        stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    stream.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("end", () => {
      if (this.#trailers !== undefined) this.#end();
      // A call whose sending side stays open would never be closed.
      if (!stream.writableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
    stream.on("error", (error) => {
      this.#failure ??= error;
    });
    stream.on("close", () => this.#end());
  }

  #read(chunk: Buffer): void {
    this.#session.heard();
    const scanner = this.#scanner;
    scanner.push(chunk);
    for (let event = scanner.next(); event !== "needMore"; event = scanner.next()) {
      if (this.#listener === undefined) return;
      if (event !== "message") {
        this.#refuse(`Unreadable response frame (${event})`);
        return;
      }
      const response = readStreamResponse(scanner.buffer, scanner.start, scanner.end);
      if (response === undefined) this.#refuse("Unreadable response message");
      else this.#receive(response);
    }
  }

  #receive(response: StreamResponse): void {
    if (!this.#open) {
      if (response.kind !== "createStreamResponse") {
        this.#refuse("The first response is not a create_stream_response");
      } else if (response.streamId === undefined || response.streamId === "") {
        this.#refuse("Missing stream_id in the create_stream_response");
      } else {
        this.#open = true;
        this.#listener?.opened(response.streamId);
      }
      return;
    }
    switch (response.kind) {
      case "ack":
        if (response.upToOffset === undefined) this.#refuse("Missing ack offset");
        else this.#listener?.acknowledged(response.upToOffset);
        return;
      case "closeStreamSignal":
        this.#listener?.closeSignalled(response.durationMs);
        return;
      case "createStreamResponse":
      case "empty":
        this.#refuse(`Unexpected response from server (${response.kind})`);
    }
  }

  /** The server broke the contract. */
  #refuse(message: string): void {
    this.#finish(new ZerobusError("internal", message, { effect: "unknown" }));
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #end(): void {
    this.#finish(this.#outcome());
  }

  #finish(error: ZerobusError): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    this.#session.release(this.#user);
    listener.ended(error);
  }

  #outcome(): ZerobusError {
    const trailers = this.#trailers;
    const status = trailers?.["grpc-status"];
    if (trailers !== undefined && status !== undefined) {
      const message = decodeGrpcMessage(String(trailers["grpc-message"] ?? ""));
      const details = trailers["grpc-status-details-bin"];
      return errorOfGrpcStatus(
        Number(status),
        message,
        details === undefined ? undefined : Buffer.from(String(details), "base64"),
      );
    }
    if (this.#httpStatus !== 200) {
      return errorOfGrpcStatus(
        grpcStatusOfHttp(this.#httpStatus),
        `HTTP status ${this.#httpStatus} without a gRPC status`,
      );
    }
    const cause = this.#failure;
    if (cause instanceof ZerobusError) return cause;
    const reason = cause?.message ?? `the server reset it (HTTP/2 code ${this.#stream.rstCode})`;
    return new ZerobusError("unavailable", `The stream was lost: ${reason}`, {
      effect: "unknown",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
