// SPDX-License-Identifier: Apache-2.0
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import {
  BatchReader,
  type CreateStreamRequest,
  encodeAckFrame,
  encodeCloseStreamSignalFrame,
  encodeCreateStreamResponseFrame,
  encodeGrpcMessage,
  FrameScanner,
  GRPC_STATUS,
  type GrpcStatusName,
  IngestReader,
  MAX_MESSAGE_BYTES,
  readCreateStream,
} from "@sluice/protocol";
import { Signal } from "../gate.ts";

/** One ingest message as the server got it. */
export interface ReceivedMessage {
  readonly offsetId: number;
  readonly kind: "record" | "batch";
  readonly format: string | undefined;
  /** Copies of the records; one for a single record. */
  readonly records: readonly Buffer[];
}

/** One `EphemeralStream` call on the server's side, steered by a test. */
export class ScriptedStream {
  /** Calls before this one on the same server. */
  readonly index: number;
  readonly headers: IncomingHttpHeaders;
  readonly remotePort: number;
  readonly messages: ReceivedMessage[] = [];
  createRequest: CreateStreamRequest | undefined;
  /** The client ended its side. */
  halfClosed = false;
  /** The call is over, whoever ended it. */
  closed = false;
  /** HTTP/2 code the call ended with. */
  resetCode: number | undefined;

  readonly #stream: ServerHttp2Stream;
  readonly #signal = new Signal();
  readonly #scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  readonly #reader = new IngestReader();
  #onMessage: ((message: ReceivedMessage) => void) | undefined;

  constructor(index: number, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.index = index;
    this.headers = headers;
    this.#stream = stream;
    this.remotePort = stream.session?.socket.remotePort ?? 0;
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("end", () => {
      this.halfClosed = true;
      this.#signal.notify();
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      this.closed = true;
      this.resetCode = stream.rstCode;
      this.#signal.notify();
    });
  }

  /** Sends response headers, waits for `create_stream`, accepts the stream. */
  async accept(streamId?: string): Promise<void> {
    this.respond();
    await this.created();
    this.send(encodeCreateStreamResponseFrame(streamId ?? `test-stream-${this.index}`));
  }

  /** Sends response headers. */
  respond(): void {
    if (this.#stream.headersSent || this.#stream.destroyed) return;
    this.#stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
  }

  /** Waits for `create_stream`. */
  created(): Promise<void> {
    return this.#signal.until(() => this.createRequest !== undefined || this.closed);
  }

  /** Waits until so many ingest messages have arrived in all. */
  received(messageCount: number): Promise<void> {
    return this.#signal.until(() => this.messages.length >= messageCount || this.closed);
  }

  untilHalfClosed(): Promise<void> {
    return this.#signal.until(() => this.halfClosed || this.closed);
  }

  untilClosed(): Promise<void> {
    return this.#signal.until(() => this.closed);
  }

  /** Calls back for each ingest message from now on. */
  onMessage(callback: (message: ReceivedMessage) => void): void {
    this.#onMessage = callback;
  }

  /** Acknowledges every message as it arrives, and ends the call when the client half-closes. */
  async serve(): Promise<void> {
    const last = this.messages.at(-1);
    if (last !== undefined) this.ack(last.offsetId);
    this.onMessage((message) => this.ack(message.offsetId));
    await this.untilHalfClosed();
    this.end();
  }

  ack(offset: number): void {
    this.send(encodeAckFrame(offset));
  }

  signalClose(durationMs: number): void {
    this.send(encodeCloseStreamSignalFrame(durationMs));
  }

  /** Sends raw framed bytes. */
  send(frame: Uint8Array): void {
    if (!this.#stream.destroyed && !this.#stream.writableEnded) this.#stream.write(frame);
  }

  /** Ends the call with a status; before any response headers as a trailers-only response. */
  end(status: GrpcStatusName = "OK", message = ""): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    const trailers = {
      "grpc-status": String(GRPC_STATUS[status]),
      ...(message === "" ? {} : { "grpc-message": encodeGrpcMessage(message) }),
    };
    if (!stream.headersSent) {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", ...trailers },
        { endStream: true },
      );
      return;
    }
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end();
  }

  /** Answers as a server that does not speak gRPC. */
  endWithHttpStatus(httpStatus: number): void {
    this.#stream.respond({ ":status": httpStatus }, { endStream: true });
  }

  /** Resets the call. */
  reset(code: number = constants.NGHTTP2_INTERNAL_ERROR): void {
    this.#stream.close(code);
  }

  /** Cuts the connection under the call. */
  disconnect(): void {
    this.#stream.session?.destroy();
  }

  /** Announces that the connection takes no new calls. */
  goAway(): void {
    this.#stream.session?.goaway();
  }

  #read(chunk: Buffer): void {
    this.#scanner.push(chunk);
    for (let event = this.#scanner.next(); event !== "needMore"; event = this.#scanner.next()) {
      if (event !== "message") {
        this.end("INTERNAL", `unreadable frame: ${event}`);
        return;
      }
      this.#take();
    }
    this.#signal.notify();
  }

  #take(): void {
    const reader = this.#reader;
    if (!reader.read(this.#scanner.buffer, this.#scanner.start, this.#scanner.end)) {
      this.end("INVALID_ARGUMENT", "malformed request");
      return;
    }
    const { kind, buffer, start, end } = reader;
    if (kind === "createStream") {
      const request = readCreateStream(Buffer.from(buffer.subarray(start, end)), 0, end - start);
      this.createRequest = request;
      return;
    }
    if (kind === "empty") return;
    if (reader.offsetId !== this.messages.length) {
      this.end(
        "INVALID_ARGUMENT",
        `Non-incremental offset: expected ${this.messages.length}, actual ${reader.offsetId}`,
      );
      return;
    }
    const message: ReceivedMessage = {
      offsetId: reader.offsetId,
      kind,
      format: reader.format,
      records:
        kind === "record"
          ? [Buffer.from(buffer.subarray(start, end))]
          : batchRecords(buffer, start, end),
    };
    this.messages.push(message);
    this.#onMessage?.(message);
  }
}

function batchRecords(buffer: Uint8Array, start: number, end: number): Buffer[] {
  const reader = new BatchReader();
  reader.reset(buffer, start, end);
  const records: Buffer[] = [];
  while (reader.next() === "record") {
    records.push(Buffer.from(buffer.subarray(reader.start, reader.end)));
  }
  return records;
}
