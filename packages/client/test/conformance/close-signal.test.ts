// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGate, ScriptedServer, serveEverything, type StreamScript } from "@sluice/testkit";
import { openStream, receivedTexts } from "../integration/helpers.ts";

const AGES_MS = 3_600_000;

/** Announces the end after three records, and acknowledges nothing before the client half-closes. */
const announceEnd =
  (durationMs: number): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(3);
    call.signalClose(durationMs);
    await call.untilHalfClosed();
    call.ack(2);
    call.end();
  };

test("pauses for the server's duration, however long its own limit is", async () => {
  for (const streamPausedMaxWaitTimeMs of [undefined, AGES_MS]) {
    await using server = await ScriptedServer.start([announceEnd(20), serveEverything]);
    const stream = await openStream(
      server,
      streamPausedMaxWaitTimeMs === undefined ? {} : { streamPausedMaxWaitTimeMs },
    );
    await expectRotation(server, stream);
  }
});

test("pauses for its own limit where the server allows more", async () => {
  await using server = await ScriptedServer.start([announceEnd(AGES_MS), serveEverything]);
  await expectRotation(server, await openStream(server, { streamPausedMaxWaitTimeMs: 20 }));
});

test("ends the pause as soon as everything sent is acknowledged", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(3);
      call.signalClose(AGES_MS);
      await acknowledge.opened;
      call.ack(2);
      await call.untilHalfClosed();
      call.end();
    },
    serveEverything,
  ]);
  const stream = await openStream(server, {
    onStateChange: ({ to }) => {
      if (to === "paused") acknowledge.open();
    },
  });
  await expectRotation(server, stream);
  assert.equal(stream.resentRecords, 0);
});

/** Three records go to the first stream, and a fourth to the next. */
async function expectRotation(
  server: ScriptedServer,
  stream: Awaited<ReturnType<typeof openStream>>,
): Promise<void> {
  for (const text of ["a", "b", "c"]) await stream.ingestRecordOffset(text);
  await (await server.stream(1)).created();
  assert.equal(await stream.ingestRecordOffset("d"), 3n);
  await stream.close();
  assert.deepEqual(receivedTexts(await server.stream(0)), ["a", "b", "c"]);
  assert.equal(receivedTexts(await server.stream(1)).at(-1), "d");
  assert.equal(stream.reconnects, 1);
}
