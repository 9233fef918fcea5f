// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer, ZerobusError } from "@sluice/client";
import {
  makeGate,
  ManualClock,
  ScriptedServer,
  serveEverything,
  Signal,
  type StreamScript,
  TokenServer,
} from "@sluice/testkit";
import { hasCode, receivedTexts, TABLE } from "./helpers.ts";
import { acceptThenEnd, openProducer, validatingServer } from "./producer-helpers.ts";

test("acknowledges a record by its ticket, late and often", async () => {
  await using server = await ScriptedServer.start();
  const producer = await openProducer(server);
  const ticket = await producer.submit({ id: 1 });
  await ticket.ack();
  await ticket.ack();
  assert.equal(ticket.offset, 0n);
  assert.equal(producer.health().status, "healthy");
  assert.deepEqual(await producer.close(), []);
  assert.equal(producer.pendingCount, 0);
  assert.deepEqual(receivedTexts(await server.stream(0)), ['{"id":1}']);
});

test("resends what a lost stream left, in order", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 3, 0),
    acceptThenEnd("INTERNAL", 2, 0),
    serveEverything,
  ]);
  const producer = await openProducer(server);
  for (let id = 0; id < 3; id++) await producer.submit({ id });
  await producer.flush();
  assert.deepEqual(receivedTexts(await server.stream(1)), ['{"id":1}', '{"id":2}']);
  assert.deepEqual(receivedTexts(await server.stream(2)), ['{"id":2}']);
  assert.deepEqual(await producer.close(), []);
});

test("refuses submit after close", async () => {
  await using server = await ScriptedServer.start();
  const producer = await openProducer(server);
  await producer.close();
  await assert.rejects(producer.submit({}), hasCode("closed", "Producer.open"));
  await assert.rejects(producer.submitBatch([{}]), hasCode("closed"));
});

test("finds a refused record, lets its neighbours through, and reports it", async () => {
  for (const acksFirst of [true, false]) {
    const taken: string[] = [];
    await using server = await ScriptedServer.start([
      validatingServer((text) => text.includes("wrong"), taken, { acksFirst }),
    ]);
    const errors: [bigint, string][] = [];
    const producer = await openProducer(server, {
      onError: (_error, invalid) => {
        if (invalid !== undefined) {
          errors.push([invalid.offset, Buffer.from(invalid.record).toString()]);
        }
      },
    });
    const names = Array.from({ length: 40 }, (_, id) => (id === 17 ? "wrong" : `r${id}`));
    const tickets = [];
    for (const name of names) tickets.push(await producer.submit({ name }));
    await assert.rejects(producer.flush(), hasCode("invalid_argument", "record of offset"));
    await producer.flush();
    await assert.rejects(tickets[17]?.ack() ?? Promise.resolve(), hasCode("invalid_argument"));
    await tickets[16]?.ack();
    await tickets[39]?.ack();
    assert.deepEqual(errors, [[17n, '{"name":"wrong"}']]);
    const expected = names
      .filter((name) => name !== "wrong")
      .map((name) => JSON.stringify({ name }));
    assert.deepEqual([...new Set(taken)], expected);
    assert.deepEqual(await producer.close(), []);
    assert.equal(producer.pendingCount, 0);
    assert.deepEqual(server.failures, []);
  }
});

test("bisects a refused batch", async () => {
  const taken: string[] = [];
  await using server = await ScriptedServer.start([
    validatingServer((text) => text.includes("wrong"), taken),
  ]);
  const invalid: string[] = [];
  const producer = await openProducer(server, {
    onInvalidRecord: "skip",
    onError: (_error, which) => invalid.push(Buffer.from(which?.record ?? []).toString()),
  });
  const names = Array.from({ length: 33 }, (_, id) => (id % 13 === 5 ? `wrong${id}` : `r${id}`));
  const before = await producer.submit({ name: "before" });
  const batch = await producer.submitBatch(names.map((name) => ({ name })));
  const after = await producer.submit({ name: "after" });
  await producer.flush();
  await before.ack();
  await after.ack();
  await assert.rejects(batch.ack(), hasCode("invalid_argument"));
  const text = (name: string): string => JSON.stringify({ name });
  assert.deepEqual(invalid, ["wrong5", "wrong18", "wrong31"].map(text));
  const right = names.filter((name) => !name.startsWith("wrong"));
  assert.deepEqual([...new Set(taken)], ["before", ...right, "after"].map(text));
  assert.deepEqual(await producer.close(), []);
});

