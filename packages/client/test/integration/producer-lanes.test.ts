// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Producer, type ProducerEvent, type Ticket } from "@sluice/client";
import {
  createRandom,
  ManualClock,
  ScriptedServer,
  type ScriptedStream,
  Signal,
  type StreamScript,
  serveEverything,
} from "@sluice/testkit";
import { hasCode, TABLE } from "./helpers.ts";
import { openProducer, validatingServer } from "./producer-helpers.ts";

interface Reading {
  readonly key: number;
  readonly count: number;
}

/** The order in which each key's records were acknowledged first. */
function firstSeen(texts: readonly string[]): Map<number, number[]> {
  const perKey = new Map<number, number[]>();
  for (const text of new Set(texts)) {
    const { key, count } = JSON.parse(text) as Reading;
    const list = perKey.get(key) ?? [];
    list.push(count);
    perKey.set(key, list);
  }
  return perKey;
}

test("keeps the order of each key over lanes, drops and changes of their number", async () => {
  const seed = Math.floor(Math.random() * 1e9);
  const random = createRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const taken: string[] = [];
  const flaky: StreamScript = async (call) => {
    const endAfter = 5 + below(55);
    call.onMessage((message) => {
      taken.push(...message.records.map((record) => record.toString()));
      if (call.messages.length >= endAfter) call.end("UNAVAILABLE", "flaky");
      else if (below(2) > 0) setImmediate(() => call.ack(message.offsetId));
    });
    await call.accept();
    await call.untilHalfClosed();
    const last = call.messages.at(-1);
    if (last !== undefined) call.ack(last.offsetId);
    call.end();
  };
  const calm: StreamScript = async (call) => {
    call.onMessage((message) => {
      taken.push(...message.records.map((record) => record.toString()));
      call.ack(message.offsetId);
    });
    await call.accept();
    await call.untilHalfClosed();
    call.end();
  };
  await using server = await ScriptedServer.start([
    ...Array.from({ length: 30 }, () => flaky),
    calm,
  ]);
  const producer = await openProducer<Reading>(server, {
    lanes: { min: 4, key: (record) => record.key },
    maxInflightRecords: 200,
  });
  const counts = new Map<number, number>();
  const submitted: Promise<Ticket>[] = [];
  for (let index = 0; index < 2_000; index++) {
    const key = below(30);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    submitted.push(producer.submit({ key, count }));
    if (index % 50 === 0) await submitted.at(-1);
  }
  await producer.flush();
  for (const [key, seen] of firstSeen(taken)) {
    const expected = Array.from({ length: counts.get(key) ?? 0 }, (_, count) => count);
    assert.deepEqual(seen, expected, `key ${key}, seed ${seed}`);
  }
  assert.deepEqual(await producer.close(), []);
  assert.equal(producer.pendingCount, 0);
});

test("goes on with the other lanes while one is away", async () => {
  const signal = new Signal();
  const calls: ScriptedStream[] = [];
  const script: StreamScript = async (call) => {
    calls.push(call);
    await call.accept();
    if (calls.length === 1) await call.untilClosed();
    else await call.serve();
  };
  await using server = await ScriptedServer.start([script]);
  const producer = await openProducer<Reading>(server, {
    lanes: { min: 2, key: (record) => record.key },
    maxInflightRecords: 20,
    onAck: () => signal.notify(),
  });
  const pending: Promise<unknown>[] = [];
  let acknowledged = 0;
  for (let key = 0; key < 400; key++) {
    const settled = producer
      .submit({ key, count: 0 })
      .then((ticket) => ticket.ack())
      .then(() => {
        acknowledged++;
      });
    pending.push(settled.catch(() => undefined));
  }
  await signal.until(() => acknowledged > 150);
  assert.ok(acknowledged < 300);
  const away = producer.health().lanes.filter((lane) => lane.unacknowledgedRecords === 10);
  assert.ok(away.length > 0);
  const left = await producer.close({ deadlineMs: 1 });
  assert.ok(left.length >= 10 && left.length <= 20);
  await Promise.all(pending);
  assert.equal(producer.pendingCount, 0);
});

