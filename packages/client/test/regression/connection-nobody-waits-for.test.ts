// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { RecordType, ZerobusSdk } from "@sluice/client";
import { TEST_CA_CERTIFICATE } from "@sluice/testkit";
import { hasCode, HEADERS_PROVIDER, TABLE } from "../integration/helpers.ts";

test("gives up a connection that is being made when its stream was given up and the SDK closed", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sdk = new ZerobusSdk(`https://localhost:${port}`, "http://unused.invalid", {
    ca: TEST_CA_CERTIFICATE,
  });
  const abort = new AbortController();
  const opening = sdk.createStream(
    { tableName: TABLE },
    "",
    "",
    { recordType: RecordType.Json, signal: abort.signal },
    HEADERS_PROVIDER,
  );
  // The TLS handshake is never answered.
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.on("error", () => undefined);
  socket.resume();
  abort.abort();
  await assert.rejects(opening, hasCode("cancelled"));
  sdk.close();
  await once(socket, "close");
  server.close();
});
