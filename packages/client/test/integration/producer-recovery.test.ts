// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer, type ProducerEvent } from "@sluice/client";
import {
  ManualClock,
  ScriptedServer,
  Signal,
  type StreamScript,
  serveEverything,
  TokenServer,
} from "@sluice/testkit";
import { hasCode, receivedTexts, TABLE } from "./helpers.ts";
import { acceptThenEnd, openProducer } from "./producer-helpers.ts";

const refuse =
  (status: Parameters<Parameters<StreamScript>[0]["end"]>[0]): StreamScript =>
  async (call) => {
    call.respond();
    await call.created();
    call.end(status, `refused with ${status}`);
  };

test("rotates at a close signal without losing, doubling or reordering", async () => {
  const rotate: StreamScript = async (call) => {
    await call.accept();
    await call.received(2);
    call.signalClose(60_000);
    call.ack(1);
    await call.untilHalfClosed();
    call.end();
  };
  await using server = await ScriptedServer.start([rotate, rotate, serveEverything]);
  const producer = await openProducer(server);
  const expected: string[] = [];
  for (let id = 0; id < 6; id++) {
    const ticket = await producer.submit({ id });
    expected.push(JSON.stringify({ id }));
    if (id % 2 === 1) await ticket.ack();
  }
  await producer.flush();
  const got = server.streams.flatMap((call) => receivedTexts(call));
  assert.deepEqual(got, expected);
  assert.deepEqual(await producer.close(), []);
});

test("gets a new token for refused credentials, mid-stream and again until the budget is spent", async () => {
  await using tokens = await TokenServer.start();
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAUTHENTICATED", 1, -1),
    refuse("PERMISSION_DENIED"),
    refuse("PERMISSION_DENIED"),
    refuse("UNAUTHENTICATED"),
    serveEverything,
  ]);
  const producer = await openProducer(server, {
    unityCatalogUrl: tokens.url,
    auth: { clientId: "id", clientSecret: "secret" },
  });
  const ticket = await producer.submit({ id: 1 });
  await ticket.ack();
  assert.equal(server.streams.length, 5);
  assert.ok(tokens.requests.length >= 4);
  assert.deepEqual(await producer.close(), []);
});

test("fails once refused credentials have used up their time, and keeps what is left", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAUTHENTICATED", 1, -1),
    refuse("PERMISSION_DENIED"),
  ]);
  const errors: string[] = [];
  const producer = await openProducer(server, {
    retry: { firstDelayMs: 1, maxDelayMs: 2, maxAuthElapsedMs: 5 },
    onError: (error, invalid) => errors.push(`${error.code} ${invalid === undefined}`),
  });
  const ticket = await producer.submit({ id: 1 });
  await assert.rejects(ticket.ack(), hasCode("permission_denied"));
  await assert.rejects(producer.submit({ id: 2 }), hasCode("permission_denied"));
  await assert.rejects(producer.flush(), hasCode("permission_denied"));
  assert.deepEqual(errors, ["permission_denied true"]);
  assert.equal(producer.health().status, "down");
  const left = await producer.close();
  assert.equal(left.length, 1);
  assert.equal(producer.pendingCount, 0);
});

test("fails when the table is gone, and says so", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 1, -1),
    refuse("NOT_FOUND"),
  ]);
  const producer = await openProducer(server);
  const ticket = await producer.submit({ id: 1 });
  await assert.rejects(ticket.ack(), hasCode("not_found"));
  assert.equal((await producer.close()).length, 1);
});

test("does not wait for the next attempt once a server that refused connections takes them again", async () => {
  const clock = new ManualClock();
  const first = await ScriptedServer.start([serveEverything]);
  const producer = await Producer.open(
    {
      endpoint: first.url,
      table: TABLE,
      auth: "none",
      retry: { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    },
    { clock, random: () => 0.9 },
  );
  await (await producer.submit({ id: 0 })).ack();
  await first.close();
  const inBackoff = (): boolean => producer.health().reason?.includes("Cannot connect") === true;
  while (!inBackoff()) await new Promise<void>((resolve) => setImmediate(resolve));
  // Nothing waits, so nothing asks for the server.
  const idleTimers = clock.timerCount;
  const ticket = await producer.submit({ id: 1 });
  await untilQuiet(() => false);
  assert.equal(clock.timerCount, idleTimers + 1);
  for (let step = 0; step < 10; step++) {
    clock.advance(150);
    await untilQuiet(() => false);
  }
  await using server = await ScriptedServer.start([serveEverything], { port: first.port });
  while (server.connectionCount === 0) {
    clock.advance(50);
    await untilQuiet(() => false);
  }
  await ticket.ack();
  assert.equal(server.streams.length, 1);
  assert.ok(clock.nowMs() < 3_600_000, `${clock.nowMs()} ms, the wait was an hour`);
  assert.deepEqual(await producer.close(), []);
});

test("does not ask for a server again that takes connections and refuses streams", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 1, -1),
    refuse("UNAVAILABLE"),
  ]);
  const producer = await Producer.open(
    { endpoint: server.url, table: TABLE, auth: "none", onEvent: () => signal.notify() },
    { clock, random: () => 1 },
  );
  await producer.submit({ id: 0 });
  await signal.until(() => producer.health().status === "down");
  await untilQuiet(() => server.streams.length >= 2);
  for (let step = 0; step < 10; step++) {
    clock.advance(19);
    await untilQuiet(() => false);
  }
  assert.equal(server.streams.length, 2);
  assert.equal(server.connectionCount, 1);
  const closing = producer.close({ deadlineMs: 0 });
  clock.advance(1);
  assert.equal((await closing).length, 1);
});

