// SPDX-License-Identifier: Apache-2.0
import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { ApiHandler } from "../api/api-types.ts";
import type { Clock } from "../clock.ts";
import { answerHttp2 } from "./api-adapters.ts";
import { Deadline, EXCHANGE_TIMEOUT_MS, IDLE_SESSION_TIMEOUT_MS } from "./deadline.ts";

/**
 * 64 KiB windows, HTTP/2's default, cost several times the throughput. At full load a window is full, and each record waits
 * for all that is in it: twice the window is twice the time to the ack.
 */
const STREAM_WINDOW_BYTES = 2 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
const MAX_FRAME_BYTES = 1024 * 1024;
const MAX_CONCURRENT_STREAMS = 100_000;

export interface Http2HandlerOptions {
  readonly clock: Clock;
  readonly api: ApiHandler;
  /** Gets each request that is a gRPC call, and bounds its time. */
  readonly onCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  readonly onSession: (session: ServerHttp2Session) => void;
}

/** Makes a function that speaks HTTP/2 on a connection. */
export function createHttp2Handler(options: Http2HandlerOptions): (socket: Socket) => void {
  const server = createServer({
    settings: {
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxFrameSize: MAX_FRAME_BYTES,
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      enablePush: false,
    },
  });
  server.on("stream", (stream, headers) => {
    const contentType = headers["content-type"] ?? "";
    const isCall = headers[":method"] === "POST" && contentType.startsWith("application/grpc");
    if (isCall) options.onCall(stream, headers);
    else answerRequest(stream, headers, options);
  });
  server.on("sessionError", () => undefined);
  return (socket) => {
    const onSession = (session: ServerHttp2Session): void => {
      session.setLocalWindowSize(SESSION_WINDOW_BYTES);
      session.on("error", () => session.destroy());
      endWhenIdle(session, socket, options.clock);
      options.onSession(session);
    };
    // The session is made, and given, while the event is emitted.
    server.once("session", onSession);
    server.emit("connection", socket);
    server.removeListener("session", onSession);
  };
}

/** Ends a connection whose preface and SETTINGS are late, or that has been without a stream for long. */
function endWhenIdle(session: ServerHttp2Session, socket: Socket, clock: Clock): void {
  let isReady = false;
  let streamCount = 0;
  const deadline = new Deadline(clock, () => {
    if (!isReady || session.closed) {
      socket.destroy();
      return;
    }
    // A client that takes notice of this closes its side.
    session.close();
    deadline.restart(EXCHANGE_TIMEOUT_MS);
  });
  deadline.restart(EXCHANGE_TIMEOUT_MS);
  session.once("remoteSettings", () => {
    isReady = true;
    deadline.restart(IDLE_SESSION_TIMEOUT_MS);
  });
  session.on("stream", (stream) => {
    streamCount += 1;
    deadline.stop();
    stream.once("close", () => {
      streamCount -= 1;
      if (streamCount === 0 && !socket.destroyed) deadline.restart(IDLE_SESSION_TIMEOUT_MS);
    });
  });
  socket.once("close", () => deadline.stop());
}

/** Answers a request of the API, which has as long for its body and for taking the answer as over HTTP/1.1. */
function answerRequest(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { api, clock }: Http2HandlerOptions,
): void {
  const deadline = new Deadline(clock, () => stream.close(constants.NGHTTP2_CANCEL));
  deadline.restart(EXCHANGE_TIMEOUT_MS);
  stream.once("end", () => {
    if (!stream.closed) deadline.restart(EXCHANGE_TIMEOUT_MS);
  });
  stream.once("close", () => deadline.stop());
  void answerHttp2(api, stream, headers);
}
