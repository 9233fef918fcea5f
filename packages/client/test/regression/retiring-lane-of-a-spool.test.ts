// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Producer, type ProducerEvent } from "@sluice/client";
import { makeGate, ManualClock, ScriptedServer, Signal, type StreamScript } from "@sluice/testkit";
import { hasCode, TABLE } from "../integration/helpers.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";

test("says that records of the spool are stuck when a lane fails that was to be given up", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  const fill = makeGate();
  const fail = makeGate();
  const acknowledgeLate: StreamScript = async (call) => {
    await call.accept();
    await fill.opened;
    await call.serve();
  };
  const keepOne: StreamScript = async (call) => {
    await call.accept();
    await call.received(1);
    await fail.opened;
    call.end("NOT_FOUND", "the table is gone");
  };
  await using server = await ScriptedServer.start([acknowledgeLate, keepOne]);
  const producer = await Producer.open<{ id: number }>(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      lanes: { min: 1, max: 2 },
      maxInflightRecords: 20,
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
  await (await server.stream(0)).received(20);
  clock.advance(1_000);
  clock.advance(1_000);
  await signal.until(() => laneCounts().at(-1) === 2);
  fill.open();
  await (await server.stream(1)).received(1);
  for (let second = 0; second < 40; second++) {
    clock.advance(1_000);
    // Turns enough for a PING and its answer.
    for (let turn = 0; turn < 50; turn++) await setImmediate();
  }
  await signal.until(() => laneCounts().at(-1) === 1);
  const flushed = producer.flush();
  fail.open();
  await assert.rejects(flushed, hasCode("not_found"));
  await producer.close({ deadlineMs: 1 });
});
