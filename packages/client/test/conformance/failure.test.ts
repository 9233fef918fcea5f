// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer } from "@sluice/testkit";
import { hasCode, openStream } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";

test("fails the stream on a retryable end without recovery", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("UNAVAILABLE", 1, -1)]);
  const stream = await openStream(server, { recovery: false });
  await stream.ingestRecordOffset("a");
  await assert.rejects(stream.flush(), hasCode("unavailable", "ended with UNAVAILABLE"));
  await assert.rejects(stream.ingestRecordOffset("b"), hasCode("unavailable"));
  assert.equal(stream.state, "failed");
  assert.equal(server.streams.length, 1);
});

test("returns the five of ten records that were not acknowledged, in order", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("UNAVAILABLE", 10, 4)]);
  const stream = await openStream(server, { recovery: false });
  for (let id = 0; id < 10; id++) await stream.ingestRecordOffset(String(id));
  await assert.rejects(stream.flush(), hasCode("unavailable"));
  assert.deepEqual((await stream.getUnackedRecords()).map(String), ["5", "6", "7", "8", "9"]);
});

test("returns the records of a single call and of a batch together, flattened", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("UNAVAILABLE", 3, 0)]);
  const stream = await openStream(server, { recovery: false });
  await stream.ingestRecordOffset("acknowledged");
  await stream.ingestRecordOffset("single");
  await stream.ingestRecordsOffset(["b0", "b1", "b2", "b3", "b4"]);
  await assert.rejects(stream.flush(), hasCode("unavailable"));
  const expected = ["single", "b0", "b1", "b2", "b3", "b4"];
  assert.deepEqual((await stream.getUnackedRecords()).map(String), expected);
});

test("rejects every call that waits with the code of the failure", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("PERMISSION_DENIED", 3, -1)]);
  const stream = await openStream(server, { recovery: false });
  const waiting = ["a", "b", "c"].map((text) => stream.ingestRecord(text));
  for (const { status, reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) {
    assert.equal(status, "rejected");
    assert.ok(hasCode("permission_denied", "ended with PERMISSION_DENIED")(reason));
  }
  await assert.rejects(stream.close(), hasCode("permission_denied"));
  await stream.close();
});
