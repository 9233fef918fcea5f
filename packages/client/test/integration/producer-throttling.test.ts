// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Logger,
  Producer,
  type ProducerEvent,
  ProducerMetrics,
  type RateLimiter,
} from "@sluice/client";
import {
  ManualClock,
  ScriptedServer,
  type ScriptedStream,
  Signal,
  type StreamScript,
  serveEverything,
} from "@sluice/testkit";
import { receivedTexts, TABLE } from "./helpers.ts";

/** Accepts and takes, and acknowledges only when the test says so. */
const acceptOnly: StreamScript = async (call) => {
  await call.accept();
  await call.untilHalfClosed();
  call.end();
};

test("tells of a stream that is throttled silently, with its ceiling, and adds lanes", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  const lines: { readonly level: string; readonly text: string }[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, text: `${message} ${JSON.stringify(fields)}` });
  const logger: Logger = {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  const metrics = new ProducerMetrics({ table: TABLE });
  await using server = await ScriptedServer.start([acceptOnly]);
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      lanes: { min: 1, max: 2 },
      maxInflightRecords: 2_000,
      throttleDetection: { windowMs: 6_000 },
      metrics,
      logger,
      onAck: () => signal.notify(),
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    { clock, random: () => 0.5 },
  );
  const load = { on: true };
  const submitted = (async () => {
    for (let id = 0; load.on; id++) await producer.submit({ id });
  })();
  const acknowledged = (): number => metrics.snapshot().acknowledgedRecords;
  const perSecond = new Map<ScriptedStream, number>();
  /** One second in which each open stream has a hundred records acknowledged. */
  const second = async (): Promise<void> => {
    const before = acknowledged();
    let count = 0;
    for (const call of server.streams) {
      const done = (perSecond.get(call) ?? 0) + 100;
      if (call.index === 0) await call.received(done);
      else await new Promise(setImmediate);
      if (call.messages.length < done) continue;
      perSecond.set(call, done);
      call.ack(done - 1);
      count += 100;
    }
    await signal.until(() => acknowledged() === before + count);
    clock.advance(1_000);
  };
  const throttled = (): ProducerEvent | undefined =>
    events.find((event) => event.kind === "throttled");
  while (throttled() === undefined) await second();
  const event = throttled();
  assert.ok(event?.kind === "throttled");
  assert.equal(event.report.recordsPerSecond, 100);
  assert.equal(
    event.streamId,
    server.streams[event.lane]?.index === 0 ? "test-stream-0" : "test-stream-1",
  );
  assert.match(event.report.advice, /lanes/);
  assert.equal(producer.health().status, "degraded");
  assert.equal(producer.health().category, "throttling");
  assert.match(producer.health().reason ?? "", /100 records .* per second.*lanes/);
  const { gauges, throttlings } = metrics.snapshot();
  assert.ok(throttlings >= 1 && gauges !== undefined);
  assert.equal(gauges.throttledRecordsPerSecond, 100 * gauges.throttledLanes);
  assert.ok(
    lines.some(({ level, text }) => level === "warn" && /"recordsPerSecond":100\b/.test(text)),
  );
  assert.ok(
    lines.some(
      ({ level, text }) => level === "warn" && /"to":"degraded"|"status":"degraded"/.test(text),
    ),
  );
  await signal.until(() => events.some(({ kind }) => kind === "laneCountChanged"));
  assert.equal(producer.health().lanes.length, 2);
  // Without callers that wait the service is not what holds the stream back.
  const serving = server.streams.map(async (call) => {
    for (;;) {
      const last = call.messages.at(-1);
      if (last !== undefined && last.offsetId >= (perSecond.get(call) ?? 0))
        call.ack(last.offsetId);
      if (call.closed || call.halfClosed) return;
      await call.received(call.messages.length + 1);
    }
  });
  load.on = false;
  await submitted;
  await producer.flush();
  for (let count = 0; count < 5; count++) clock.advance(1_000);
  assert.equal(producer.health().status, "healthy");
  assert.equal(metrics.snapshot().gauges?.throttledLanes, 0);
  assert.deepEqual(await producer.close(), []);
  await Promise.all(serving);
});

test("does not look for throttling when told so", async () => {
  const clock = new ManualClock();
  await using server = await ScriptedServer.start([acceptOnly]);
  const signal = new Signal();
  const events: ProducerEvent[] = [];
  let acknowledged = 0;
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      maxInflightRecords: 10,
      throttleDetection: "none",
      onAck: (offset) => {
        acknowledged = Number(offset) + 1;
        signal.notify();
      },
      onEvent: (event) => void events.push(event),
    },
    { clock, random: () => 0.5 },
  );
  const submitted = Array.from({ length: 200 }, (_, id) => producer.submit({ id }));
  const call = await server.stream(0);
  for (let done = 1; done < 60; done++) {
    await call.received(done);
    call.ack(done - 1);
    await signal.until(() => acknowledged === done);
    clock.advance(1_000);
  }
  assert.deepEqual(
    events.filter(({ kind }) => kind === "throttled"),
    [],
  );
  const closed = producer.close({ deadlineMs: 0 });
  clock.advance(0);
  await closed;
  await Promise.allSettled(submitted);
});

