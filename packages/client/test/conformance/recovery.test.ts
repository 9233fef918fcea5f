// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer, serveEverything } from "@sluice/testkit";
import { hasCode, openStream, receivedTexts } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";

test("makes five attempts to open a stream by default, then fails", async () => {
  await using server = await ScriptedServer.start([(call) => call.end("UNAVAILABLE", "not now")]);
  await assert.rejects(openStream(server), hasCode("unavailable", "not now"));
  assert.equal(server.streams.length, 5);
});

test("sends all of five records again under offsets from 0, and keeps their logical ones", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 5, -1),
    serveEverything,
  ]);
  const acknowledged: bigint[] = [];
  const stream = await openStream(server, { onAck: (offset) => acknowledged.push(offset) });
  const texts = ["0", "1", "2", "3", "4"];
  await Promise.all(texts.map((text) => stream.ingestRecordOffset(text)));
  await stream.flush();
  const again = await server.stream(1);
  assert.deepEqual(receivedTexts(again), texts);
  assert.deepEqual(
    again.messages.map(({ offsetId }) => offsetId),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(acknowledged, [0n, 1n, 2n, 3n, 4n]);
  await stream.close();
});

test("rejects close with the server's reason when its flush ends in a terminal error", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("INVALID_ARGUMENT", 3, 0)]);
  const stream = await openStream(server);
  for (const text of ["a", "b", "c"]) await stream.ingestRecordOffset(text);
  await assert.rejects(
    stream.close(),
    hasCode("invalid_argument", "Failed to close stream: Invalid argument: ended with"),
  );
  assert.equal(server.streams.length, 1);
  assert.deepEqual((await stream.getUnackedRecords()).map(String), ["b", "c"]);
});

test("has no unacknowledged records after all were acknowledged", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  await stream.ingestRecordsOffset(["a", "b"]);
  await stream.ingestRecordOffset("c");
  await stream.close();
  assert.deepEqual(await stream.getUnackedRecords(), []);
  assert.deepEqual(await stream.getUnackedBatches(), []);
});
