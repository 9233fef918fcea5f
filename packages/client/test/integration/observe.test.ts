// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import {
  type LogFields,
  type Logger,
  observers,
  openTelemetry,
  Producer,
  ProducerMetrics,
  ZerobusError,
} from "@sluice/client";
import {
  makeGate,
  ScriptedServer,
  type ScriptedStream,
  serveEverything,
  Signal,
  type StreamScript,
  TokenServer,
} from "@sluice/testkit";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";
import { hasCode, TABLE } from "./helpers.ts";
import { acceptThenEnd, openProducer } from "./producer-helpers.ts";

/** The real SDK behind the part of the API that is used. */
function realSdk(): {
  readonly api: Parameters<typeof openTelemetry>[0]["api"] & object;
  readonly reader: PeriodicExportingMetricReader;
  readonly exporter: InMemoryMetricExporter;
  readonly spans: InMemorySpanExporter;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracers = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
  });
  return {
    api: {
      metrics: { getMeter: (name, version) => meters.getMeter(name, version) },
      trace: { getTracer: (name, version) => tracers.getTracer(name, version) },
    },
    reader,
    exporter,
    spans,
  };
}

test("feeds a real OpenTelemetry SDK and a page from a producer that loses its stream", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 3, 0),
    serveEverything,
  ]);
  const sdk = realSdk();
  const metrics = new ProducerMetrics({ table: TABLE });
  const origin = { endpoint: "localhost:50051", table: TABLE };
  const telemetry = await openTelemetry({ ...origin, metrics, api: sdk.api });
  assert.ok(telemetry !== undefined);
  const observer = observers(metrics, telemetry);
  const producer = await openProducer(server, { observer });
  metrics.watch(producer);
  for (let id = 0; id < 3; id++) await producer.submit({ id });
  await producer.flush();

  await sdk.reader.forceFlush();
  const [resource] = sdk.exporter.getMetrics();
  const points = new Map(
    resource?.scopeMetrics
      .flatMap(({ metrics: list }) => list)
      .map(({ descriptor, dataPoints }) => [descriptor.name, { descriptor, dataPoints }]),
  );
  const value = (name: string): unknown => points.get(name)?.dataPoints[0]?.value;
  assert.equal(value("sluice.producer.submitted_records"), 3);
  assert.equal(value("sluice.producer.acknowledged_records"), 3);
  assert.equal(value("sluice.producer.inflight_records"), 0);
  assert.deepEqual(points.get("sluice.producer.submitted_bytes")?.descriptor.unit, "By");
  const latency = value("sluice.producer.ack_latency") as { readonly count: number };
  assert.equal(latency.count, metrics.snapshot().ackLatency.count);
  assert.ok(latency.count >= 2);
  const reconnects = points.get("sluice.producer.reconnects")?.dataPoints ?? [];
  assert.deepEqual(
    reconnects.filter(({ value: count }) => count === 1).map(({ attributes }) => attributes),
    [{ table: TABLE, cause: "connection" }],
  );
  assert.match(metrics.toPrometheusText(), /reconnects_total\{[^}]*cause="connection"\} 1\n/);

  await producer.close();
  telemetry.stop();
  const names = sdk.spans.getFinishedSpans().map(({ name }) => name);
  assert.ok(names.includes("sluice.producer.stream.open"));
  assert.ok(names.includes("sluice.producer.stream.reconnect"));
  const reconnect = sdk.spans.getFinishedSpans().find(({ name }) => name.endsWith("reconnect"));
  assert.equal(reconnect?.attributes["sluice.table"], TABLE);
  assert.equal(reconnect?.attributes["server.port"], 50_051);
  assert.equal(reconnect?.parentSpanContext, undefined);
  assert.equal(observer.failedCalls, 0);
});

test("ends a span with an error that says its code and no secret", async () => {
  const sdk = realSdk();
  const metrics = new ProducerMetrics({ table: TABLE });
  const origin = { endpoint: "localhost", table: TABLE };
  const telemetry = await openTelemetry({ ...origin, metrics, api: sdk.api, secrets: ["hush"] });
  const error = new ZerobusError("unauthenticated", "refused hush and Bearer abc");
  telemetry?.flushed?.(25, error);
  telemetry?.closed?.(5, 2);
  const [flush, close] = sdk.spans.getFinishedSpans();
  assert.equal(flush?.name, "sluice.producer.flush");
  assert.deepEqual(flush?.status, { code: 2, message: "refused [redacted] and Bearer [redacted]" });
  assert.equal(flush?.attributes["error.type"], "unauthenticated");
  assert.equal(flush?.attributes["server.address"], "localhost");
  assert.equal(close?.attributes["sluice.unacknowledged_records"], 2);
  assert.equal(close?.status.code, 2);
});

