// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGate, ScriptedServer } from "@sluice/testkit";
import { openStream } from "../integration/helpers.ts";
import { ackWhenOpen, offsets } from "./scripts.ts";

test("gives a thousand records of ten tasks gapless offsets, each once", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const given: bigint[] = [];
  const runTask = async (task: number): Promise<void> => {
    for (let id = 0; id < 100; id++) given.push(await stream.ingestRecordOffset({ task, id }));
  };
  await Promise.all(Array.from({ length: 10 }, (_, task) => runTask(task)));
  await stream.flush();
  assert.deepEqual(
    given.toSorted((left, right) => Number(left - right)),
    offsets(1000),
  );
  assert.equal((await server.stream(0)).messages.length, 1000);
  await stream.close();
});

test("gives batches of concurrent tasks gapless offsets, one each", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const batches = Array.from({ length: 50 }, (_, task) =>
    stream.ingestRecords(Array.from({ length: 10 }, (_unused, id) => ({ task, id }))),
  );
  assert.deepEqual(await Promise.all(batches), offsets(50));
  assert.equal(stream.statistics.acknowledgedRecords, 500);
  await stream.close();
});

test("counts a batch as one call against the limit, however many records it has", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([ackWhenOpen(acknowledge)]);
  const stream = await openStream(server, { maxInflightRequests: 2 });
  const batch = Array.from({ length: 100 }, (_, id) => ({ id }));
  assert.equal(await stream.ingestRecordsOffset(batch), 0n);
  assert.equal(await stream.ingestRecordsOffset(batch), 1n);
  const third = stream.ingestRecordsOffset(batch);
  assert.equal(stream.statistics.waitingRequests, 1);
  await (await server.stream(0)).received(2);
  acknowledge.open();
  assert.equal(await third, 2n);
  await stream.close();
  assert.equal((await server.stream(0)).messages.length, 3);
});

test("covers with a flush what came before it, while others go on", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(20);
      call.ack(9);
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server);
  for (let id = 0; id < 10; id++) await stream.ingestRecordOffset({ id });
  const flushed = stream.flush();
  for (let id = 10; id < 20; id++) await stream.ingestRecordOffset({ id });
  await flushed;
  assert.equal(stream.acknowledgedRequests, 10);
  acknowledge.open();
  await stream.close();
  assert.equal(stream.acknowledgedRequests, 20);
});