test("outlasts an outage of ten minutes with growing waits, and delivers at its end", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  let away = false;
  let attempts = 0;
  const script: StreamScript = async (call) => {
    if (!away) return serveEverything(call);
    attempts++;
    return refuse("UNAVAILABLE")(call);
  };
  await using server = await ScriptedServer.start([script]);
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    { clock, random: () => 1 },
  );
  await (await producer.submit({ id: 0 })).ack();
  away = true;
  server.disconnectAll();
  await signal.until(() => producer.health().status === "down");
  const ticket = await producer.submit({ id: 1 });
  const outageEndsMs = clock.nowMs() + 600_000;
  while (clock.nowMs() < outageEndsMs) {
    const before = attempts;
    clock.advance(1_000);
    await untilQuiet(() => attempts !== before);
  }
  assert.ok(attempts >= 20 && attempts <= 40, `${attempts} attempts`);
  const health = producer.health();
  assert.equal(health.status, "down");
  assert.equal(health.category, "connection");
  assert.equal(health.oldestUnacknowledgedMs, 600_000);
  away = false;
  clock.advance(30_000);
  await ticket.ack();
  assert.equal(producer.health().status, "healthy");
  assert.deepEqual(await producer.close(), []);
  const changes = events.filter((event) => event.kind === "healthChanged");
  assert.deepEqual(
    changes.map((event) => event.health.status),
    ["healthy", "down", "healthy", "down"],
  );
});

/** Gives sockets their turn: a few rounds of the event loop, more while something happens. */
async function untilQuiet(happened: () => boolean): Promise<void> {
  for (let round = 0; round < (happened() ? 12 : 6); round++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

test("gives a silent server up and sends to the next connection", async () => {
  const clock = new ManualClock();
  const silent: StreamScript = async (call) => {
    await call.accept();
    await call.untilClosed();
  };
  await using server = await ScriptedServer.start([silent, serveEverything]);
  const producer = await Producer.open(
    { endpoint: server.url, table: TABLE, auth: "none", ackTimeoutMs: 5_000 },
    { clock, random: () => 0 },
  );
  const ticket = await producer.submit({ id: 1 });
  await (await server.stream(0)).received(1);
  clock.advance(5_000);
  await ticket.ack();
  assert.equal(server.connectionCount, 2);
  assert.deepEqual(await producer.close(), []);
});

test("fails when the budget of attempts is spent, and when that of time is", async () => {
  for (const retry of [{ maxAttempts: 3 }, { maxElapsedMs: 0 }]) {
    await using server = await ScriptedServer.start([
      acceptThenEnd("UNAVAILABLE", 1, -1),
      refuse("UNAVAILABLE"),
    ]);
    const producer = await openProducer(server, {
      retry: { firstDelayMs: 1, maxDelayMs: 2, ...retry },
    });
    const ticket = await producer.submit({ id: 1 });
    await assert.rejects(ticket.ack(), hasCode("unavailable"));
    assert.equal((await producer.close()).length, 1);
  }
});

test("opens without a server when told not to wait, and delivers once there is one", async () => {
  const server = await ScriptedServer.start();
  const { port, url } = server;
  await server.close();
  const producer = await Producer.open({
    endpoint: url,
    table: TABLE,
    auth: "none",
    openTimeoutMs: 0,
    retry: { firstDelayMs: 5, maxDelayMs: 10 },
  });
  const ticket = await producer.submit({ id: 1 });
  await using later = await ScriptedServer.start([serveEverything], { port });
  await ticket.ack();
  assert.deepEqual(receivedTexts(await later.stream(0)), ['{"id":1}']);
  assert.deepEqual(await producer.close(), []);
});

test("has the next stream open before the one announced to end is given up", async () => {
  let secondOpened = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    secondOpened = resolve;
  });
  const first: StreamScript = async (call) => {
    await call.accept();
    await call.received(1);
    call.signalClose(2_147_483_000);
    // Acknowledged only once the next stream is there: the test ends only if that does not wait for this.
    await opened;
    call.ack(0);
    await call.untilClosed();
  };
  const second: StreamScript = async (call) => {
    await call.accept();
    secondOpened();
    await call.serve();
  };
  await using server = await ScriptedServer.start([first, second]);
  const producer = await openProducer(server);
  const ticket = await producer.submit({ id: 1 });
  await ticket.ack();
  const behind = await producer.submit({ id: 2 });
  await behind.ack();
  assert.deepEqual(await producer.close(), []);
  assert.equal(server.streams.length, 2);
  assert.deepEqual(server.failures, []);
});

test("gives the stream opened early up when the producer closes first", async () => {
  const first: StreamScript = async (call) => {
    await call.accept();
    await call.received(1);
    call.signalClose(60_000);
    await call.untilClosed();
  };
  await using server = await ScriptedServer.start([first, serveEverything]);
  const producer = await openProducer(server);
  await producer.submit({ id: 1 });
  const next = await server.stream(1);
  await next.created();
  assert.equal((await producer.close({ deadlineMs: 0 })).length, 1);
  await next.untilClosed();
  assert.equal(next.messages.length, 0);
});
