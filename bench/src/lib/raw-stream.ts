// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import {
  encodeCreateStreamFrame,
  EPHEMERAL_STREAM_PATH,
  FrameScanner,
  RECORD_TYPE,
  readStreamResponse,
} from "@sluice/protocol";
import type { RecordFormat } from "./record-encoding.ts";

export interface RawStreamOptions {
  readonly table: string;
  readonly format: RecordFormat;
  readonly descriptor: Buffer;
  /** Called with each cumulative ack. */
  readonly onAck?: (upToOffset: number) => void;
}

const MAX_RESPONSE_BYTES = 1 << 16;

/** A connection for raw streams. */
export function connectRaw(endpoint: string): ClientHttp2Session {
  const session = connect(endpoint, { settings: { initialWindowSize: 1 << 20 } });
  session.setMaxListeners(0);
  return session;
}

/**
 * A stream of the protocol with nothing around it: the caller writes framed messages, acks come back as numbers. An
 * error is thrown where nobody catches it and ends the process, which its parent reports.
 */
export class RawStream {
  /** Highest acknowledged offset, -1 before the first ack. */
  acknowledgedOffset = -1;
  readonly #stream: ClientHttp2Stream;
  readonly #ended: Promise<void>;
  #wanted = Infinity;
  #onWanted: () => void = () => undefined;

  private constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.#ended = new Promise((resolve) => {
      stream.on("trailers", (trailers) => {
        if (trailers["grpc-status"] === "0") resolve();
        else throw new Error(`the stream was refused: ${String(trailers["grpc-message"])}`);
      });
    });
  }

  /** Opens a stream and resolves once the server has accepted it. */
  static async open(session: ClientHttp2Session, options: RawStreamOptions): Promise<RawStream> {
    const isProto = options.format === "proto";
    const stream = session.request({
      ":method": "POST",
      ":path": EPHEMERAL_STREAM_PATH,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const self = new RawStream(stream);
    const created = self.#read(options.onAck ?? (() => undefined));
    stream.write(
      encodeCreateStreamFrame({
        tableName: options.table,
        recordType: isProto ? RECORD_TYPE.PROTO : RECORD_TYPE.JSON,
        descriptorProto: isProto ? options.descriptor : undefined,
      }),
    );
    await created;
    return self;
  }

  /** Writes framed messages. @returns false when the caller should wait for {@link RawStream.drained}. */
  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  async drained(): Promise<void> {
    await new Promise((resolve) => this.#stream.once("drain", resolve));
  }

  /** Resolves once everything up to `offset` is acknowledged. One call at a time. */
  async acknowledged(offset: number): Promise<void> {
    if (this.acknowledgedOffset >= offset) return;
    await new Promise<void>((resolve) => {
      this.#wanted = offset;
      this.#onWanted = resolve;
    });
  }

  /** Half-closes and resolves once the server has ended the stream with status OK. */
  async close(): Promise<void> {
    this.#stream.end();
    await this.#ended;
  }

  async #read(onAck: (upToOffset: number) => void): Promise<void> {
    const scanner = new FrameScanner(MAX_RESPONSE_BYTES);
    await new Promise<void>((resolve) => {
      this.#stream.on("data", (chunk: Buffer) => {
        scanner.push(chunk);
        while (scanner.next() === "message") {
          const message = readStreamResponse(scanner.buffer, scanner.start, scanner.end);
          if (message?.kind === "createStreamResponse") resolve();
          if (message?.kind !== "ack") continue;
          this.#acknowledge(message.upToOffset ?? -1);
          onAck(this.acknowledgedOffset);
        }
      });
    });
  }

  #acknowledge(upToOffset: number): void {
    this.acknowledgedOffset = upToOffset;
    if (upToOffset < this.#wanted) return;
    this.#wanted = Infinity;
    this.#onWanted();
  }
}
