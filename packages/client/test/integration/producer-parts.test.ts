// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeadLetter, Producer, type ProducerEvent, type RateLimiter } from "@sluice/client";
import { ManualClock, ScriptedServer, serveEverything } from "@sluice/testkit";
import { hasCode, receivedTexts, TABLE } from "./helpers.ts";
import { acceptThenEnd, openProducer, validatingServer } from "./producer-helpers.ts";

const isWrong = (text: string): boolean => text.includes("wrong");

test("keeps a refused record in the dead letters before it is settled, and closes them", async () => {
  const letters: DeadLetter[] = [];
  let closed = 0;
  await using server = await ScriptedServer.start([validatingServer(isWrong, [])]);
  const producer = await openProducer(server, {
    deadLetters: {
      write: async (letter) => {
        letters.push(letter);
      },
      close: async () => {
        closed++;
      },
    },
  });
  await producer.submit({ name: "a" });
  const ticket = await producer.submit({ name: "wrong" });
  await producer.submit({ name: "b" });
  await producer.flush();
  await assert.rejects(ticket.ack(), hasCode("invalid_argument"));
  assert.deepEqual(
    letters.map(({ table, record, format, code, reason }) => [
      table,
      Buffer.from(record).toString(),
      format,
      code,
      reason,
    ]),
    [[TABLE, '{"name":"wrong"}', "json", "invalid_argument", "record of offset 0 is wrong"]],
  );
  assert.deepEqual(await producer.close(), []);
  assert.equal(closed, 1);
});

test("has the flush reject when a dead letter could not be written", async () => {
  const events: ProducerEvent[] = [];
  await using server = await ScriptedServer.start([validatingServer(isWrong, [])]);
  const producer = await openProducer(server, {
    onEvent: (event) => events.push(event),
    deadLetters: {
      write: () => Promise.reject(new Error("disk full")),
      close: () => Promise.resolve(),
    },
  });
  await producer.submit({ name: "wrong" });
  await assert.rejects(producer.flush(), hasCode("invalid_argument"));
  const faults = events.filter((event) => event.kind === "callbackFailed");
  assert.deepEqual(
    faults.map((event) => event.callback),
    ["deadLetters"],
  );
  assert.deepEqual(await producer.close(), []);
});

test("goes on when callbacks throw, and reports that", async () => {
  const reported: string[] = [];
  const fail = (): never => {
    throw new Error("a defect of the application");
  };
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 1, -1),
    validatingServer(isWrong, []),
  ]);
  const producer = await openProducer(server, {
    onInvalidRecord: "skip",
    onAck: fail,
    onError: fail,
    onEvent: (event) => {
      if (event.kind === "callbackFailed") reported.push(event.callback);
      fail();
    },
  });
  const ticket = await producer.submit({ name: "a" });
  await ticket.ack();
  await producer.submit({ name: "wrong" });
  await producer.flush();
  assert.deepEqual(new Set(reported), new Set(["onAck", "onError"]));
  assert.deepEqual(await producer.close(), []);
});

test("sends no faster than the limiter of the lane lets it, and keeps the order", async () => {
  const clock = new ManualClock();
  let room = 2;
  const limiter = (): RateLimiter => ({
    tryTake: (recordCount) => {
      if (room < recordCount) return 100;
      room -= recordCount;
      return 0;
    },
  });
  await using server = await ScriptedServer.start([serveEverything]);
  const producer = await Producer.open(
    { endpoint: server.url, table: TABLE, auth: "none", limiter },
    { clock, random: () => 0 },
  );
  const tickets = [];
  for (let id = 0; id < 5; id++) tickets.push(await producer.submit({ id }));
  await tickets[1]?.ack();
  const call = await server.stream(0);
  assert.equal(call.messages.length, 2);
  for (let step = 0; step < 2; step++) {
    room = 2;
    clock.advance(100);
  }
  await producer.flush();
  assert.deepEqual(
    receivedTexts(call),
    [0, 1, 2, 3, 4].map((id) => JSON.stringify({ id })),
  );
  assert.deepEqual(await producer.close(), []);
});

test("reports each refused record to every flush that covers it, and to none that began later", async () => {
  await using server = await ScriptedServer.start([validatingServer(isWrong, [])]);
  const producer = await openProducer(server);
  await producer.submit({ name: "wrong" });
  const flushes = await Promise.allSettled([producer.flush(), producer.flush()]);
  assert.deepEqual(
    flushes.map((flush) => flush.status),
    ["rejected", "rejected"],
  );
  await producer.flush();
  assert.deepEqual(await producer.close(), []);
});
