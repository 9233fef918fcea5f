// SPDX-License-Identifier: Apache-2.0
// An input with one wrong record in a hundred had everything that was under way sent again after each of them: 5,000
// records went over the wire more than 200,000 times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProducerMetrics } from "@sluice/client";
import { ScriptedServer } from "@sluice/testkit";
import { TABLE } from "../integration/helpers.ts";
import { openProducer, validatingServer } from "../integration/producer-helpers.ts";

test("sends little again where many records are refused", async () => {
  const taken: string[] = [];
  await using server = await ScriptedServer.start([
    validatingServer((text) => text.includes("wrong"), taken),
  ]);
  const metrics = new ProducerMetrics({ table: TABLE });
  const producer = await openProducer(server, { onInvalidRecord: "skip", metrics });
  for (let id = 0; id < 4_000; id += 1) {
    await producer.submit(id % 100 === 99 ? { wrong: id } : { id });
  }
  await producer.flush();
  assert.deepEqual(await producer.close(), []);
  const { acknowledgedRecords, invalidRecords, resentRecords } = metrics.snapshot();
  assert.deepEqual([acknowledgedRecords, invalidRecords], [3_960, 40]);
  assert.equal(new Set(taken).size, 3_960);
  assert.ok(resentRecords < 6 * 4_000, `${resentRecords} records were sent again`);
});
