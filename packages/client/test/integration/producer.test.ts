// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ZerobusError } from "@sluice/client";
import { ScriptedServer, type StreamScript, serveEverything } from "@sluice/testkit";
import { hasCode, receivedTexts } from "./helpers.ts";
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
  await assert.rejects(producer.submit({}), hasCode("closed"));
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