test("gives a call without a key to whichever lane has room first", async () => {
  const script: StreamScript = async (call) => {
    await call.accept();
    await call.untilClosed();
  };
  await using server = await ScriptedServer.start([script]);
  const producer = await openProducer(server, { lanes: { min: 2 }, maxInflightRecords: 20 });
  const submitted = Array.from({ length: 30 }, (_, id) => producer.submit({ id }));
  const call = await server.stream(1);
  await call.received(10);
  call.ack(9);
  await Promise.all(submitted);
  await call.received(20);
  assert.equal((await producer.close({ deadlineMs: 1 })).length, 20);
});

test("adds lanes while callers wait, gives them up when idle, and keeps the order of each key", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  const taken: string[] = [];
  const gates: (() => void)[] = [];
  const script: StreamScript = async (call) => {
    call.onMessage((message) => {
      taken.push(...message.records.map((record) => record.toString()));
      gates.push(() => call.ack(message.offsetId));
      signal.notify();
    });
    await call.accept();
    await call.untilHalfClosed();
    call.end();
  };
  await using server = await ScriptedServer.start([script]);
  const producer = await Producer.open<Reading>(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      lanes: { min: 1, max: 3, key: (record) => record.key },
      maxInflightRecords: 30,
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  const laneCounts = (): number[] =>
    events.flatMap((event) => (event.kind === "laneCountChanged" ? [event.to] : []));
  const submitted: Promise<Ticket>[] = [];
  const submitAll = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      submitted.push(producer.submit({ key: index % 20, count: Math.floor(index / 20) }));
    }
  };
  submitAll(0, 150);
  await signal.until(() => taken.length === 30);
  for (const laneCount of [2, 3]) {
    clock.advance(1_000);
    clock.advance(1_000);
    await signal.until(() => laneCounts().at(-1) === laneCount);
  }
  submitAll(150, 300);
  const acknowledging = (async () => {
    for (let done = 0; done < 300; done++) {
      await signal.until(() => gates.length > done);
      gates[done]?.();
    }
  })();
  await producer.flush();
  await acknowledging;
  for (const [key, seen] of firstSeen(taken)) {
    assert.deepEqual(
      seen,
      Array.from({ length: 15 }, (_, count) => count),
      `key ${key}`,
    );
  }
  assert.ok(server.streams.every((call) => call.messages.length > 0));
  for (let second = 0; second < 70; second++) clock.advance(1_000);
  await signal.until(() => laneCounts().at(-1) === 1);
  assert.equal(producer.health().lanes.length, 1);
  await Promise.all(submitted);
  assert.deepEqual(await producer.close(), []);
});

test("splits a batch by key, finds its refused record, and settles the ticket once all is settled", async () => {
  const taken: string[] = [];
  await using server = await ScriptedServer.start([
    validatingServer((text) => text.includes('"count":-1'), taken),
  ]);
  const producer = await openProducer<Reading>(server, {
    lanes: { min: 3, key: (record) => record.key },
    onInvalidRecord: "skip",
  });
  const good = await producer.submitBatch(
    Array.from({ length: 60 }, (_, key) => ({ key, count: 0 })),
  );
  const bad = await producer.submitBatch(
    Array.from({ length: 60 }, (_, key) => ({ key, count: key === 41 ? -1 : 1 })),
  );
  await producer.flush();
  await good.ack();
  await assert.rejects(bad.ack(), hasCode("invalid_argument"));
  assert.equal(new Set(taken).size, 119);
  const empty = await producer.submitBatch([]);
  await empty.ack();
  assert.deepEqual(await producer.close(), []);
});

test("refuses records over the limit before sending and splits batches under the limit of a request", async () => {
  await using server = await ScriptedServer.start([serveEverything]);
  const producer = await openProducer(server);
  await assert.rejects(
    producer.submit({ text: "x".repeat(10_485_760) }),
    hasCode("invalid_argument", "10485760"),
  );
  const large = { text: "x".repeat(4_000_000) };
  const ticket = await producer.submitBatch([large, large, large, large, large]);
  await ticket.ack();
  const call = await server.stream(0);
  assert.deepEqual(
    call.messages.map((message) => message.records.length),
    [2, 2, 1],
  );
  assert.deepEqual(await producer.close(), []);
});
