// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer } from "@sluice/testkit";
import { hasCode, openStream } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";
import { ackOnceAfter, offsets } from "./scripts.ts";

test("calls back once per offset for one cumulative acknowledgement, a batch being one", async () => {
  await using server = await ScriptedServer.start([ackOnceAfter(5)]);
  const acknowledged: bigint[] = [];
  const failed: bigint[] = [];
  const stream = await openStream(server, {
    onAck: (offset) => acknowledged.push(offset),
    onError: (offset) => failed.push(offset),
  });
  await stream.ingestRecordOffset("a");
  for (let batch = 0; batch < 4; batch++) await stream.ingestRecordsOffset(["b", "c", "d"]);
  await stream.close();
  assert.deepEqual([acknowledged, failed], [offsets(5), []]);
});

test("calls back with the error for each offset that a failed stream leaves", async () => {
  await using server = await ScriptedServer.start([acceptThenEnd("NOT_FOUND", 5, 1)]);
  const acknowledged: bigint[] = [];
  const failed: bigint[] = [];
  const stream = await openStream(server, {
    onAck: (offset) => acknowledged.push(offset),
    onError: (offset, error) => {
      assert.ok(hasCode("not_found", "ended with NOT_FOUND")(error));
      failed.push(offset);
    },
  });
  for (let id = 0; id < 5; id++) await stream.ingestRecordOffset({ id });
  await assert.rejects(stream.flush(), hasCode("not_found"));
  assert.deepEqual([acknowledged, failed], [offsets(2), [2n, 3n, 4n]]);
  assert.equal(stream.statistics.callbackErrors, 0);
});