test("waits longer each time the service refuses for want of capacity, and sends slower", async () => {
  const clock = new ManualClock();
  const signal = new Signal();
  const metrics = new ProducerMetrics({ table: TABLE });
  const refusing: StreamScript = async (call) => {
    await call.accept();
    await call.received(1);
    call.ack(call.messages.length - 1);
    call.end("RESOURCE_EXHAUSTED", "slow down");
  };
  await using server = await ScriptedServer.start([refusing, refusing, refusing, serveEverything]);
  const waits: number[] = [];
  const events: ProducerEvent[] = [];
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      metrics,
      onAck: () => signal.notify(),
      onEvent: (event) => {
        events.push(event);
        signal.notify();
      },
    },
    {
      clock: {
        nowMs: () => clock.nowMs(),
        startTimer: (delayMs, callback) => {
          if (delayMs < 1_000 && delayMs >= 100) waits.push(delayMs);
          return clock.startTimer(delayMs, callback);
        },
      },
      random: () => 0.5,
    },
  );
  const lost = (): number =>
    events.filter((event) => event.kind === "laneStateChanged" && event.to === "reconnecting")
      .length;
  const back = (): number => metrics.snapshot().reconnects.throttling;
  const texts: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let id = 0; id < 400; id++) await producer.submit({ round, id });
    while (lost() <= round) {
      await Promise.race([signal.until(() => lost() > round), new Promise(setImmediate)]);
      clock.advance(1);
    }
    assert.equal(server.streams.length, round + 1, "no attempt before the wait is over");
    const slowedTo = producer.health().lanes[0]?.slowedTo;
    assert.ok(slowedTo !== undefined && slowedTo.recordsPerSecond < 400);
    clock.advance(800);
    await signal.until(() => back() === round + 1);
  }
  assert.deepEqual(waits.slice(0, 3), [150, 300, 600]);
  const flushed = producer.flush();
  while (metrics.snapshot().gauges?.inflightRecords !== 0) {
    await new Promise(setImmediate);
    clock.advance(10);
  }
  await flushed;
  for (const call of server.streams) texts.push(...receivedTexts(call));
  assert.equal(new Set(texts).size, 1_200);
  assert.deepEqual(await producer.close(), []);
});

test("counts what is sent again, and what is sent to find a refused record, against the limiter", async () => {
  let taken = 0;
  const limiter = (): RateLimiter => ({
    tryTake: (recordCount) => {
      taken += recordCount;
      return 0;
    },
  });
  const dropping: StreamScript = async (call) => {
    await call.accept();
    await call.received(10);
    call.end("UNAVAILABLE", "gone");
  };
  const refusing: StreamScript = async (call) => {
    call.onMessage((message) => {
      const text = message.records.join("");
      if (text.includes('"id":3')) call.end("INVALID_ARGUMENT", "wrong");
      else call.ack(message.offsetId);
    });
    await call.accept();
    await call.untilHalfClosed();
    call.end();
  };
  await using server = await ScriptedServer.start([dropping, refusing]);
  const metrics = new ProducerMetrics({ table: TABLE });
  const producer = await Producer.open({
    endpoint: server.url,
    table: TABLE,
    auth: "none",
    onInvalidRecord: "skip",
    retry: { firstDelayMs: 1 },
    limiter,
    metrics,
  });
  for (let id = 0; id < 10; id++) await producer.submit({ id });
  await producer.flush();
  assert.deepEqual(await producer.close(), []);
  const { sentRecords } = metrics.snapshot();
  assert.ok(sentRecords > 20);
  assert.equal(taken, sentRecords);
});

test("holds back what is sent again until the limiter has room, and tells how much waits", async () => {
  const clock = new ManualClock();
  let room = 10;
  const limiter = (): RateLimiter => ({
    tryTake: (recordCount) => {
      if (room < recordCount) return 50;
      room -= recordCount;
      return 0;
    },
  });
  const dropping: StreamScript = async (call) => {
    await call.accept();
    await call.received(10);
    call.end("UNAVAILABLE", "gone");
  };
  await using server = await ScriptedServer.start([dropping, acceptOnly]);
  const metrics = new ProducerMetrics({ table: TABLE });
  const producer = await Producer.open(
    { endpoint: server.url, table: TABLE, auth: "none", limiter, metrics },
    { clock, random: () => 0 },
  );
  for (let id = 0; id < 10; id++) await producer.submit({ id });
  const second = await server.stream(1);
  await second.created();
  assert.equal(metrics.snapshot().gauges?.inflightRecords, 10);
  room = 4;
  const call = server.streams[1];
  assert.ok(call !== undefined);
  while (call.messages.length < 4) {
    await Promise.race([call.received(4), new Promise(setImmediate)]);
    clock.advance(50);
  }
  assert.equal(call.messages.length, 4);
  assert.equal(metrics.snapshot().gauges?.queuedRecords, 6);
  room = 6;
  clock.advance(50);
  await call.received(10);
  assert.equal(metrics.snapshot().gauges?.queuedRecords, 0);
  call.ack(9);
  await producer.flush();
  assert.deepEqual(await producer.close(), []);
});
