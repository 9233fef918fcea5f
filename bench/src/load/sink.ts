// SPDX-License-Identifier: Apache-2.0
/**
 * Servers that keep nothing: `tcp` counts bytes, `http2` also finds the messages of each stream, counts them and
 * acknowledges them. The settings are those of the real server.
 */
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  encodeAckFrame,
  encodeCreateStreamResponseFrame,
  FrameScanner,
  MAX_MESSAGE_BYTES,
} from "@sluice/protocol";
import { answer, jobOfProcess } from "../lib/child.ts";

export interface SinkJob {
  readonly kind: "tcp" | "http2";
}

export interface SinkReady {
  readonly port: number;
}

const STREAM_WINDOW_BYTES = 2 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
const MAX_FRAME_BYTES = 1024 * 1024;

const job = jobOfProcess<SinkJob>();
const server = job.kind === "tcp" ? createTcpSink() : createHttp2Sink();
server.listen({ host: "127.0.0.1", port: 0 }, () => {
  answer({ port: (server.address() as AddressInfo).port } satisfies SinkReady);
});
process.once("disconnect", () => process.exit(0));

/** Answers the end of each connection with the number of bytes that came, as text. */
function createTcpSink(): ReturnType<typeof createServer> {
  return createServer({ allowHalfOpen: true }, (socket: Socket) => {
    let byteCount = 0;
    socket.on("data", (chunk) => {
      byteCount += chunk.length;
    });
    socket.once("end", () => socket.end(String(byteCount)));
  });
}

function createHttp2Sink(): ReturnType<typeof createHttp2Server> {
  const sink = createHttp2Server({
    settings: { initialWindowSize: STREAM_WINDOW_BYTES, maxFrameSize: MAX_FRAME_BYTES },
  });
  sink.on("session", (session) => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
  sink.on("stream", countMessages);
  return sink;
}

function countMessages(stream: ServerHttp2Stream): void {
  const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  let messageCount = 0;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.on("end", () => stream.end());
  stream.on("data", (chunk: Buffer) => {
    const before = messageCount;
    scanner.push(chunk);
    while (scanner.next() === "message") messageCount++;
    if (messageCount === before) return;
    if (before === 0) stream.write(encodeCreateStreamResponseFrame("sink"));
    // The first message is the one that creates the stream.
    if (messageCount >= 2) stream.write(encodeAckFrame(messageCount - 2));
  });
}
