// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ZerobusError } from "@sluice/client";
import { ScriptedServer } from "@sluice/testkit";
import { openStream } from "../integration/helpers.ts";
import { ackOnceAfter } from "./scripts.ts";

test("closes once one cumulative acknowledgement has covered all that is in flight", async () => {
  await using server = await ScriptedServer.start([ackOnceAfter(10)]);
  const stream = await openStream(server);
  for (let id = 0; id < 10; id++) await stream.ingestRecordOffset({ id });
  await stream.close();
  const call = await server.stream(0);
  await call.untilClosed();
  assert.deepEqual([call.messages.length, call.halfClosed, call.resetCode], [10, true, 0]);
  assert.equal(stream.acknowledgedRequests, 10);
});

test("flushes and ends the call when a stream goes out of scope", async () => {
  await using server = await ScriptedServer.start();
  {
    await using stream = await openStream(server);
    await stream.ingestRecordOffset("a");
  }
  const call = await server.stream(0);
  await call.untilClosed();
  assert.deepEqual([call.messages.length, call.halfClosed, call.resetCode], [1, true, 0]);
});

test("lets callers who wait for room go on before it closes", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server, { maxInflightRequests: 2 });
  const ingests = Array.from({ length: 50 }, (_, id) => stream.ingestRecordOffset({ id }));
  await stream.close();
  assert.equal((await Promise.all(ingests)).at(-1), 49n);
  assert.equal(stream.acknowledgedRequests, 50);
  assert.equal((await server.stream(0)).messages.length, 50);
});

test("gives failures as errors with a code, whether to retry, and what the server said", async () => {
  await using server = await ScriptedServer.start([
    (call) => call.end("UNAUTHENTICATED", "no such principal"),
  ]);
  const error: unknown = await openStream(server, { recovery: false }).catch((reason) => reason);
  assert.ok(error instanceof ZerobusError && error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.retryable, error.isRetryable],
    ["ZerobusError", "unauthenticated", false, false],
  );
  assert.deepEqual(
    [error.details.grpcStatus, error.details.serverMessage],
    ["UNAUTHENTICATED", "no such principal"],
  );
});
