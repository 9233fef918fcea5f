// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import {
  Producer,
  ProducerMetrics,
  RecordType,
  ZerobusSdk,
  type ZerobusStream,
} from "@sluice/client";
import { parseColumnList } from "@sluice/delta";
import { ManualClock, Signal } from "@sluice/testkit";
import {
  type FaultNotice,
  parseFaults,
  type SluiceServer,
  startFaultyServer,
} from "../../src/index.ts";
import { ManualServerClock } from "../support/manual-clock.ts";
import { makeDirectory, requestToken, rowsOf } from "../support/test-server.ts";

const TABLE = "main.default.faults";

interface Faulty extends AsyncDisposable {
  readonly server: SluiceServer;
  readonly notices: FaultNotice[];
  /** Resolves once a fault of this name has happened. */
  happened(fault: string): Promise<void>;
}

async function faultyServer(plan: string, clock?: ManualServerClock): Promise<Faulty> {
  const dataDirectory = await makeDirectory();
  const notices: FaultNotice[] = [];
  const signal = new Signal();
  const server = await startFaultyServer(
    { dataDirectory, commitIntervalMs: 50, drainTimeoutMs: 500, logSegmentBytes: 16_777_216 },
    parseFaults(plan),
    {
      onFault: (notice) => {
        notices.push(notice);
        signal.notify();
      },
    },
    clock === undefined ? {} : { clock },
  );
  await server.createTable(TABLE, parseColumnList("id BIGINT NOT NULL"));
  return {
    server,
    notices,
    happened: (fault) => signal.until(() => notices.some((notice) => notice.fault === fault)),
    async [Symbol.asyncDispose]() {
      const closed = server.close();
      // Streams that are still there are not waited for.
      clock?.advance(5_000);
      await closed;
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

interface TestStream {
  readonly stream: ZerobusStream;
  /** Notified of each change. */
  readonly signal: Signal;
}

async function openStream(server: SluiceServer): Promise<TestStream> {
  const signal = new Signal();
  const sdk = new ZerobusSdk(server.endpoint, server.workspaceUrl, {
    keepaliveIntervalMs: 200,
    keepaliveTimeoutMs: 200,
    connectTimeoutMs: 1_000,
    tokenTimeoutMs: 300,
  });
  const { clientId = "", clientSecret = "" } = server.credentials ?? {};
  const stream = await sdk.createStream({ tableName: TABLE }, clientId, clientSecret, {
    recordType: RecordType.Json,
    recoveryBackoffMs: 20,
    recoveryRetries: 1_000,
    recoveryTimeoutMs: 1_000,
    serverLackOfAckTimeoutMs: 1_000,
    maxInflightRequests: 100,
    flushTimeoutMs: 5_000,
    onStateChange: () => signal.notify(),
  });
  return { stream, signal };
}

/** Sends until `done` resolves, then some more, and closes. @returns how many records were sent. */
async function sendUntil(done: Promise<void>, stream: ZerobusStream): Promise<number> {
  let count = 0;
  const progress = { isDone: false };
  const finished = done.finally(() => {
    progress.isDone = true;
  });
  while (!progress.isDone) {
    await stream.ingestRecordOffset({ id: count++ });
    if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await finished;
  for (let more = 0; more < 500; more++) await stream.ingestRecordOffset({ id: count++ });
  await stream.close();
  return count;
}

/** Every id from 0 is in the table, the first occurrence of each behind that of the one before. */
async function assertAllThere(server: SluiceServer, count: number): Promise<number> {
  const rows = await rowsOf(server, TABLE);
  const ids = rows.map((row) => Number(row["id"]));
  const inOrder = Array.from({ length: count }, (_, id) => id);
  assert.deepEqual([...new Set(ids)], inOrder);
  return rows.length - count;
}

const SURVIVED: Readonly<Record<string, string>> = {
  drop: "drop=every 1s",
  blackhole: "blackhole=every 3s for 1500ms",
  away: "away=every 2s for 500ms",
  rotate: "rotate=every 1s grace 50ms",
  end: "end=every 1s with INTERNAL",
  "ack-hold": "ack-hold=every 3s for 2s",
  "ack-loss": "ack-loss=every 1s",
};

describe("a server with faults", () => {
  for (const [fault, plan] of Object.entries(SURVIVED)) {
    it(`has a client reconnect and lose nothing: ${plan}`, async (t) => {
      await using faulty = await faultyServer(plan);
      const { stream, signal } = await openStream(faulty.server);
      const survive = async (): Promise<void> => {
        await faulty.happened(fault);
        await signal.until(() => stream.reconnects >= 1 && stream.state === "streaming");
      };
      const count = await sendUntil(survive(), stream);
      const duplicates = await assertAllThere(faulty.server, count);
      t.diagnostic(`${count} records, ${duplicates} more than once`);
    });
  }

  it("stores what the lost ack was for, so that the client's resending makes duplicates", async () => {
    await using faulty = await faultyServer("ack-loss=20%");
    const { stream } = await openStream(faulty.server);
    const count = await sendUntil(faulty.happened("ack-loss"), stream);
    assert.ok((await assertAllThere(faulty.server, count)) > 0);
  });

  for (const plan of ["ack-delay=20ms..60ms", "latency=5ms..20ms", "bandwidth=20kB/s"]) {
    it(`carries everything, without a reconnect: ${plan}`, async () => {
      await using faulty = await faultyServer(plan);
      const { stream } = await openStream(faulty.server);
      for (let id = 0; id < 500; id++) await stream.ingestRecordOffset({ id });
      await stream.close();
      assert.equal(await assertAllThere(faulty.server, 500), 0);
      assert.equal(stream.reconnects, 0);
    });
  }

  it("throttles without an error: only what the rate allows is acknowledged, in the end everything", async () => {
    const clock = new ManualServerClock();
    await using faulty = await faultyServer("throttle=400/s", clock);
    const { stream } = await openStream(faulty.server);
    for (let id = 0; id < 100; id++) await stream.ingestRecordOffset({ id });
    // A tenth of a second's worth is free; the clock stands still.
    await stream.waitForOffset(39n);
    assert.equal(stream.acknowledgedRequests, 40);
    clock.advance(1_000);
    await stream.close();
    assert.equal(stream.acknowledgedRequests, 100);
    assert.equal(stream.reconnects, 0);
  });

  it("throttles so that a producer tells the ceiling and adds a stream", async () => {
    const serverClock = new ManualServerClock();
    const clock = new ManualClock();
    await using faulty = await faultyServer("throttle=400/s", serverClock);
    const signal = new Signal();
    const ceilings: number[] = [];
    const laneCounts: number[] = [];
    const metrics = new ProducerMetrics({ table: TABLE });
    const producer = await Producer.open(
      {
        endpoint: faulty.server.endpoint,
        unityCatalogUrl: faulty.server.workspaceUrl,
        table: TABLE,
        auth: {
          clientId: faulty.server.credentials?.clientId ?? "",
          clientSecret: faulty.server.credentials?.clientSecret ?? "",
        },
        lanes: { min: 1, max: 2 },
        maxInflightRecords: 5_000,
        throttleDetection: { windowMs: 6_000 },
        metrics,
        onAck: () => signal.notify(),
        onEvent: (event) => {
          if (event.kind === "throttled") ceilings.push(event.report.recordsPerSecond);
          if (event.kind === "laneCountChanged") laneCounts.push(event.to);
          signal.notify();
        },
      },
      { clock, random: () => 0.5 },
    );
    const load = { on: true };
    const submitting = (async () => {
      for (let id = 0; load.on; id++) await producer.submit({ id });
    })();
    // A tenth of a second's worth is free.
    await signal.until(() => metrics.snapshot().acknowledgedRecords >= 40);
    for (let step = 1; ceilings.length === 0; step++) {
      const before = metrics.snapshot().acknowledgedRecords;
      serverClock.advance(20);
      await signal.until(() => metrics.snapshot().acknowledgedRecords >= before + 8);
      if (step % 50 === 0) clock.advance(1_000);
    }
    assert.ok(Math.abs((ceilings[0] ?? 0) - 400) <= 40, String(ceilings[0]));
    await signal.until(() => laneCounts.length > 0);
    assert.deepEqual(laneCounts, [2]);
    assert.equal(producer.health().status, "degraded");
    load.on = false;
    const closed = producer.close();
    const isClosed = closed.then(() => true);
    while ((await Promise.race([isClosed, new Promise(setImmediate)])) !== true) {
      serverClock.advance(100);
      clock.advance(10);
    }
    await submitting;
    assert.deepEqual(await closed, []);
  });

  it("refuses streams with the status it is told", async () => {
    await using faulty = await faultyServer("refuse=100% with PERMISSION_DENIED");
    await assert.rejects(openStream(faulty.server), { code: "permission_denied" });
    assert.ok(faulty.notices.some(({ text }) => text.includes("PERMISSION_DENIED")));
  });

  it("refuses, breaks and holds token requests", async () => {
    const answers: Readonly<Record<string, number>> = { refuse: 401, error: 500, "slow 20ms": 200 };
    for (const [how, status] of Object.entries(answers)) {
      await using faulty = await faultyServer(`token=${how}`);
      assert.equal((await requestToken(faulty.server)).status, status, how);
    }
    const faulty = await faultyServer("token=hang");
    const answer = requestToken(faulty.server).then(
      () => "answered",
      () => "failed",
    );
    await faulty.happened("token");
    await faulty[Symbol.asyncDispose]();
    assert.ok(["answered", "failed"].includes(await answer));
  });

  it("has a client get through a token endpoint that fails now and then", async () => {
    await using faulty = await faultyServer("token=error 50%; drop=every 100ms; seed=5");
    const { stream } = await openStream(faulty.server);
    const count = await sendUntil(faulty.happened("drop"), stream);
    await assertAllThere(faulty.server, count);
  });

  it("closes in the middle of every fault that lasts", async () => {
    const plan = "blackhole=at 50ms for 1h; ack-hold=at 50ms for 1h; away=at 100ms for 1h";
    const clock = new ManualServerClock();
    const faulty = await faultyServer(plan, clock);
    const { stream } = await openStream(faulty.server);
    clock.advance(100);
    await faulty.happened("away");
    await stream.ingestRecordOffset({ id: 0 });
    await faulty[Symbol.asyncDispose]();
    await assert.rejects(stream.close(), { code: "deadline_exceeded" });
  });

  it("says what happens without naming the client's secret", async () => {
    await using faulty = await faultyServer("token=refuse 1%; drop=every 50ms");
    await faulty.happened("drop");
    const secret = faulty.server.credentials?.clientSecret ?? "";
    assert.ok(secret !== "" && !JSON.stringify(faulty.notices).includes(secret));
  });
});