test("uses the API package that is installed, and nothing where there is none", async () => {
  const metrics = new ProducerMetrics({ table: TABLE });
  const found = await openTelemetry({ endpoint: "localhost", table: TABLE, metrics });
  assert.ok(found !== undefined);
  found.stop();
  const directory = mkdtempSync(join(tmpdir(), "sluice-observe-"));
  try {
    const loader = new URL("../../src/observe/load-open-telemetry.js", import.meta.url);
    const copy = join(directory, "loader.mjs");
    copyFileSync(loader, copy);
    const alone = (await import(pathToFileURL(copy).href)) as {
      readonly loadOpenTelemetry: () => Promise<unknown>;
    };
    assert.equal(await alone.loadOpenTelemetry(), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("keeps the client secret out of log lines when a server repeats it", async () => {
  const clientSecret = "s3cret/+& value";
  const basic = Buffer.from(`client:${clientSecret}`).toString("base64");
  await using tokens = await TokenServer.start();
  await using server = await ScriptedServer.start([
    (call) => call.end("PERMISSION_DENIED", `refused ${basic} (${clientSecret})`),
  ]);
  const lines: string[] = [];
  const note = (fields: LogFields, message: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const logger: Logger = { trace: note, debug: note, info: note, warn: note, error: note };
  const refused = Producer.open({
    endpoint: server.url,
    table: TABLE,
    unityCatalogUrl: tokens.url,
    auth: { clientId: "client", clientSecret },
    logger,
  });
  await assert.rejects(refused, hasCode("permission_denied", clientSecret));
  const text = lines.join("\n");
  assert.match(text, /"to":"failed"/);
  assert.match(text, /refused \[redacted\]/);
  for (const secret of [clientSecret, basic]) assert.ok(!text.includes(secret), text);
});

test("counts and logs for a producer that was given metrics and a logger", async () => {
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 2, 1),
    serveEverything,
  ]);
  const metrics = new ProducerMetrics({ table: TABLE });
  const events: unknown[] = [];
  const take = (fields: LogFields): void => void events.push(fields["event"]);
  const logger: Logger = { trace: take, debug: take, info: take, warn: take, error: take };
  const producer = await openProducer(server, { metrics, logger });
  for (let id = 0; id < 4; id++) await producer.submit({ id });
  await producer.flush();
  const counted = metrics.snapshot();
  assert.equal(counted.submittedRecords, 4);
  assert.equal(counted.acknowledgedRecords, 4);
  assert.equal(counted.sentRecords, 4 + counted.resentRecords);
  assert.ok(counted.sentBytes > 0);
  assert.equal(counted.gauges?.inflightRecords, 0);
  await producer.close();
  assert.ok(events.includes("laneStateChanged"));
  assert.ok(events.includes("producerClosed"));
});

test("feeds every metric of what it lists", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const held = makeGate();
  const acceptAnd =
    (end: (call: ScriptedStream) => void): StreamScript =>
    async (call) => {
      await call.accept();
      await call.received(1);
      end(call);
    };
  const validating: StreamScript = async (call) => {
    call.onMessage((message) => {
      if (message.records.join("").includes("wrong")) call.end("INVALID_ARGUMENT", "no");
      else void held.opened.then(() => call.ack(message.offsetId));
    });
    await call.accept();
    await call.untilHalfClosed();
    call.end();
  };
  await using server = await ScriptedServer.start([
    acceptAnd((call) => call.end("UNAVAILABLE", "gone")),
    acceptAnd((call) => call.end("UNAUTHENTICATED", "expired")),
    acceptAnd((call) => call.end("RESOURCE_EXHAUSTED", "slow down")),
    validating,
  ]);
  await using tokens = await TokenServer.start();
  const metrics = new ProducerMetrics({ table: TABLE });
  const signal = new Signal();
  const producer = await Producer.open({
    endpoint: server.url,
    unityCatalogUrl: tokens.url,
    table: TABLE,
    auth: { clientId: "a", clientSecret: "b" },
    retry: { firstDelayMs: 2, maxDelayMs: 20 },
    maxInflightRecords: 2,
    spool: { directory: join(directory, "spool"), maxBytes: 67_108_864 },
    deadLetters: { directory: join(directory, "letters") },
    metrics,
    onAck: () => {
      throw new Error("a callback that fails");
    },
    onEvent: () => signal.notify(),
  });
  for (const id of [0, 1, 2]) await producer.submit({ id });
  await producer.submit({ id: "wrong" });
  const call = await server.stream(3);
  await call.received(2);
  await signal.until(() => producer.health().status === "healthy");
  const { gauges } = metrics.snapshot();
  assert.equal(gauges?.inflightRecords, 2);
  assert.equal(gauges.waitingCalls, 2);
  assert.equal(gauges.queuedRecords, 0);
  assert.equal(gauges.spool?.records, 4);
  assert.ok(gauges.spool.bytes > 0 && gauges.inflightBytes > 0);
  assert.ok(gauges.oldestUnacknowledgedSeconds > 0);
  assert.equal(gauges.lanes.running, 1);
  held.open();
  await producer.flush();
  await producer.submit({ id: 4 });
  await producer.flush();
  await producer.close();
  const counted = metrics.snapshot();
  const { submittedRecords, acknowledgedRecords, invalidRecords, deadLetteredRecords } = counted;
  assert.deepEqual(
    { submittedRecords, acknowledgedRecords, invalidRecords, deadLetteredRecords },
    { submittedRecords: 5, acknowledgedRecords: 4, invalidRecords: 1, deadLetteredRecords: 1 },
  );
  assert.ok(counted.submittedBytes > 0 && counted.acknowledgedBytes > 0 && counted.sentBytes > 0);
  assert.ok(counted.resentRecords >= 3, String(counted.resentRecords));
  assert.equal(counted.tokenRefreshes, 1);
  assert.deepEqual(counted.reconnects, {
    connection: 1,
    throttling: 1,
    auth: 1,
    data: 1,
    configuration: 0,
    bug: 0,
    closed: 0,
  });
  assert.ok(counted.callbackFailures > 0);
  assert.ok(counted.ackLatency.count > 0);
  assert.equal(counted.gauges?.spool?.records, 0);
});
