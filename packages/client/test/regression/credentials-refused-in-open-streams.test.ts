// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer } from "@sluice/client";
import { ManualClock, ScriptedServer, Signal } from "@sluice/testkit";
import { hasCode, TABLE } from "../integration/helpers.ts";
import { acceptThenEnd } from "../integration/producer-helpers.ts";

test("gives a lane up within its budget when streams open and then refuse the credentials", async () => {
  const clock = new ManualClock();
  const states = new Signal();
  let state = "";
  await using server = await ScriptedServer.start([acceptThenEnd("UNAUTHENTICATED", 1, -1)]);
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      retry: { maxAuthElapsedMs: 60_000 },
      onEvent: (event) => {
        if (event.kind !== "laneStateChanged") return;
        state = event.to;
        states.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  const ticket = await producer.submit({ id: 0 });
  const acknowledged = assert.rejects(ticket.ack(), hasCode("unauthenticated"));
  for (let round = 0; round < 30; round++) {
    await states.until(() => state === "backingOff" || state === "failed");
    if (state === "failed") break;
    state = "";
    clock.advance(30_000);
  }
  assert.equal(state, "failed");
  assert.ok(server.streams.length < 15, `${server.streams.length} streams`);
  await acknowledged;
  assert.equal((await producer.close()).length, 1);
});
