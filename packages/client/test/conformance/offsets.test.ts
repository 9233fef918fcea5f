// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeGate, ScriptedServer } from "@sluice/testkit";
import { hasCode, openStream, receivedTexts } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";
import { ackWhenOpen, offsets, openProtoStream } from "./scripts.ts";

test("resolves the offset of a record before its acknowledgement, and waits for that when asked", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([ackWhenOpen(acknowledge)]);
  const stream = await openProtoStream(server);
  assert.equal(await stream.ingestRecordOffset(Buffer.from([8, 1])), 0n);
  assert.equal(stream.acknowledgedRequests, 0);
  const acknowledged = stream.waitForOffset(0n);
  await (await server.stream(0)).received(1);
  acknowledge.open();
  await acknowledged;
  assert.equal(stream.acknowledgedRequests, 1);
  await stream.close();
});

test("covers all earlier records by waiting for the last offset, of records and of batches", async () => {
  for (const open of [openStream, openProtoStream]) {
    await using server = await ScriptedServer.start();
    const stream = await open(server);
    const record = open === openStream ? "{}" : Buffer.from([8, 1]);
    for (let index = 0; index < 10; index++) {
      assert.equal(await stream.ingestRecordOffset(record), BigInt(index));
    }
    assert.equal(await stream.ingestRecordsOffset([record, record, record]), 10n);
    await stream.waitForOffset(10n);
    assert.deepEqual(
      [stream.acknowledgedRequests, stream.statistics.acknowledgedRecords],
      [11, 13],
    );
    await stream.close();
  }
});

test("rejects a wait for an offset with the server's error as soon as it comes", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("INVALID_ARGUMENT", 1, -1)]);
  const stream = await openStream(server);
  const offset = await stream.ingestRecordOffset("a");
  await assert.rejects(
    stream.waitForOffset(offset),
    hasCode("invalid_argument", "Failed to wait for offset: Invalid argument: ended with"),
  );
});

test("counts calls that wait for their acknowledgement and calls that do not in one sequence", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const given = await Promise.all([
    stream.ingestRecordOffset("a"),
    stream.ingestRecord("b"),
    stream.ingestRecordsOffset(["c", "d"]),
    stream.ingestRecords(["e", "f"]),
    stream.ingestRecordOffset("g"),
  ]);
  assert.deepEqual(given, offsets(5));
  await stream.close();
  assert.deepEqual(receivedTexts(await server.stream(0)), ["a", "b", "c", "d", "e", "f", "g"]);
});
