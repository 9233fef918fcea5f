// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveConnection } from "../../../src/produce/connection.ts";
import { LatencyHistogram } from "../../../src/produce/latency-histogram.ts";
import { throttledLine } from "../../../src/produce/produce-progress.ts";
import { type ProduceSummary, summaryLines } from "../../../src/produce/summary.ts";
import { PLAIN_STYLE } from "../../../src/terminal/style.ts";

function closeTo(actual: number | undefined, expected: number): boolean {
  return actual !== undefined && Math.abs(actual - expected) <= expected * 0.02;
}

test("finds quantiles within two percent", () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.quantileMs(0.5), undefined);
  for (let value = 1; value <= 1000; value++) histogram.add(value);
  assert.ok(closeTo(histogram.quantileMs(0.5), 500));
  assert.ok(closeTo(histogram.quantileMs(0.99), 990));
  assert.ok(closeTo(histogram.quantileMs(1), 1000));
});

test("takes latencies of any length", () => {
  const histogram = new LatencyHistogram();
  histogram.add(0);
  histogram.add(1e12);
  assert.ok((histogram.quantileMs(0) ?? 1) < 0.01);
  assert.ok((histogram.quantileMs(1) ?? 0) > 3_600_000);
});

test("takes the connection from options first and the environment second", () => {
  const environment = {
    ZEROBUS_SERVER_ENDPOINT: "http://127.0.0.1:1",
    DATABRICKS_WORKSPACE_URL: "http://127.0.0.1:2",
    DATABRICKS_CLIENT_ID: "id",
    DATABRICKS_CLIENT_SECRET: "secret",
  };
  assert.deepEqual(resolveConnection({ auth: true }, environment), {
    endpoint: "http://127.0.0.1:1",
    workspaceUrl: "http://127.0.0.1:2",
    client: { id: "id", secret: "secret" },
  });
  assert.deepEqual(
    resolveConnection(
      { auth: false, endpoint: "http://localhost:3" },
      { DATABRICKS_WORKSPACE_URL: "" },
    ),
    { endpoint: "http://localhost:3", workspaceUrl: "http://localhost:3", client: undefined },
  );
});

test("names what a connection lacks", () => {
  const endpoint = "http://localhost:3";
  assert.throws(() => resolveConnection({ auth: true }, {}), /no endpoint given/);
  assert.throws(() => resolveConnection({ auth: true, endpoint }, {}), /no client id given/);
  assert.throws(
    () => resolveConnection({ auth: true, endpoint, clientId: "id" }, {}),
    /no client secret given; pass --client-secret or set DATABRICKS_CLIENT_SECRET/,
  );
  assert.throws(
    () => resolveConnection({ auth: true, endpoint: "https://1.zerobus.eu.example.com" }, {}),
    /no workspace URL given/,
  );
});

test("tells the ceiling of a throttled stream and what to do", () => {
  const line = throttledLine({
    kind: "throttled",
    endpoint: "localhost:1",
    table: "a.b.c",
    lane: 2,
    streamId: "s",
    report: { recordsPerSecond: 15_000, bytesPerSecond: 1_500_000, advice: "" },
  });
  assert.match(line, /stream 2 gets no further than 15,000 records\/s .*--streams N/);
  const summary: ProduceSummary = {
    table: "a.b.c",
    complete: true,
    interrupted: false,
    encoding: "proto",
    records: 1,
    acknowledged: 1,
    unacknowledged: 0,
    resent: 0,
    reconnects: 0,
    throttledStreams: 1,
    skipped: 0,
    deadLettered: 0,
    spooled: 0,
    bytes: 10,
    seconds: 1,
    recordsPerSecond: 1,
    ackP50Ms: 1,
    ackP99Ms: 1,
    error: null,
  };
  assert.match(summaryLines(summary, PLAIN_STYLE).join("\n"), /throttled +1 stream/);
  const none = { ...summary, throttledStreams: 0 };
  assert.doesNotMatch(summaryLines(none, PLAIN_STYLE).join("\n"), /throttled/);
});
