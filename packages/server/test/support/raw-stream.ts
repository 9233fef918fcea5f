// SPDX-License-Identifier: Apache-2.0
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import {
  batchRecordBytes,
  decodeGrpcMessage,
  encodeCreateStreamFrame,
  EPHEMERAL_STREAM_PATH,
  FrameScanner,
  readStreamResponse,
  type StreamResponse,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
  MAX_INGEST_HEADER_BYTES,
} from "@sluice/protocol";

export interface CallStatus {
  readonly code: number;
  readonly message: string;
}

export interface RawStreamOptions {
  readonly token?: string | undefined;
  readonly path?: string;
  readonly contentType?: string;
}

/** A gRPC call made of hand-made frames, to send what no client library would. */
export class RawStream {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  /** HTTP status of the response headers. */
  readonly headers: Promise<number>;
  /** Settles when the call is over; code -1 for a call that ended without a status. */
  readonly status: Promise<CallStatus>;
  readonly #messages: StreamResponse[] = [];
  readonly #waiting: ((message: StreamResponse | undefined) => void)[] = [];
  #isOver = false;

  constructor(endpoint: string, options: RawStreamOptions = {}, session?: ClientHttp2Session) {
    this.session = session ?? connect(endpoint);
    if (session === undefined) this.session.on("error", () => undefined);
    this.stream = this.session.request({
      ":method": "POST",
      ":path": options.path ?? EPHEMERAL_STREAM_PATH,
      "content-type": options.contentType ?? "application/grpc",
      te: "trailers",
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    });
    this.headers = new Promise((resolve) => {
      this.stream.once("response", (headers) => resolve(Number(headers[":status"])));
      this.stream.once("close", () => resolve(-1));
    });
    this.status = this.#watchStatus();
    this.#readMessages();
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  /** Sends `create_stream` and waits for the answer. */
  async create(tableName: string, recordType = 2, descriptorProto?: Uint8Array): Promise<string> {
    this.send(encodeCreateStreamFrame({ tableName, recordType, descriptorProto }));
    const answer = await this.next();
    if (answer?.kind !== "createStreamResponse" || answer.streamId === undefined) {
      throw new Error(`create_stream was not accepted: ${JSON.stringify(await this.status)}`);
    }
    return answer.streamId;
  }

  /** Sends one JSON record. */
  sendJson(offsetId: number, record: unknown): void {
    const text = typeof record === "string" ? record : JSON.stringify(record);
    this.send(recordFrame(offsetId, "json", Buffer.from(text)));
  }

  /** The next response; `undefined` when the call is over. */
  async next(): Promise<StreamResponse | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) return message;
    if (this.#isOver) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Waits until `offset` is acknowledged. Fails if acks go backwards or the call ends first. */
  async acked(offset: number): Promise<void> {
    let last = -1;
    for (;;) {
      const message = await this.next();
      if (message === undefined) {
        throw new Error(`ended before offset ${offset}: ${JSON.stringify(await this.status)}`);
      }
      if (message.kind !== "ack") continue;
      const upTo = message.upToOffset ?? -1;
      if (upTo < last) throw new Error(`ack went back from ${last} to ${upTo}`);
      last = upTo;
      if (upTo >= offset) return;
    }
  }

  /** Half-closes. */
  end(): void {
    this.stream.end();
  }

  /** Closes the connection. */
  close(): void {
    this.session.destroy();
  }

  #watchStatus(): Promise<CallStatus> {
    return new Promise((resolve) => {
      const read = (headers: IncomingHttpHeaders): void => {
        const code = headers["grpc-status"];
        const message = headers["grpc-message"];
        if (code === undefined) return;
        resolve({
          code: Number(code),
          message: decodeGrpcMessage(typeof message === "string" ? message : ""),
        });
      };
      this.stream.on("response", read);
      this.stream.on("trailers", read);
      this.stream.on("error", () => undefined);
      this.stream.on("close", () => {
        this.#isOver = true;
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
        resolve({ code: -1, message: "the call ended without a status" });
      });
    });
  }

  #readMessages(): void {
    const scanner = new FrameScanner(1024 * 1024);
    this.stream.on("data", (chunk: Buffer) => {
      scanner.push(chunk);
      while (scanner.next() === "message") {
        const message = readStreamResponse(scanner.buffer, scanner.start, scanner.end);
        if (message === undefined) throw new Error("the server sent a malformed message");
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#messages.push(message);
        else waiting(message);
      }
    });
  }
}

/** A framed `ingest_record_batch`. */
export function batchFrame(
  offsetId: number,
  format: "proto" | "json",
  records: readonly Uint8Array[],
): Uint8Array {
  const payloadBytes = records.reduce((sum, { length }) => sum + batchRecordBytes(length), 0);
  const frame = new Uint8Array(MAX_INGEST_HEADER_BYTES + payloadBytes);
  let at = writeBatchHeader(frame, 0, offsetId, format, payloadBytes);
  for (const record of records) {
    at = writeBatchRecordHeader(frame, at, record.length);
    frame.set(record, at);
    at += record.length;
  }
  return frame.subarray(0, at);
}

/** A framed `ingest_record`. */
export function recordFrame(
  offsetId: number,
  format: "proto" | "json",
  record: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(MAX_INGEST_HEADER_BYTES + record.length);
  const at = writeRecordHeader(frame, 0, offsetId, format, record.length);
  frame.set(record, at);
  return frame.subarray(0, at + record.length);
}