test("returns what is left when the deadline of close is over, and leaves nothing pending", async () => {
  const silent: StreamScript = async (call) => {
    await call.accept();
    await call.received(2);
    call.ack(0);
    await call.untilClosed();
  };
  await using server = await ScriptedServer.start([silent]);
  const producer = await openProducer(server, { maxInflightRecords: 3 });
  const tickets = [];
  for (let id = 0; id < 3; id++) tickets.push(await producer.submit({ id }));
  await tickets[0]?.ack();
  const pending = tickets.slice(1).map((ticket) => assert.rejects(ticket.ack(), hasCode("closed")));
  const flushing = assert.rejects(producer.flush(), hasCode("closed"));
  const left = await producer.close({ deadlineMs: 1 });
  assert.deepEqual(
    left.map(({ record }) => Buffer.from(record).toString()),
    ['{"id":1}', '{"id":2}'],
  );
  await Promise.all([...pending, flushing]);
  assert.equal(producer.pendingCount, 0);
});

test("rejects open when the server refuses the stream for good", async () => {
  const refuse: StreamScript = async (call) => {
    call.respond();
    await call.created();
    call.end("NOT_FOUND", "no such table");
  };
  await using server = await ScriptedServer.start([refuse]);
  await assert.rejects(openProducer(server), (error: unknown) => {
    assert.ok(error instanceof ZerobusError);
    return error.code === "not_found";
  });
});

test("names what keeps it from opening when the token service hangs, and goes on when it is back", async () => {
  await using server = await ScriptedServer.start();
  await using tokens = await TokenServer.start();
  const options = {
    endpoint: server.url,
    unityCatalogUrl: tokens.url,
    table: TABLE,
    auth: { clientId: "a", clientSecret: "b" },
    attemptTimeoutMs: 50,
    retry: { firstDelayMs: 1, maxDelayMs: 5 },
  };
  const hung = makeGate();
  tokens.answer = async () => {
    await hung.opened;
    return { body: { access_token: "late" } };
  };
  await assert.rejects(Producer.open({ ...options, openTimeoutMs: 200 }), (error) => {
    assert.ok(error instanceof ZerobusError);
    assert.equal(error.code, "deadline_exceeded");
    return /openTimeoutMs.*(token service|Token fetch failed)/.test(error.message);
  });
  const opening = Producer.open(options);
  hung.open();
  const producer = await opening;
  await (await producer.submit({ id: 1 })).ack();
  assert.deepEqual(await producer.close(), []);
});

test("keeps deadlines and waits when the time of day jumps by hours", async (context) => {
  const clock = new ManualClock();
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 1, -1),
    async (call) => {
      call.end("UNAVAILABLE", "not yet");
    },
    serveEverything,
  ]);
  const signal = new Signal();
  const states: string[] = [];
  let nowMs = 1_700_000_000_000;
  context.mock.method(Date, "now", () => nowMs);
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      retry: { firstDelayMs: 1_000 },
      recordId: { column: "id" },
      onEvent: (event) => {
        if (event.kind === "laneStateChanged") states.push(event.to);
        signal.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  await producer.submit({ value: 1 });
  await signal.until(() => states.at(-1) === "reconnecting");
  await server.stream(1);
  const flushed = producer.flush({ deadlineMs: 60_000 });
  for (const hours of [5, -10]) {
    nowMs += hours * 3_600_000;
    await new Promise(setImmediate);
    assert.equal(server.streams.length, 2, "the wait is not over");
    await producer.submit({ value: hours });
  }
  while (server.streams.length < 3) {
    await new Promise(setImmediate);
    clock.advance(100);
  }
  await flushed;
  assert.ok(clock.nowMs() < 60_000);
  assert.deepEqual(await producer.close(), []);
  assert.equal(server.streams[2]?.messages.length, 3);
});
