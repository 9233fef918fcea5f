// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGate, ScriptedServer, serveEverything, type StreamScript } from "@sluice/testkit";
import { openStream, receivedTexts } from "./helpers.ts";

/** Signals after `messageCount` messages, without acknowledging. */
const signalAfter =
  (messageCount: number, durationMs: number): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(messageCount);
    call.signalClose(durationMs);
    await call.untilHalfClosed();
    call.end();
  };

test("reconnects at once on a signal without a duration", async () => {
  await using server = await ScriptedServer.start([signalAfter(2, 0), serveEverything]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await stream.ingestRecordOffset("b");
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(1)), ["a", "b"]);
  await stream.close();
});

test("reconnects at once when its own limit of the pause is 0", async () => {
  await using server = await ScriptedServer.start([signalAfter(1, 60_000), serveEverything]);
  const stream = await openStream(server, { streamPausedMaxWaitTimeMs: 0 });
  await stream.ingestRecordOffset("a");
  await stream.flush();
  assert.equal(stream.reconnects, 1);
  await stream.close();
});

test("holds records back during the pause and sends them on the next stream", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(1);
      call.signalClose(60_000);
      await acknowledge.opened;
      call.ack(0);
      await call.untilHalfClosed();
      call.end();
    },
    serveEverything,
  ]);
  const paused = makeGate();
  const stream = await openStream(server, {
    onStateChange: (change) => {
      if (change.to === "paused") paused.open();
    },
  });
  await stream.ingestRecordOffset("a");
  await paused.opened;
  assert.equal(await stream.ingestRecordOffset("b"), 1n);
  assert.equal(await stream.ingestRecordOffset("c"), 2n);
  acknowledge.open();
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(0)), ["a"]);
  assert.deepEqual(receivedTexts(await server.stream(1)), ["b", "c"]);
  assert.equal(stream.resentRecords, 0);
  await stream.close();
});

test("ends the pause at its deadline and takes late acknowledgements after half-closing", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(2);
      call.signalClose(20);
      await call.untilHalfClosed();
      call.ack(0);
      call.end();
    },
    serveEverything,
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await stream.ingestRecordOffset("b");
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(1)), ["b"]);
  assert.equal(stream.resentRecords, 1);
  await stream.close();
});

test("recovers from an error during the pause", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(1);
      call.signalClose(60_000);
      call.end("UNAVAILABLE", "gone");
    },
    serveEverything,
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await stream.flush();
  assert.equal(stream.reconnects, 1);
  await stream.close();
});

test("ignores the signal without recovery", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      call.signalClose(0);
      await call.serve();
    },
  ]);
  const stream = await openStream(server, { recovery: false });
  await stream.ingestRecord("a");
  await stream.close();
  assert.equal(server.streams.length, 1);
});
