// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { makeGate, ScriptedServer, serveEverything, type StreamScript } from "@sluice/testkit";
import { ackWhenOpen } from "../conformance/scripts.ts";
import { receivedTexts } from "../integration/helpers.ts";
import { openProducer } from "../integration/producer-helpers.ts";

const RECORD_COUNT = 200;
const TEXT = "x".repeat(65_536);
/** What a stream has in flight at its beginning, and the record that reaches it. */
const FIRST_WINDOW_RECORDS = 4_194_304 / TEXT.length + 1;

test("has callers wait for a busy stream instead of queueing beside it what it cannot send", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([ackWhenOpen(acknowledge)]);
  const producer = await openProducer(server);
  let takenCount = 0;
  const submitting = (async () => {
    for (let id = 0; id < RECORD_COUNT; id++) {
      await producer.submit({ id, text: TEXT });
      takenCount++;
    }
  })();
  // More turns of the event loop than it takes to submit everything.
  for (let turn = 0; turn < 2 * RECORD_COUNT; turn++) await setImmediate();
  assert.ok(takenCount <= FIRST_WINDOW_RECORDS, `${takenCount} records were taken`);
  acknowledge.open();
  await submitting;
  await producer.flush();
  assert.equal((await server.stream(0)).messages.length, RECORD_COUNT);
  assert.deepEqual(await producer.close(), []);
});

test("takes all that the options allow once the stream is lost", async () => {
  const reopen = makeGate();
  const loseWhenFull: StreamScript = async (call) => {
    await call.accept();
    await call.received(FIRST_WINDOW_RECORDS - 2);
    call.end("UNAVAILABLE", "gone");
  };
  await using server = await ScriptedServer.start([
    loseWhenFull,
    async (call) => {
      await reopen.opened;
      await serveEverything(call);
    },
  ]);
  const producer = await openProducer(server);
  for (let id = 0; id < RECORD_COUNT; id++) await producer.submit({ id, text: TEXT });
  reopen.open();
  await producer.flush();
  const ids = receivedTexts(await server.stream(1)).map((text) => JSON.parse(text).id as number);
  assert.deepEqual(
    ids,
    Array.from({ length: RECORD_COUNT }, (_, id) => id),
  );
  assert.deepEqual(await producer.close(), []);
});
