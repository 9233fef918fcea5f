// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer, type ProducerEvent } from "@sluice/client";
import { makeGate, ManualClock, ScriptedServer, Signal, serveEverything } from "@sluice/testkit";
import { hasCode, TABLE } from "../integration/helpers.ts";

const KEY_COUNT = 20;

test("refuses the calls whose keys were to leave a lane that fails", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  const fail = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await fail.opened;
      call.end("NOT_FOUND", "the table is gone");
    },
    serveEverything,
  ]);
  const producer = await Producer.open<{ key: number }>(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      lanes: { min: 1, max: 2, key: ({ key }) => key },
      maxInflightRecords: KEY_COUNT,
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  const submitAll = (): Promise<unknown>[] =>
    Array.from({ length: KEY_COUNT }, (_, key) => producer.submit({ key }));
  await Promise.all(submitAll());
  const waiting = submitAll();
  clock.advance(1_000);
  clock.advance(1_000);
  await signal.until(() => events.some(({ kind }) => kind === "laneCountChanged"));
  // About half of the keys are on their way to the new lane, and held until the old one has settled.
  waiting.push(...submitAll());
  const flushed = producer.flush();
  fail.open();
  for (const promise of waiting) await assert.rejects(promise, hasCode("not_found"));
  await assert.rejects(flushed, hasCode("not_found"));
  const left = await producer.close({ deadlineMs: 1 });
  assert.equal(left.length, KEY_COUNT);
  assert.equal(producer.pendingCount, 0);
});
