// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGate, ScriptedServer } from "@sluice/testkit";
import { hasCode, openStream, receivedTexts } from "../integration/helpers.ts";
import { ackOnceAfter, ackWhenOpen, offsets, openProtoStream } from "./scripts.ts";

test("resolves a hundred waiting records with one acknowledgement", async () => {
  await using server = await ScriptedServer.start([ackOnceAfter(100)]);
  const stream = await openProtoStream(server);
  const records = Array.from({ length: 100 }, (_, id) => stream.ingestRecord(Buffer.from([8, id])));
  assert.deepEqual(await Promise.all(records), offsets(100));
  await stream.close();
});

test("sends a protobuf batch as it is, and acknowledges it as one", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openProtoStream(server);
  const records = [1, 2, 3].map((id) => Buffer.from([8, id]));
  assert.equal(await stream.ingestRecords(records), 0n);
  assert.equal(stream.statistics.acknowledgedRecords, 3);
  await stream.close();
  assert.deepEqual((await server.stream(0)).messages[0]?.records, records);
});

test("answers an empty batch with null before and after records, and sends nothing of it", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  assert.equal(await stream.ingestRecords([]), null);
  assert.equal(await stream.ingestRecordOffset("a"), 0n);
  assert.equal(await stream.ingestRecordsOffset([]), null);
  assert.equal(await stream.ingestRecords([]), null);
  assert.equal(await stream.ingestRecordOffset("b"), 1n);
  await stream.close();
  assert.deepEqual(receivedTexts(await server.stream(0)), ["a", "b"]);
});

test("gives the server's reason when it refuses a batch as too large", async () => {
  const reason = "Batch size exceeds maximum allowed size";
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(1);
      call.end("INVALID_ARGUMENT", reason);
    },
  ]);
  const stream = await openStream(server);
  const batch = Array.from({ length: 100 }, (_, id) => ({ id }));
  await assert.rejects(
    stream.ingestRecords(batch),
    hasCode("invalid_argument", `Invalid argument: ${reason}.`),
  );
  assert.equal(server.streams.length, 1);
  assert.equal((await stream.getUnackedRecords()).length, 100);
});

test("sends ten thousand records in one batch under one offset", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const texts = Array.from({ length: 10_000 }, (_, id) => `{"id":${id}}`);
  assert.equal(await stream.ingestRecords(texts), 0n);
  await stream.close();
  assert.deepEqual(receivedTexts(await server.stream(0)), texts);
});

test("flushes what was submitted, and resolves with the acknowledgement", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([ackWhenOpen(acknowledge)]);
  const stream = await openStream(server);
  for (let id = 0; id < 10; id++) await stream.ingestRecordOffset({ id });
  let isFlushed = false;
  const flushed = stream.flush().then(() => {
    isFlushed = true;
  });
  await (await server.stream(0)).received(10);
  assert.deepEqual([isFlushed, stream.acknowledgedRequests], [false, 0]);
  acknowledge.open();
  await flushed;
  assert.equal(stream.acknowledgedRequests, 10);
  await stream.close();
});
