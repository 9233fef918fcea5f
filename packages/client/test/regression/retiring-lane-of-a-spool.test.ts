// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Producer, type ProducerEvent } from "@sluice/client";
import { makeGate, ManualClock, ScriptedServer, Signal, type StreamScript } from "@sluice/testkit";
import { hasCode, TABLE } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";

test("says that records of the spool are stuck when a lane fails that was to be given up", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  const fill = makeGate();
  let isGone = false;
  const acknowledgeLate: StreamScript = async (call) => {
    await call.accept();
    await fill.opened;
    await call.serve();
  };
  const refuse: StreamScript = (call) =>
    isGone ? call.end("NOT_FOUND", "the table is gone") : call.end("UNAVAILABLE", "away");
  await using server = await ScriptedServer.start([
    acknowledgeLate,
    acceptThenEnd("UNAVAILABLE", 1, -1),
    refuse,
  ]);
  const producer = await Producer.open<{ id: number }>(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      lanes: { min: 1, max: 2 },
      maxInflightRecords: 20,
      attemptTimeoutMs: 3_600_000,
      spool: { directory, maxBytes: 128 * 1024 * 1024 },
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  const laneCounts = (): number[] =>
    events.flatMap((event) => (event.kind === "laneCountChanged" ? [event.to] : []));
  for (let id = 0; id < 21; id++) await producer.submit({ id });
  // Until the last one has been read from the spool, and waits for room.
  while (producer.pendingCount === 0) await setImmediate();
  clock.advance(1_000);
  clock.advance(1_000);
  await signal.until(() => laneCounts().at(-1) === 2);
  fill.open();
  await (await server.stream(1)).untilClosed();
  const heldByOther = (): number => producer.health().lanes[0]?.unacknowledgedRecords ?? 0;
  while (heldByOther() > 0) await setImmediate();
  for (let second = 0; second < 40; second++) clock.advance(1_000);
  await signal.until(() => laneCounts().at(-1) === 1);
  const flushed = producer.flush();
  const over = new AbortController();
  const rejected = assert.rejects(flushed, hasCode("not_found")).finally(() => {
    over.abort();
  });
  isGone = true;
  while (!over.signal.aborted) {
    clock.advance(1_000);
    await setImmediate();
  }
  await rejected;
  await producer.close({ deadlineMs: 1 });
});
