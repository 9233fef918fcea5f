// SPDX-License-Identifier: Apache-2.0

// A server that counts messages and acknowledges them, once per turn of the event loop. Prints its port.
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  encodeAckFrame,
  encodeCreateStreamResponseFrame,
  FrameScanner,
  MAX_MESSAGE_BYTES,
} from "@sluice/protocol";

const server = createServer({ settings: { initialWindowSize: 8_388_608 } });
server.on("session", (session) => session.setLocalWindowSize(16_777_216));
server.on("stream", (stream) => {
  const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  let created = false;
  let messageCount = 0;
  let ackScheduled = false;
  stream.on("error", () => undefined);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.on("data", (chunk: Buffer) => {
    scanner.push(chunk);
    while (scanner.next() === "message") {
      if (created) messageCount++;
      else stream.write(encodeCreateStreamResponseFrame("no-op"));
      created = true;
    }
    if (ackScheduled || messageCount === 0) return;
    ackScheduled = true;
    setImmediate(() => {
      ackScheduled = false;
      if (!stream.destroyed && !stream.writableEnded) {
        stream.write(encodeAckFrame(messageCount - 1));
      }
    });
  });
  stream.on("end", () => setImmediate(() => stream.end()));
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
